"""What a check and its follower are: the rule as declared, and what keeps its state."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pollux.check.following.rows import Rows
from pollux.columns.arrays import I64, U8, U16
from pollux.columns.batch import Batch
from pollux.columns.quality import Quality, Reason
from pollux.columns.statistics import ClockEstimate
from pollux.model.schema import Schema
from pollux.model.units import Unit


class AbstractFollower(ABC):
    """Follows one thing about the twins of a type: state by row, in the order of the log."""

    rows: Rows

    @abstractmethod
    def follow(self, batch: Batch, quality: U8, reason: U16) -> None:
        """Take in samples in log order, and write what they are worth where that is less than it was."""

    def clock_of(self, row: int) -> ClockEstimate | None:
        """What is known of the clock of a device."""
        return None

    def unit_of(self, signal: int, row: int) -> str | None:
        """The unit that a signal seems to be told in, if another than the declared one."""
        return None

    def arrays(self, rows: int) -> dict[str, NDArray[Any]]:
        """The state of the first rows."""
        return self.rows.arrays(rows)


class AbstractCheck(ABC):
    """A rule about a device or about several signals; it is frozen, and `bind` makes what follows."""

    __slots__ = ()

    @property
    @abstractmethod
    def key(self) -> str:
        """What its state is called in a snapshot: rules of equal keys go on from each other's state."""

    @abstractmethod
    def bind(self, schema: Schema, wire: Mapping[int, Unit]) -> AbstractFollower:
        """The follower for a type; `wire` are units in which signals are told, where they are not the declared ones.

        Raises UnitError or ModelError where the rule does not fit the type.
        """


def doubt(quality: U8, reason: U16, places: I64, why: Reason) -> None:
    """Let samples at these places that were good be uncertain, for this reason; what was doubted keeps its own."""
    new = places[quality[places] == Quality.GOOD]
    quality[new], reason[new] = np.uint8(Quality.UNCERTAIN), np.uint16(why)
