"""What a source is: one method that gives samples until it is told to stop."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import final

from pollux.clock import Clock
from pollux.edge.samples import Samples


@final
@dataclass(frozen=True, slots=True)
class Need:
    """What is asked of a source: the names of `signals`, a column each, in that order, and samples later than `after`.

    `clock` tells the time. `pause(seconds)` waits and is true when the source shall end.
    """

    signals: tuple[str, ...]
    after: int
    clock: Clock
    pause: Callable[[float], bool]


class AbstractSource(ABC):
    """Gives samples in ascending time, in a thread of its own."""

    @property
    @abstractmethod
    def rate(self) -> float:
        """The most samples that come in a second, which sizes the raw ring."""

    @property
    @abstractmethod
    def step(self) -> int:
        """Nanoseconds between two samples where all are equally far apart, else 0; a spectrum needs it."""

    @abstractmethod
    def samples(self, need: Need) -> Iterator[Samples]:
        """Yield what comes, at least once a second, nothing too; end when `need.pause` is true.

        What is raised ends this attempt: the source is asked again after a while.
        """
