"""How accurate a run is meant to be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

from pollux.columns.arrays import F64
from pollux.errors import SimulationError
from pollux.simulate.methods.rows import ABSOLUTE, RELATIVE, Control


@final
@dataclass(frozen=True, slots=True)
class Tolerance:
    """The error that one step of an adaptive method may make: `relative` times the size of a state, plus `absolute`.

    `absolute` is told for some states by name, in their unit; for the others it is a thousandth of `relative`, which
    suits a state of about one. The error of the whole run is larger, usually by a factor of ten or so. Raises
    `SimulationError` for what is not above zero.

    >>> Tolerance(1e-8, {"y2": 1e-12}).relative
    1e-08
    """

    relative: float = RELATIVE
    absolute: Mapping[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        for number in (self.relative, *self.absolute.values()):
            if not 0.0 < number < float("inf"):
                raise SimulationError(f"expected a tolerance above 0, got {number!r}", at="Tolerance")

    def into(self, table: F64, control: Control) -> None:
        """Write the tolerance into the table of a run; raises `SimulationError` for names of no state."""
        unknown = sorted(set(self.absolute) - set(control.absolute))
        if unknown:
            raise SimulationError(f"expected a state, got {unknown[0]!r}", at="Tolerance.absolute")
        table[control.relative] = self.relative
        for name, row in control.absolute.items():
            table[row] = self.absolute.get(name, self.relative * ABSOLUTE)
