"""Many instances of one FMU, here or in a process of their own: numbers in, time, numbers out, state.

Numbers are float64 arrays (number, member), in the order of the plan's groups and in the FMU's own units. A member
whose call failed is left alone: it reads as NaN from then on.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import F64

Statuses = NDArray[np.int64]


class Member(msgspec.Struct, frozen=True, array_like=True):
    """Everything of one instance that its future depends on, but its inputs."""

    state: bytes
    memory: list[float]
    status: int
    failed_at: float


class AbstractInstances(ABC):
    """As many instances as there are columns in `starts` and `inputs`, initialised at the plan's beginning.

    All methods raise `SimulationError` when the FMU breaks down as a whole: a fatal error, a crash, silence.
    """

    @property
    @abstractmethod
    def members(self) -> int:
        """How many there are."""

    @property
    @abstractmethod
    def usable(self) -> bool:
        """Whether it can be asked at all: no crash, no hang, no fatal error so far, and not closed."""

    @property
    @abstractmethod
    def statuses(self) -> Statuses:
        """How each member is: 0, or the status with which it failed."""

    @property
    @abstractmethod
    def failed_at(self) -> F64:
        """The time of the FMU at which each member failed, NaN while it lives."""

    @property
    @abstractmethod
    def log(self) -> tuple[str, ...]:
        """The last messages of the FMU."""

    @abstractmethod
    def put(self, inputs: F64) -> None:
        """Set the inputs."""

    @abstractmethod
    def advance(self, begin: float, h: float, count: int) -> None:
        """Take `count` steps of length `h` from `begin`."""

    @abstractmethod
    def record(self, begin: float, h: float, count: int) -> F64:
        """The same, and what is read after each step: (number, step, member)."""

    @abstractmethod
    def read(self) -> F64:
        """What is read now."""

    @abstractmethod
    def save(self) -> list[Member]:
        """The state of each; only where the plan says that states can be serialised."""

    @abstractmethod
    def load(self, members: Sequence[Member]) -> None:
        """Set the state of each, by what was saved of as many."""

    @abstractmethod
    def close(self) -> None:
        """Free them."""
