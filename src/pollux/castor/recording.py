"""Recordings played as devices: a table of what was measured once goes through the door that devices use now."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Self, final

import numpy as np
from numpy.typing import NDArray

from pollux.castor.devices import Answers, Devices
from pollux.castor.pace import Pace
from pollux.castor.speaker import Command, State
from pollux.clock import Clock, duration
from pollux.errors import DataRefused
from pollux.model.schema import Schema
from pollux.site.declare import Fleet

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

A_FLIGHT: Final = 50
"""Rows that one device sends before it waits for their acknowledgements."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """What was recorded of one twin: `times` in nanoseconds UTC (n,), increasing, and by signal the values (n,).

    Values are in the units in which the device speaks; NaN means that the signal was not told then. Raises DataRefused
    for times that do not increase and for columns of another length.

    >>> tape = Tape(np.array([0, 60]), {"heart_rate": np.array([71.0, np.nan])})
    >>> list(tape.rows(0, 2))
    [(0, {'heart_rate': 71.0})]
    """

    times: I64
    values: Mapping[str, F64]

    def __post_init__(self) -> None:
        if not len(self.times) or np.any(np.diff(self.times) <= 0):
            raise DataRefused("expected moments that increase, got others", at="Tape", hint="sort them, drop doubles")
        for name, column in self.values.items():
            if column.shape != self.times.shape:
                raise DataRefused(f"expected {len(self.times)} values, got {column.shape}", at=f"Tape, {name}")

    @property
    def start(self) -> int:
        """The first moment."""
        return int(self.times[0])

    @property
    def end(self) -> int:
        """The last moment."""
        return int(self.times[-1])

    def starting(self, moment: int) -> "Tape":
        """The same recording as if it had begun at another moment."""
        return replace(self, times=self.times + (moment - self.start))

    def rows(self, first: int, last: int) -> Iterator[tuple[int, dict[str, float]]]:
        """Moments and what was told then, from row `first` up to and without row `last`; empty rows are left out."""
        names, table = list(self.values), np.stack([column[first:last] for column in self.values.values()], axis=1)
        for moment, row, told in zip(
            self.times[first:last].tolist(), table.tolist(), np.isfinite(table).tolist(), strict=True
        ):
            if any(told):
                yield moment, {name: value for name, value, there in zip(names, row, told, strict=True) if there}


def replay(
    fleet: Fleet[Any],
    tapes: Mapping[str, Tape],
    *,
    every: str = "1 s",
    answers: Callable[[str, Command], tuple[State, str]] | None = None,
) -> "Replayed":
    """Play recordings as devices of an open site, as a context: `with px.replay(fleet, {"B-1": tape}): ...`

    Each row is sent over MQTT with its own event time when the site's clock comes to it: at the speed of that clock,
    or, under a simulated one, while it is moved. Rows of one `every` are sent together at its end, which is what a
    device does that gathers; what is behind the clock at the beginning is sent at once. Nothing of the future is sent.

    A recording cannot obey, nor measure again: every command is rejected with that reason, unless `answers` says what
    becomes of it, by the twin's id and the command: its state and a reason.
    """
    live, ids, schema = fleet.live, tuple(tapes), fleet.declared.schema
    devices = Devices(live, schema, ids, answers=_refusing(schema) if answers is None else _numbered(ids, answers))
    return Replayed(live.clock, devices, tuple(tapes.values()), duration(every))


def _numbered(ids: tuple[str, ...], answers: Callable[[str, Command], tuple[State, str]]) -> Answers:
    return lambda number, command: answers(ids[number], command)


def _refusing(schema: Schema) -> Answers:
    measuring = {one.name for one in schema.commands.values() if one.measures}

    def answer(_: int, command: Command) -> tuple[State, str]:
        return (
            "rejected",
            "a recording cannot measure again" if command.name in measuring else "a recording cannot obey",
        )

    return answer


@final
class Replayed:
    """Recordings that are being played, made by `replay`; a context."""

    def __init__(self, clock: Clock, devices: Devices, tapes: tuple[Tape, ...], every: int) -> None:
        self._devices = devices
        self._tapes = tapes
        self._every = every
        self._sent = [0] * len(tapes)
        self._over = threading.Event()
        self._pace = Pace(clock, self._due, self._turn)

    @property
    def ids(self) -> tuple[str, ...]:
        """The twins of which the recordings speak."""
        return self._devices.ids

    @property
    def sent(self) -> int:
        """How many rows were sent and acknowledged."""
        return sum(self._sent)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until everything was played, where the clock runs by itself; false when the time is over first."""
        return self._over.wait(timeout)

    def __enter__(self) -> Self:
        self._devices.__enter__()
        self._pace.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pace.stop()
        self._devices.__exit__(kind, error, trace)
        if error is None and self._pace.failure is not None:
            raise self._pace.failure

    def _due(self) -> int | None:
        """The end of the stretch in which the next row of any recording lies; None when all are played."""
        waiting = [t.times[n] for t, n in zip(self._tapes, self._sent, strict=True) if n < len(t.times)]
        if not waiting:
            self._over.set()
            return None
        return -(-int(min(waiting)) // self._every) * self._every

    def _turn(self, now: int) -> None:
        """Send every row up to now, in flights of which each waits until it is acknowledged."""
        ends = [int(np.searchsorted(tape.times, now, side="right")) for tape in self._tapes]
        while any(sent < end for sent, end in zip(self._sent, ends, strict=True)):
            flown = [min(end, sent + A_FLIGHT) for sent, end in zip(self._sent, ends, strict=True)]
            for number, (tape, first, last) in enumerate(zip(self._tapes, self._sent, flown, strict=True)):
                for moment, values in tape.rows(first, last):
                    self._devices.send(number, values, time=moment)
            self._devices.wait()
            self._sent = flown
