"""A kernel before it is printed: the lists of assignments and the buffer they work on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

from pollux.simulate.generate.assign import ELEMENTARY, Assign

TIMES = ("t0", "t1", "t2", "h", "dt", "s6", "s")
"""The free names of a step: time at its start, middle, end; half its length, its length, a sixth of it; its number."""

OWN_TIMES = ("start", "target", "unit")
"""Those of a step of each member's own: when the run began, the next stop in seconds since then, the unit of stops."""

MOST_STEPS = 1_000_000
"""Attempts of a member between two stops, after which it counts as failed."""


@final
@dataclass(frozen=True, slots=True)
class Pacing:
    """The rows by which a driver knows how far each member is: seconds since the start, when it failed, its states."""

    since: int
    failed: int
    states: range


@final
@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """What a kernel does to one buffer of `rows` rows; the first `kept` of them are the table it reads and writes.

    `held` is what does not change between two loads of inputs, computed after each load. `opening` opens windows and
    arms events at the start of a run. `step` is one whole step: stages, windows, events, jumps; with a `pacing` it is
    one attempt at a step, which each member takes at its own time and length.
    """

    kept: int
    rows: int
    held: tuple[Assign, ...]
    opening: tuple[Assign, ...]
    step: tuple[Assign, ...]
    strict: bool
    pacing: Pacing | None = None

    @property
    def times(self) -> tuple[str, ...]:
        """The free names of its opening and its step."""
        return TIMES if self.pacing is None else OWN_TIMES

    @property
    def functions(self) -> tuple[str, ...]:
        """The elementary functions that it calls, those they call themselves first.

        >>> Program(0, 0, (Assign("a", "tanh", ("x",)),), (), (), False).functions
        ('exp', 'tanh')
        """
        return called((self.held, self.opening, self.step))


def called(sections: Iterable[Iterable[Assign]]) -> tuple[str, ...]:
    """The elementary functions that sections call, those that they call themselves first."""
    used = {a.op for section in sections for a in section}
    needs = {"tanh": ("exp",), "pow": ("exp", "log")}
    wanted = {name for op in used if op in ELEMENTARY for name in (*needs.get(op, ()), op)}
    return tuple(name for name in ELEMENTARY if name in wanted)
