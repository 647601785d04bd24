"""What a doubt is: a rule by which a value is not believed, by itself or beside the values before it."""

from abc import ABC, abstractmethod

from pollux.columns.arrays import F64, Mask
from pollux.columns.judge import Recent
from pollux.columns.quality import Quality, Reason
from pollux.model.schema import Signal


class AbstractDoubt(ABC):
    """A rule by which a value is not believed."""

    __slots__ = ()

    @property
    @abstractmethod
    def reason(self) -> Reason:
        """Why a doubted value is doubted."""

    @abstractmethod
    def check(self, signal: Signal) -> None:
        """Raise `UnitError` when its amounts cannot be those of the signal."""


class AbstractAloneDoubt(AbstractDoubt):
    """A doubt about a value by itself."""

    __slots__ = ()

    @abstractmethod
    def look(self, signal: Signal, values: F64) -> Mask:
        """Which values are doubted."""

    @property
    @abstractmethod
    def quality(self) -> Quality:
        """What a doubted value is worth."""


class AbstractNeighbourDoubt(AbstractDoubt):
    """A doubt about a value beside the ones before it; what it doubts is uncertain."""

    __slots__ = ()

    @property
    def reach(self) -> int:
        """How far back in time it looks beyond the neighbours that are kept, in nanoseconds."""
        return 0

    @abstractmethod
    def look(self, signal: Signal, recent: Recent) -> Mask:
        """Which newest values are doubted."""
