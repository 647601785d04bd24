"""What every way of learning one output gives."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from pollux.columns.arrays import F64
from pollux.model.value import Value


class AbstractLearnt(ABC):
    """A function of germs, learnt from values with mean zero and standard deviation one."""

    __slots__ = ()

    @property
    @abstractmethod
    def kind(self) -> str:
        """Which way of learning this is."""

    @property
    @abstractmethod
    def words(self) -> str:
        """What was learnt, for people."""

    @property
    @abstractmethod
    def left_out(self) -> tuple[F64, F64]:
        """The error at each point of the design when it is left out, and the standard deviation told there, (n,)."""

    @abstractmethod
    def predict(self, germs: F64) -> tuple[F64, F64]:
        """Mean and standard deviation at some germs, (points,)."""

    @abstractmethod
    def expression(self, germs: Sequence[Value]) -> Value | float:
        """The mean as an expression of the germs, for equations."""
