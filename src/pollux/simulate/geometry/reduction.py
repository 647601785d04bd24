"""From the full matrices of a body to a few equations: shapes, their modes, what was left out at rest, the error."""

import hashlib
from dataclasses import fields
from typing import Any, Final, TypeAlias, final

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.errors import ModelError
from pollux.model.amounts import Amount, amount
from pollux.model.units import unit
from pollux.simulate.geometry.bases import AbstractBasis, Shapes
from pollux.simulate.geometry.elasticity import Structure
from pollux.simulate.geometry.exactness import UNCOUPLED, bounds, compared
from pollux.simulate.geometry.form import Form
from pollux.simulate.geometry.heat import Heat
from pollux.simulate.geometry.libraries import one_thread, release
from pollux.simulate.geometry.modes import Modes, hertz, ritz, told_apart
from pollux.simulate.geometry.picture import Picture
from pollux.simulate.geometry.reduced import Reduced
from pollux.simulate.geometry.solid import Solid
from pollux.simulate.geometry.statics import at_rest
from pollux.simulate.geometry.store import code, keep, kept
from pollux.simulate.geometry.system import System
from pollux.simulate.geometry.warmth import Warmth

Body: TypeAlias = Structure | Heat

NOISE: Final = 1e-8
"""Coefficients below this part of their like are what an eigensolver leaves, not physics, and become zero."""

DIGITS: Final = 12
"""Digits that coefficients are rounded to, so that the last bits of a library do not make another twin type."""

MATTERS: Final = 1e-4
"""The share in every output and in the energy at rest below which a mode is left out."""


def reduce(
    body: Body,
    basis: AbstractBasis,
    *,
    up_to: Amount | None = None,
    band: Amount | None = None,
    span: Amount | None = None,
) -> Reduced:
    """A body in a few modes, with its error; kept on disk, so that the same question is answered at once.

    Modes above `up_to` (Hz) do not move but follow at rest, which spares a simulation their short steps. The error is
    stated up to `band` (Hz; else half of the highest frequency that is kept, or what snapshots can tell) and through
    `span` (s; else two periods of the lowest, in heat three of the longest time constants) after jumps of the inputs.

    Raises ModelError where no mode is left, SetupError without the extra `geometry`.

    >>> from pollux.simulate.geometry.bases import Modal
    >>> from pollux.simulate.geometry.blocks import box
    >>> from pollux.simulate.geometry.loads import Displacement, Force
    >>> from pollux.simulate.geometry.material import Material
    >>> arm = reduce(
    ...     Structure(
    ...         solid=box(("1 m", "50 mm", "50 mm"), cells=(8, 1, 1)),
    ...         material=Material(density=7850, youngs_modulus="210 GPa", poissons_ratio=0.3),
    ...         supports={"-x": "xyz"},
    ...         loads={"force": Force("+x", "-z")},
    ...         outputs={"tip": Displacement("+x", "-z")},
    ...     ),
    ...     Modal(2),
    ... )
    >>> arm.frequencies.round(), arm.error.worst < 0.01
    (array([ 42., 263.]), True)
    """
    numbers = [None if one is None else amount(one, unit(of)) for one, of in ((up_to, "Hz"), (band, "Hz"), (span, "s"))]
    key = _key(body, basis, numbers)
    found = kept(key)
    if found is None:
        found = _reduced(body, basis, key, *numbers)
        keep(key, found)
    return found


@one_thread
def _reduced(
    body: Body, basis: AbstractBasis, key: str, up_to: float | None, band: float | None, span: float | None
) -> Reduced:
    return _Reduction(body.system, basis.shapes(body.system), key).reduced(up_to, band, span)


@final
class _Reduction:
    """One pass from shapes to a reduced body."""

    def __init__(self, system: System, shapes: Shapes, digest: str) -> None:
        self._system, self._shapes, self._digest = system, shapes, digest
        self._rest = at_rest(system.stiffness, system.mass, system.free)(system.loads)

    def reduced(self, up_to: float | None, band: float | None, span: float | None) -> Reduced:
        """The reduced body, its error measured."""
        system = self._system
        modes = self._chosen(up_to)
        left = self._rest - _borne(modes, system)
        size = np.abs(modes.shapes).max(axis=0)
        form = self._form(modes, left, size)
        shapes = modes.shapes / size
        error = compared(
            system,
            form.system(system),
            shapes,
            left,
            high=band or self._shapes.band or 0.5 * float(form.frequencies[-1]) or 1.0,
            span=span or self._shapes.span or _span(form),
            left_out=self._shapes.left_out,
        )
        picture, warmth = _picture(system, shapes, left), _warmth(system, shapes, left)
        return Reduced(form, picture, error, system.size, self._digest, warmth)

    def _chosen(self, up_to: float | None) -> Modes:
        """The modes that are kept: free motions, and the lowest that matter, below the frequency."""
        system = self._system
        found = told_apart(ritz(system.stiffness, system.mass, self._shapes.shapes), system)
        below = hertz(found.values, system.order) <= (up_to or np.inf)
        best: I64 = np.flatnonzero(below & (_shares(found, system) > MATTERS))[: self._shapes.keep]
        if not len(best) and self._shapes.keep != 0 and not system.free.shape[1]:
            raise ModelError("expected a mode that inputs move and outputs see, got none", at="reduce")
        elastic = found.part(best)
        return _joined(_free(system), elastic) if system.free.shape[1] else elastic

    def _form(self, modes: Modes, left: F64, size: F64) -> Form:
        system = self._system
        drive = (modes.shapes * size).T @ system.loads
        outputs = system.outputs @ (modes.shapes / size)
        uniform = np.zeros(len(size))
        if system.kind == "heat":
            uniform = size * (modes.shapes.T @ (system.mass @ np.ones(system.size)))
        return Form(
            kind=system.kind,
            values=_rounded(modes.values),
            damping=system.damping,
            masses=_rounded(size**-2.0),
            uniform=_rounded(uniform),
            drive=_rounded(_without_noise(drive, np.abs(drive).max(axis=0, keepdims=True, initial=0.0))),
            outputs=_rounded(_without_noise(outputs, _scale(outputs, system))),
            direct=_rounded(_without_noise(system.outputs @ left + system.direct, bounds(system))),
            inputs=system.inputs,
            seen=system.seen,
        )


