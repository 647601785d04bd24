"""Ways to choose the few shapes in which a body may move: natural modes, snapshots, or what an interface does."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.errors import ModelError
from pollux.model.amounts import Amount, amount
from pollux.model.suggest import did_you_mean
from pollux.model.units import unit
from pollux.simulate.geometry.modes import hertz, moved, natural, ritz, without
from pollux.simulate.geometry.reference import steps
from pollux.simulate.geometry.statics import at_rest
from pollux.simulate.geometry.system import System


@final
@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """Shapes (unknowns, shapes) to choose from; the lowest `keep` that matter to inputs and outputs (None: all).

    `left_out` is the part of the snapshots' energy that they cannot show, `band` the frequency in Hz up to which the
    snapshots can tell; None where there were no snapshots. `span` is how long to look at a jump, where a basis knows.
    """

    shapes: F64
    keep: int | None = None
    left_out: float | None = None
    band: float | None = None
    span: float | None = None


class AbstractBasis(ABC):
    """A way to choose shapes."""

    @abstractmethod
    def shapes(self, system: System) -> Shapes:
        """The shapes for a system, besides its free motions."""


@final
@dataclass(frozen=True, slots=True)
class Static(AbstractBasis):
    """No mode at all: the body follows at rest whatever acts, and has no state of its own.

    For loads that are slow beside the lowest frequency, such as a temperature; the error is stated up to a tenth of it,
    and after a jump it says what of the swinging is missed.
    """

    def shapes(self, system: System) -> Shapes:
        lowest = natural(system, 1).values[-1:]
        slow = float(hertz(lowest, system.order)[0])
        return Shapes(np.zeros((system.size, 0)), 0, None, 0.1 * slow, 2.0 / slow)


@final
@dataclass(frozen=True, slots=True)
class Modal(AbstractBasis):
    r"""The lowest `modes` that inputs move.

    They are found in the space of $K^{-1}B, K^{-1}MK^{-1}B, \dots$, in which a mode that nothing moves has no part,
    however low it is: of a beam that is pushed down, none that bends it sideways. What all other modes do at rest is
    kept, so the error grows with the frequency.

    Source: E. L. Wilson, M.-W. Yuan, J. M. Dickens, Dynamic analysis by direct superposition of Ritz vectors,
    Earthquake Eng. Struct. Dyn. 10, 1982, 813-821.
    """

    modes: int

    def __post_init__(self) -> None:
        _at_least_one(self.modes)

    def shapes(self, system: System) -> Shapes:
        return Shapes(moved(system, 2 * self.modes + 10), self.modes)


@final
@dataclass(frozen=True, slots=True)
class Pod(AbstractBasis):
    r"""Proper orthogonal decomposition: the `modes` that show the most of what the body does when inputs jump on.

    The full model runs through `span` for each input in turn; its fields, each input's of like energy, are the
    snapshots $S$. The shapes are the eigenvectors of $S S^T M$ of the greatest $\sigma^2$; no other shapes of the same
    number leave out less: $\sum_{i>r}\sigma_i^2$, in the norm of M.

    Source: L. Sirovich, Turbulence and the dynamics of coherent structures, Q. Appl. Math. 45, 1987, 561-571.
    """

    modes: int
    span: Amount
    snapshots: int = 60

    def __post_init__(self) -> None:
        _at_least_one(self.modes)
        if self.snapshots < self.modes:
            raise ModelError(f"expected as many snapshots as modes, got {self.snapshots} for {self.modes}", at="Pod")

    def shapes(self, system: System) -> Shapes:
        seconds = amount(self.span, unit("s"))
        cases = np.eye(len(system.inputs))
        runs = [_of_like_energy(steps(system, case, seconds, self.snapshots)[1:].T, system) for case in cases]
        whole = without(system.free, system.mass, np.concatenate(runs, axis=1))
        energy, turned = np.linalg.eigh(whole.T @ (system.mass @ whole))
        energy, turned = np.maximum(energy[::-1], 0.0), turned[:, ::-1]
        kept = turned[:, : self.modes][:, energy[: self.modes] > 1e-14 * energy[0]]
        left_out = float(energy[kept.shape[1] :].sum() / energy.sum())
        return Shapes(whole @ kept, None, left_out, self.snapshots / (4.0 * seconds))


@final
@dataclass(frozen=True, slots=True)
class CraigBampton(AbstractBasis):
    r"""Craig and Bampton's shapes: what named `interfaces` do to the body at rest, and `modes` with them held.

    $$\begin{pmatrix} \Phi & -K_{ii}^{-1}K_{ib} \\ 0 & 1 \end{pmatrix}$$

    An interface has as many unknowns as its nodes; `interface_modes` keeps that many of its own modes, after M. P.
    Castanier, Y.-C. Tan, C. Pierre, Characteristic constraint modes, AIAA J. 39, 2001, 1182-1187. None keeps all.

    Source: R. R. Craig, M. C. C. Bampton, Coupling of substructures for dynamic analyses, AIAA J. 6, 1968, 1313-1319.
    """

    interfaces: tuple[str, ...]
    modes: int
    interface_modes: int | None = None

    def __post_init__(self) -> None:
        _at_least_one(self.modes)

    def shapes(self, system: System) -> Shapes:
        border = self._border(system)
        inner = np.setdiff1d(np.arange(system.size), border)
        constrained = self._constraint_modes(system, inner, border)
        held = _held(system, inner)
        fixed = np.zeros((system.size, min(self.modes, len(inner))))
        fixed[inner] = natural(held, self.modes).shapes
        shapes = np.concatenate([fixed, constrained], axis=1)
        return Shapes(without(system.free, system.mass, shapes))

    def _border(self, system: System) -> I64:
        for name in self.interfaces:
            if name not in system.interfaces:
                hint = did_you_mean(name, system.interfaces)
                raise ModelError(f"expected a surface of the solid, got {name!r}", at="CraigBampton", hint=hint)
        parts = [system.interfaces[name] for name in self.interfaces]
        border = np.unique(np.concatenate([*parts, np.zeros(0, np.int64)]))
        if not len(border):
            raise ModelError("expected an interface that can move, got none", at="CraigBampton")
        return border

    def _constraint_modes(self, system: System, inner: I64, border: I64) -> F64:
        inside = system.stiffness[inner][:, inner]
        none = np.zeros((len(inner), 0))
        follow = at_rest(inside, system.mass[inner][:, inner], none)(-system.stiffness[inner][:, border].toarray())
        shapes = np.zeros((system.size, len(border)))
        shapes[inner], shapes[border, np.arange(len(border))] = follow, 1.0
        if self.interface_modes is None:
            return shapes
        return ritz(system.stiffness, system.mass, shapes).shapes[:, : self.interface_modes]


def _held(system: System, inner: I64) -> System:
    """The system with all but its inner unknowns held."""
    return replace(
        system,
        mass=system.mass[inner][:, inner],
        stiffness=system.stiffness[inner][:, inner],
        free=np.zeros((len(inner), 0)),
    )


def _of_like_energy(run: F64, system: System) -> F64:
    """Snapshots scaled so that those of each input weigh the same, whatever its unit."""
    size = float(np.sqrt((run * (system.mass @ run)).sum()))
    return run / size if size > 0.0 else run


def _at_least_one(modes: int) -> None:
    if modes < 1:
        raise ModelError(f"expected one mode or more, got {modes}")
