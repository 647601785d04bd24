"""The step that is being written: when it begins, how long it is.

With a fixed step all members are at the same time, which the driver keeps in scalars; with an adaptive one each member
has a time and a step of its own, which stand in rows of its column.
"""

from abc import ABC, abstractmethod
from typing import final

from pollux.simulate.generate.assign import Arg
from pollux.simulate.generate.lines import Lines, Term


class AbstractSpan(ABC):
    """Times inside a step; fractions run from 0 at its start to 1 at its end."""

    @abstractmethod
    def at(self, fraction: float) -> Arg:
        """The time at a fraction of the step, in seconds since 1970."""

    @abstractmethod
    def part(self, fraction: float) -> Term:
        """A fraction of the length of the step, in seconds."""

    @abstractmethod
    def ticks(self, fraction: float) -> Term:
        """A fraction of the length of the step in the unit in which slopes of inputs are told."""


@final
class FixedSpan(AbstractSpan):
    """The scalars of a driver with a fixed step; slopes are per step."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def at(self, fraction: float) -> Arg:
        names = {0.0: "t0", 0.5: "t1", 1.0: "t2"}
        return names[fraction] if fraction in names else (self._lines.term("t0") + fraction * self.part(1.0)).arg

    def part(self, fraction: float) -> Term:
        names = {0.5: "h", 1.0: "dt", 1 / 6: "s6"}
        return self._lines.term(names[fraction]) if fraction in names else self._lines.term("dt") * fraction

    def ticks(self, fraction: float) -> Term:
        return self._lines.term(fraction)


@final
class OwnSpan(AbstractSpan):
    """A step of each member's own: `since` seconds after `start`, `length` seconds long; slopes are per `unit`."""

    def __init__(self, lines: Lines, since: Term, length: Term) -> None:
        self._since = since
        self._length = length
        self._start = lines.term("start")
        self._unit = lines.term("unit")

    def at(self, fraction: float) -> Arg:
        return (self._start + (self._since + self.part(fraction))).arg if fraction else (self._start + self._since).arg

    def part(self, fraction: float) -> Term:
        return self._length * fraction

    def ticks(self, fraction: float) -> Term:
        return self.part(fraction) / self._unit
