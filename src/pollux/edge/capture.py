"""Raw windows around events: when to take one, from when until when."""

from collections.abc import Mapping
from typing import Final, final

import numpy as np

from pollux.clock import duration
from pollux.columns.arrays import F64, I64, Mask
from pollux.errors import SetupError
from pollux.model import commands
from pollux.model.evaluate import OUTSIDE, evaluate
from pollux.model.schema import Schema
from pollux.model.symbols import AbstractCondition
from pollux.model.walk import topological

NEVER: Final = -1


@final
class Capture:
    """When the raw samples around a moment are sent: from `before` it until `after` it.

    The moment is that at which the condition `when` becomes true of the samples as they were taken, believed or not;
    with `doubted` one at which a sample is doubted and the one before was not; or that of an order for `command`.
    After the end of a window the next event is looked for when `rest` is over. Raises ClockError for what is no
    length of time.

    >>> import pollux as px
    >>> class Pump(px.Twin):
    ...     vibration = px.sensor("m/s^2", low=-200, high=200)
    >>> px.Capture(Pump.vibration > 20, before="5 s", after="2 s").length
    7000000000
    """

    def __init__(
        self,
        when: AbstractCondition | None = None,
        *,
        before: str = "10 s",
        after: str = "10 s",
        doubted: bool = False,
        command: commands.command | None = None,
        rest: str = "1 min",
    ) -> None:
        self.when: AbstractCondition | None = when
        self.doubted: bool = doubted
        self.command: commands.command | None = command
        self.before: int = duration(before)
        self.after: int = duration(after)
        self.rest: int = duration(rest)

    @property
    def length(self) -> int:
        """How long a window is, in nanoseconds."""
        return self.before + self.after

    def check(self, schema: Schema, signals: tuple[str, ...]) -> None:
        """Raise SetupError where it speaks of another class, or of signals that are not read together."""
        if self.when is not None:
            if self.when.schema.name != schema.name:
                raise SetupError(f"expected a condition on {schema.name}, got {self.when!r}", at="px.Capture")
            for one in topological((self.when.expr,), stop=OUTSIDE):
                if one.op in OUTSIDE and not (one.op in ("param", "state") and one.data in signals):
                    raise SetupError(f"expected signals that are read here, got {one.data!r}", at="px.Capture")
        if self.command is not None and self.command.name not in schema.commands:
            raise SetupError(f"expected a command of {schema.name}, got {self.command!r}", at="px.Capture")


@final
class Watching:
    """Looks for the events of a capture in a stream, and says which windows are complete.

    `done` is the end of the last window that was sent whole, and `sent` up to when samples were sent: more than that
    where the agent ended while it sent a window. In a stream that `goes_on` what holds at its first
    sample is no event.
    """

    def __init__(self, capture: Capture, *, done: int = 0, sent: int = 0, goes_on: bool = False) -> None:
        self._capture = capture
        self._before, self._after, self._rest = capture.before, capture.after, capture.rest
        self._done, self._sent = done, max(done, sent)
        self._begin = self._end = NEVER
        self._over: list[tuple[int, int]] = []
        self._held = self._doubted = goes_on

    def look(self, times: I64, columns: Mapping[str, F64], doubted: Mask) -> None:
        """See samples in ascending time, (n,) each; a doubt is about any of the signals."""
        events = np.zeros(len(times), np.bool_)
        if self._capture.when is not None:
            holds = np.broadcast_to(evaluate(self._capture.when.expr, lambda one: columns[str(one.data)]), times.shape)
            events |= _rises(holds, self._held)
            self._held = bool(holds[-1])
        if self._capture.doubted:
            events |= _rises(doubted, self._doubted)
            self._doubted = bool(doubted[-1])
        for at in times[events].tolist():
            self.at(at)

    def at(self, moment: int) -> None:
        """Something has happened: begin a window, unless one is open or was ended a moment ago."""
        self._settle(moment)
        if not self._done or moment >= self._done + self._rest:
            self.ask(moment)

    def ask(self, moment: int) -> None:
        """Somebody wants a window: rest or not, one begins unless one is open."""
        if self._end == NEVER:
            self._begin, self._end = max(moment - self._before, self._sent), moment + self._after

    def complete(self, now: int) -> list[tuple[int, int]]:
        """The windows that are over, from when until when; `now` is up to when all samples have been seen."""
        self._settle(now)
        over, self._over = self._over, []
        return over

    def _settle(self, now: int) -> None:
        if self._end != NEVER and now >= self._end:
            self._over.append((self._begin, self._end))
            self._done = self._sent = self._end
            self._begin = self._end = NEVER


def _rises(holds: Mask, before: bool) -> Mask:
    return holds & ~np.concatenate(([before], holds[:-1]))
