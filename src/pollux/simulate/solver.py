"""How equations are integrated, as users say it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, final

from pollux.simulate.methods.refused import check_known
from pollux.simulate.methods.rows import RELATIVE, Method
from pollux.simulate.tolerance import Tolerance


@final
@dataclass(frozen=True, slots=True)
class Solver:
    """The method of a run and its tolerance: `px.Solver("rodas4", relative=1e-8)`.

    "rk4" takes steps of one length, chosen for the type; "dopri5" and, for stiff types and algebraic variables,
    "rodas4" let each member choose its own steps, whose error is up to `relative` times the size of a state plus
    `absolute` (by name, in the unit of the state; else a thousandth of `relative`). "euler-maruyama" and "milstein" are
    for types with noise. "auto" chooses among them and says so (docs/how-to/choose-a-solver.md).

    Raises SimulationError for another method and for a tolerance that is not above zero.

    >>> Solver("rodas4", relative=1e-8).method
    'rodas4'
    """

    method: "Method | Literal['auto']" = "auto"
    relative: float = RELATIVE
    absolute: Mapping[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        self.tolerance()
        if self.method != "auto":
            check_known(self.method)

    def tolerance(self) -> Tolerance:
        """The tolerance alone."""
        return Tolerance(self.relative, self.absolute)
