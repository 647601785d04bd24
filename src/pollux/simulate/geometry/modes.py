"""Natural modes of a system, and modes made unmistakable: of two that are equal any mixture would be one too."""

import math
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.errors import SimulationError
from pollux.simulate.geometry.factors import SMALL, factored
from pollux.simulate.geometry.libraries import Sparse, dense, library, one_thread
from pollux.simulate.geometry.statics import at_rest
from pollux.simulate.geometry.system import System, orthonormal

_EQUAL: Final = 1e-6
"""Modes whose stiffness differs by less than this part count as equal."""

_DIGITS: Final = 6
"""Sizes that agree to so many digits are taken as the same, so that no last bit decides what comes first."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Modes:
    r"""Shapes $\phi$ (unknowns, modes) with $K\phi = \lambda M\phi$, orthonormal in M, and their $\lambda$ ascending.

    In a structure $\lambda = \omega^2$, in heat it is the rate at which a mode decays; in free motions it is zero.
    """

    values: F64
    shapes: F64

    def part(self, chosen: I64) -> "Modes":
        """Some of them, in the order of their values."""
        return Modes(self.values[chosen], self.shapes[:, chosen])


@one_thread
def natural(system: System, count: int) -> Modes:
    """The `count` modes of the least stiffness besides the free motions, which come first.

    By a dense method for a small system, else by shift and invert (ARPACK).
    Raises SimulationError where the method finds none.
    """
    rigid = system.free.shape[1]
    wanted = min(count + rigid, system.size)
    values, shapes = _all(system) if system.size <= max(SMALL, 2 * wanted) else _few(system, wanted)
    order = np.argsort(values)[:wanted]
    elastic = ritz(system.stiffness, system.mass, without(system.free, system.mass, shapes[:, order[rigid:]]))
    return Modes(
        np.concatenate([np.zeros(rigid), elastic.values]), np.concatenate([system.free, elastic.shapes], axis=1)
    )


def _all(system: System) -> tuple[F64, F64]:
    found: tuple[F64, F64] = library("scipy.linalg").eigh(dense(system.stiffness), dense(system.mass))
    return found


def _few(system: System, wanted: int) -> tuple[F64, F64]:
    # Free motions make K singular: a little of M makes it solvable and moves no mode.
    ratio = float(system.stiffness.diagonal().sum() / system.mass.diagonal().sum())
    shift = -1e-9 * ratio if system.free.shape[1] else 0.0
    linalg = library("scipy.sparse.linalg")
    inverse = linalg.LinearOperator(system.mass.shape, factored(system.stiffness - shift * system.mass), dtype=float)
    try:
        # Begun from the same vector every time: what is random in ARPACK would make another model of each run.
        begin = np.cos(np.arange(system.size, dtype=np.float64))
        found: tuple[F64, F64] = linalg.eigsh(
            system.stiffness, wanted, system.mass, sigma=shift, v0=begin, OPinv=inverse
        )
    except (linalg.ArpackError, RuntimeError) as error:
        raise SimulationError(
            f"expected modes of the body, got none: {error}", hint="fewer modes, or a finer mesh"
        ) from None
    return found


def moved(system: System, blocks: int) -> F64:
    """Shapes that inputs reach (unknowns, shapes): those of the body at rest, and block by block what inertia answers.

    They are orthonormal in the mass and without any share in free motions.
    """
    rest = at_rest(system.stiffness, system.mass, system.free)
    found, block = system.free, rest(system.loads)
    for _ in range(blocks):
        block = _beside(found, system.mass, block)
        if not block.shape[1]:
            break
        found = np.concatenate([found, block], axis=1)
        block = rest(system.mass @ block)
    return found[:, system.free.shape[1] :]


def _beside(known: F64, mass: Sparse, shapes: F64) -> F64:
    """What shapes add to known ones, orthonormal in the mass; nothing of those that add nothing."""
    found = np.zeros((len(shapes), 0))
    for shape in shapes.T:
        before = np.concatenate([known, found], axis=1)
        size = float(np.sqrt(shape @ (mass @ shape)))
        left = without(before, mass, without(before, mass, shape[:, None]))
        rest = float(np.sqrt(left[:, 0] @ (mass @ left[:, 0])))
        if rest > 1e-9 * size:
            found = np.concatenate([found, left / rest], axis=1)
    return found


def without(motions: F64, mass: Sparse, shapes: F64) -> F64:
    """Shapes less their share in some motions that are orthonormal in the mass."""
    found: F64 = shapes - motions @ (motions.T @ (mass @ shapes))
    return found


def ritz(stiffness: Sparse, mass: Sparse, shapes: F64) -> Modes:
    """The modes within the span of some shapes (Rayleigh and Ritz); shapes that repeat others are left out."""
    if not shapes.shape[1]:
        return Modes(np.zeros(0), shapes)
    size = np.sqrt(np.maximum((shapes * (mass @ shapes)).sum(axis=0), 1e-300))
    shapes = shapes / size
    weights, turned = np.linalg.eigh(shapes.T @ (mass @ shapes))
    sound = weights > 1e-10 * max(float(weights.max(initial=0.0)), 1e-300)
    shapes = orthonormal(shapes @ (turned[:, sound] / np.sqrt(weights[sound])), mass)
    values, turn = np.linalg.eigh(_symmetric(shapes.T @ (stiffness @ shapes)))
    return Modes(np.maximum(values, 0.0), shapes @ turn)


def _symmetric(matrix: F64) -> F64:
    found: F64 = 0.5 * (matrix + matrix.T)
    return found


def told_apart(modes: Modes, system: System) -> Modes:
    """The same modes, equal ones turned so that the first inputs and outputs that see them meet one each.

    A square beam bends alike in two directions, and a force along one of them should not move both. Signs are such that
    the greatest displacement is positive. So the modes of a body are the same whoever finds them.
    """
    seen = _unit_columns(np.concatenate([system.loads, system.outputs.T], axis=1))
    shapes = modes.shapes.copy()
    for group in _equal(modes.values):
        if len(group) > 1:
            shapes[:, group] = shapes[:, group] @ _turn(shapes[:, group].T @ seen)
    sizes: F64 = (np.abs(shapes) / np.abs(shapes).max(axis=0)).round(_DIGITS)
    greatest = sizes.argmax(axis=0)
    signs = np.sign(shapes[greatest, np.arange(shapes.shape[1])])
    return Modes(modes.values, shapes * signs)


def _unit_columns(columns: F64) -> F64:
    size = np.linalg.norm(columns, axis=0)
    found: F64 = columns[:, size > 0.0] / size[size > 0.0]
    return found


def _equal(values: F64) -> list[list[int]]:
    groups: list[list[int]] = []
    for place, value in enumerate(values):
        if groups and value - values[groups[-1][-1]] <= _EQUAL * max(value, 1e-300):
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups


def _turn(seen: F64) -> F64:
    """An orthogonal matrix whose columns point, in turn, to the column of `seen` with the most that is left."""
    left, axes = seen.copy(), list[F64]()
    first = float(np.linalg.norm(left, axis=0).max(initial=0.0))
    while len(axes) < len(seen) and left.size:
        sizes = np.linalg.norm(left, axis=0)
        if sizes.max() <= 1e-6 * max(first, 1e-300):
            break
        rounded: F64 = (sizes / sizes.max()).round(_DIGITS)
        axis = left[:, rounded.argmax()]
        axes.append(axis / np.linalg.norm(axis))
        left = left - np.outer(axes[-1], axes[-1] @ left)
    known = np.array(axes).reshape(len(axes), len(seen)).T
    _, _, rest = np.linalg.svd(known.T, full_matrices=True)
    return np.concatenate([known, rest[len(axes) :].T], axis=1)


def hertz(values: F64, order: int) -> F64:
    r"""Frequencies of modes: $\sqrt\lambda/2\pi$ in a structure, the corner $\lambda/2\pi$ in heat."""
    found: F64 = (np.sqrt(values) if order == 2 else values) / (2.0 * math.pi)
    return found
