"""A Python function that is asked again and again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

import numpy as np

from pollux.clock import SECOND, duration
from pollux.columns.arrays import F64
from pollux.edge.samples import Samples
from pollux.edge.sources.lines import Even
from pollux.edge.sources.source import AbstractSource, Need
from pollux.errors import SetupError

Read: TypeAlias = Callable[[], "float | Sequence[float] | np.ndarray[Any, Any]"]

CHUNK: Final = SECOND // 10
"""Samples of so long are handed over together."""


@final
@dataclass(frozen=True, slots=True)
class Every(AbstractSource):
    """Calls `read` at every multiple of a period; made by `every`."""

    period: int
    read: Read
    spacing: int = 0

    @property
    def rate(self) -> float:
        return SECOND / self.step

    @property
    def step(self) -> int:
        return self.spacing or self.period

    def samples(self, need: Need) -> Iterator[Samples]:
        return self._blocks(need) if self.spacing else self._singles(need)

    def _singles(self, need: Need) -> Iterator[Samples]:
        """One sample a call, stamped with the multiple of the period at which it was due."""
        now, pause, period = need.clock.now, need.pause, self.period
        due = now() // period + 1
        while True:
            times: list[int] = []
            values: list[Any] = []
            missed, until = 0, due * period + CHUNK
            while due * period < until or not times:
                if pause((due * period - now()) / SECOND):
                    return
                # Whoever comes late by a whole period has missed a sample: it is counted, and not taken twice.
                late = (now() - due * period) // period
                if late > 0:
                    missed += late
                    due += late
                try:
                    values.append(self.read())
                except Exception:
                    if times:
                        yield Samples(np.array(times, np.int64), _columns(values, len(need.signals)), missed)
                    raise
                times.append(due * period)
                due += 1
            yield Samples(np.array(times, np.int64), _columns(values, len(need.signals)), missed)

    def _blocks(self, need: Need) -> Iterator[Samples]:
        """Many samples a call, evenly spaced up to now."""
        even = Even(self.spacing)
        now, pause = need.clock.now, need.pause
        due = now() + self.period
        while not pause((due - now()) / SECOND):
            values = _columns(np.asarray(self.read(), np.float64), len(need.signals))
            yield Samples(even.times(len(values), now=now()), values)
            due = max(due + self.period, now())


def every(period: str, read: Read, *, step: str = "") -> Every:
    """A function that is called every so often, from a thread of its own, and gives one sample.

    It gives a number, or several for the summaries of `Edge.read` in their order. It is called at the multiples of
    `period`, and a sample bears the one at which it was due; one that was taken a whole period later is another one,
    and those between are counted as missed. With `step` each call gives all samples that the device has kept since the
    last one, (n,) or (n, k), so far apart: the way to 10,000 a second. Raises SetupError for a period of nothing.

    >>> every("1 ms", lambda: 0.0).rate, every("100 ms", lambda: [0.0] * 1000, step="100 us").rate
    (1000.0, 10000.0)
    """
    length, spacing = duration(period), duration(step) if step else 0
    if length <= 0 or (step and not 0 < spacing <= length):
        raise SetupError(f"expected a period, and a step of at most that, got {period!r} and {step!r}")
    return Every(length, read, spacing)


def _columns(values: Any, signals: int) -> F64:
    numbers = np.asarray(values, np.float64)
    if numbers.size % signals or (numbers.ndim > 1 and numbers.shape[1] != signals):
        raise SetupError(f"expected {signals} numbers a sample, got an array of shape {numbers.shape}")
    return numbers.reshape(-1, signals)
