"""What an inspector is: it follows devices over time, and says which of their samples are worth less than they look.

A judge looks at some neighbours of a value, whatever the order of arrival; an inspector keeps a bounded state per twin
and works in the order of the log, for a clock or a unit shows itself over many messages only. What it says is a
function of the samples and their arrival: a replay says the same.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from pollux.columns.arrays import U8, U16
from pollux.columns.batch import Batch
from pollux.columns.statistics import ClockEstimate


class AbstractInspector(ABC):
    """Follows the twins of one type, by row."""

    @abstractmethod
    def reserve(self, rows: int) -> None:
        """Make room for this many rows."""

    @abstractmethod
    def forget(self, row: int) -> None:
        """Remember nothing of a row whose owner is gone."""

    @abstractmethod
    def inspect(self, batch: Batch) -> tuple[U8, U16]:
        """Qualities and reasons of samples in log order, (n,) each: those they have, or worse ones."""

    @abstractmethod
    def clock_of(self, row: int) -> ClockEstimate | None:
        """What is known of the clock of a device; None where none is followed."""

    @abstractmethod
    def unit_of(self, signal: int, row: int) -> str | None:
        """The unit that a signal seems to be told in, where that is another than the declared one."""

    @abstractmethod
    def arrays(self, rows: int) -> dict[str, NDArray[Any]]:
        """The first rows of every array, by name."""

    @abstractmethod
    def resume(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `arrays` showed; what they lack begins empty."""
