"""Processes as generators: what no block says is written down as it goes, one `yield` after another."""

import heapq
import math
from collections.abc import Generator, Iterable
from typing import Any, Final, TypeAlias, final

from pollux.clock import SECOND, Clock, duration
from pollux.errors import SimulationError
from pollux.simulate.discrete.happening import AllOf, AnyOf, Happening, Timeout
from pollux.simulate.discrete.laws import Span
from pollux.simulate.discrete.streams import Streams

Steps: TypeAlias = Generator[Happening, Any, Any]
"""What a process is written as: a generator that yields what it waits for."""

URGENT: Final = 0
USUAL: Final = 1
"""Ranks of what is due at the same moment: interruptions and beginnings come first."""


class Interrupted(Exception):
    """Raised inside a process that another one interrupts; `cause` is what that one says."""

    def __init__(self, cause: Any = None) -> None:
        super().__init__(cause)
        self.cause = cause


@final
class Environment(Clock):
    """Simulated time and what happens in it: an agenda of what is due, in order of time, then rank, then asking.

    Time is counted in whole nanoseconds from `start`, so that equal moments are equal. Spans are texts with a unit or
    numbers of seconds; `now()` is in nanoseconds, as of every clock, and `seconds` counts from the start. `luck` holds
    the random generators of this `member`, by name.

    >>> env = Environment()
    >>> def tick(name, every):
    ...     while True:
    ...         print(name, env.seconds)
    ...         yield env.timeout(every)
    >>> _ = env.process(tick("fast", 0.5)), env.process(tick("slow", "1 s"))
    >>> env.run(until=1)
    fast 0.0
    slow 0.0
    fast 0.5
    """

    def __init__(self, *, start: int = 0, seed: int = 0, member: int = 0) -> None:
        self.luck = Streams(seed, member=member)
        self._start = start
        self._passed = 0
        self._count = 0
        self._agenda: list[tuple[int, int, int, Happening]] = []
        self.active: Process | None = None

    def now(self) -> int:
        return self._start + self._passed

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return self._passed / SECOND

    def happening(self) -> Happening:
        """Something that somebody will let happen."""
        return Happening(self)

    def timeout(self, span: Span, value: Any = None) -> Timeout:
        """A span of time; raises SimulationError for one below zero."""
        return Timeout(self, nanoseconds(span), value)

    def process(self, steps: Steps) -> "Process":
        """Let a generator run from now on; what it returns is the value of the process, which can be waited for."""
        return Process(self, steps)

    def all_of(self, several: Iterable[Happening]) -> AllOf:
        """What happens when all of some things have."""
        return AllOf(self, tuple(several))

    def any_of(self, several: Iterable[Happening]) -> AnyOf:
        """What happens when the first of some things does."""
        return AnyOf(self, tuple(several))

    def schedule(self, one: Happening, span: int, rank: int = USUAL) -> None:
        """Put something on the agenda, so many nanoseconds from now."""
        one.scheduled = True
        heapq.heappush(self._agenda, (self._passed + span, rank, self._count, one))
        self._count += 1

    def step(self) -> None:
        """Let the next thing happen; raises SimulationError when nothing is due."""
        if not self._agenda:
            raise SimulationError("expected something on the agenda, got nothing")
        self._passed, _, _, one = heapq.heappop(self._agenda)
        one.happen()

    def run(self, until: Span | Happening | None = None) -> Any:
        """Let things happen: to the end, to a moment, or until one has happened.

        A moment is in seconds since the start; what is due at it waits for the next run. Gives the value of what it
        waited for. Raises SimulationError for a moment that is over and for a wait that nothing will end; an error in a
        process that nobody waits for is raised as it is.
        """
        if isinstance(until, Happening):
            return self._until_happened(until)
        end = math.inf if until is None else nanoseconds(until)
        if end < self._passed:
            raise SimulationError(f"expected a moment from {self.seconds:g} s on, got {end / SECOND:g} s")
        agenda, pop = self._agenda, heapq.heappop
        while agenda and agenda[0][0] < end:
            self._passed, _, _, one = pop(agenda)
            one.happen()
        self._passed = self._passed if until is None else int(end)
        return None

    def _until_happened(self, one: Happening) -> Any:
        one.heard = True
        while not one.happened:
            if not self._agenda:
                raise SimulationError("expected something that will happen, got a wait that nothing ends", at=repr(one))
            self.step()
        if one.error is not None:
            raise one.error
        return one.value


@final
class Process(Happening):
    """A generator that runs in simulated time; it happens itself when the generator returns.

    A process is waited for like anything else, and interrupted: `Interrupted` is raised where it waits.
    """

    __slots__ = ("_steps", "_waits_for", "name")

    def __init__(self, env: Environment, steps: Steps) -> None:
        super().__init__(env)
        self._steps = steps
        self.name = getattr(steps, "__name__", "process")
        self._waits_for: Happening | None = None
        self._at_next(None)

    @property
    def alive(self) -> bool:
        """Whether it has not returned yet."""
        return not self.scheduled

    def interrupt(self, cause: Any = None) -> None:
        """Raise `Interrupted` in it now; raises SimulationError when it is over or interrupts itself."""
        if not self.alive or self.env.active is self:
            raise SimulationError("expected another process that still runs", at=repr(self))
        self._at_next(Interrupted(cause))

    def _at_next(self, error: BaseException | None) -> None:
        """Go on at once, before anything usual: to begin, or with an interruption."""
        nudge = Happening(self.env)
        nudge.heard = True
        nudge._error = error
        nudge.then(self._nudged)
        self.env.schedule(nudge, 0, URGENT)

    def _nudged(self, nudge: Happening) -> None:
        if self.alive:
            if self._waits_for is not None:
                self._waits_for.forget(self._go_on)
            self._go_on(nudge)

    def _go_on(self, one: Happening) -> None:
        """What it waited for has happened: take the generator to its next `yield`, and past what has happened."""
        self.env.active = self
        try:
            while True:
                value, error = one.outcome
                waited: Any = self._steps.send(value) if error is None else self._steps.throw(error)
                if not isinstance(waited, Happening) or waited.env is not self.env:
                    raise SimulationError(
                        f"expected something of this environment to wait for, got {waited!r}",
                        at=repr(self),
                        hint="yield env.timeout(...), a request, a process or env.happening()",
                    )
                self._waits_for = one = waited
                if not one.happened:
                    one.then(self._go_on)
                    break
        except StopIteration as stopped:
            self.succeed(stopped.value)
        except Exception as error:  # noqa: BLE001 - whoever waits for the process is told, or the run raises it
            self.fail(error)
        finally:
            self.env.active = None

    def __repr__(self) -> str:
        return f"process {self.name} at {self.env.seconds:g} s"


def nanoseconds(span: Span) -> int:
    """A span in whole nanoseconds; raises SimulationError for one that is none or below zero."""
    if isinstance(span, str):
        return duration(span)
    if not 0 <= span < math.inf:
        raise SimulationError(f"expected a span of zero or more, got {span!r} s")
    return round(span * SECOND)