def _shares(modes: Modes, system: System) -> F64:
    """The greatest share that each mode has in an output, or in the energy of the field, at rest under an input."""
    soft = 1.0 / np.sqrt(np.maximum(modes.values, 1e-300))
    moved = np.abs(modes.shapes.T @ system.loads) * soft[:, None]
    seen = _by_output(np.abs(system.outputs @ modes.shapes), system).T * soft[:, None]
    share = seen[:, :, None] * moved[:, None, :]
    whole = share.sum(axis=0)
    # By Cauchy and Schwarz no output can move more; far below it there is nothing but noise to share.
    bound = np.linalg.norm(seen, axis=0)[:, None] * np.linalg.norm(moved, axis=0)
    outputs = np.where(whole > UNCOUPLED * bound, share / np.maximum(whole, 1e-300), 0.0).max(axis=(1, 2), initial=0.0)
    energy = (moved**2 / np.maximum((moved**2).sum(axis=0), 1e-300)).max(axis=1, initial=0.0)
    found: F64 = np.maximum(outputs, energy)
    return found


def _borne(modes: Modes, system: System) -> F64:
    """What the modes that are kept do at rest under each input."""
    able = modes.values > 0.0
    shapes = modes.shapes[:, able]
    found: F64 = shapes @ ((shapes.T @ system.loads) / modes.values[able, None])
    return found


def _free(system: System) -> Modes:
    """The motions that nothing resists, as modes."""
    none: F64 = np.zeros(int(system.free.shape[1]))
    return told_apart(Modes(none, system.free), system)


def _joined(free: Modes, elastic: Modes) -> Modes:
    return Modes(np.concatenate([free.values, elastic.values]), np.concatenate([free.shapes, elastic.shapes], axis=1))


def _by_output(rows: F64, system: System) -> F64:
    """Rows, each replaced by the greatest of those that belong to its output."""
    found = rows.copy()
    for one in system.seen:
        found[one.rows] = rows[one.rows].max(axis=0, keepdims=True)
    return found


def _scale(outputs: F64, system: System) -> F64:
    """The size (rows, 1) below which coefficients of an output are noise: of its own, and of what it adds up."""
    own = _by_output(np.abs(outputs), system).max(axis=1, keepdims=True, initial=0.0)
    # A mode of size one, known to some eleven digits, summed up as the output does.
    found: F64 = np.maximum(own, 1e-3 * np.abs(system.outputs).sum(axis=1, keepdims=True))
    return found


def _without_noise(numbers: F64, like: F64) -> F64:
    found: F64 = np.where(np.abs(numbers) <= NOISE * like, 0.0, numbers)
    return found


def _rounded(numbers: F64) -> F64:
    """The numbers to twelve significant digits."""
    size = np.floor(np.log10(np.maximum(np.abs(numbers), 1e-300)))
    scale = 10.0 ** (DIGITS - 1 - np.maximum(size, -280.0))
    found: F64 = np.round(numbers * scale) / scale
    return found


def _span(form: Form) -> float:
    slow = form.values[form.values > 0.0].min(initial=np.inf)
    if not np.isfinite(slow):
        return 1.0
    return float(4.0 * np.pi / np.sqrt(slow) if form.is_structure else 3.0 / slow)


def _picture(system: System, shapes: F64, left: F64) -> Picture:
    view, none = system.view, np.zeros((0, 0), np.float32)
    stress = none if view.stress is None else (view.stress @ shapes).astype(np.float32)
    at_once = none if view.stress is None else (view.stress @ left + view.stress_of_inputs).astype(np.float32)
    return Picture(
        view.points.astype(np.float32),
        view.triangles.astype(np.uint32),
        (view.field @ shapes).astype(np.float32),
        (view.field @ left + view.field_of_inputs).astype(np.float32),
        stress,
        at_once,
    )


def _warmth(system: System, shapes: F64, left: F64) -> Warmth | None:
    nodal = system.nodal
    if nodal is None:
        return None
    fields = np.concatenate([nodal.of_unknowns @ shapes, nodal.of_unknowns @ left + nodal.of_inputs], axis=1)
    return Warmth(nodal.solid, _rounded(fields), shapes.shape[1], system.inputs)


def _key(body: Body, basis: AbstractBasis, numbers: list[float | None]) -> str:
    """What tells this question from others, the code and the libraries that answer it among it."""
    told = [f"{one.name}={_told(getattr(body, one.name))}" for one in fields(body)]
    libraries = [f"{name} {release(name)}" for name in ("numpy", "scipy", "scikit-fem")]
    whole = "\0".join([code(), type(body).__name__, *told, repr(basis), repr(numbers), *libraries])
    return hashlib.sha256(whole.encode()).hexdigest()


def _told(what: Any) -> str:
    return what.digest if isinstance(what, Solid) else repr(what)
