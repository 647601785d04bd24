"""Emulated sensors: what a real one adds to the truth: noise, rounding, drop-outs, gaps and artefacts.

The truth comes in as a function of time, so that any model, or a recording, can stand behind the same sensors. There is
no other way in `castor` from a truth to a reading.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from pollux.clock import duration
from pollux.errors import SetupError

Truth = Callable[[int], Mapping[str, float]]

Span = int | str
"""Nanoseconds, or a duration with its unit: `"8 h"`."""


@final
@dataclass(frozen=True, slots=True)
class Artefact:
    """A wrong value that looks like a measurement: with `chance` it begins, for `length` readings on average.

    It reads `value` plus `times` the truth: a loose finger clip 0, an extra beat one and a half times the pulse.
    """

    chance: float
    value: float = 0.0
    length: float = 1.0
    times: float = 0.0


@final
@dataclass(frozen=True, slots=True)
class Channel:
    """One quantity of a sensor: the standard deviation of its noise, its bias, its smallest step, its artefact.

    All in the unit in which the signal is told; a step of zero does not round, and nothing is read beyond `low` and
    `high`. `reads` is what it measures where the truth calls that otherwise than the signal that is told.
    """

    signal: str
    noise: float = 0.0
    bias: float = 0.0
    step: float = 0.0
    artefact: Artefact | None = None
    reads: str = ""
    low: float = -math.inf
    high: float = math.inf

    @property
    def measured(self) -> str:
        """The name of what is measured, in the words of the truth."""
        return self.reads or self.signal


@final
@dataclass(frozen=True, slots=True)
class Sensor:
    """A device that reads every so often, up to `jitter` late, and misses a reading with chance `dropout`.

    Readings fall on multiples of `every` since 1970 UTC, or at the moments `at` after each of them: a cuff at 7, 13 and
    21 o'clock has `every="1 day", at=("7 h", "13 h", "21 h")`. `gaps` are stretches in which it is off: pairs of start
    and end in nanoseconds UTC. Raises SetupError for what cannot be.
    """

    name: str
    every: Span
    channels: tuple[Channel, ...]
    jitter: Span = 0
    dropout: float = 0.0
    gaps: tuple[tuple[int, int], ...] = ()
    at: tuple[Span, ...] = (0,)

    def __post_init__(self) -> None:
        interval = length(self.every)
        if interval <= 0 or not 0 <= self.dropout < 1:
            raise SetupError("expected an interval above zero and a drop-out below one", at=self.name)
        if not self.at or not all(0 <= length(one) < interval for one in self.at):
            raise SetupError(f"expected moments within {self.every}, got {self.at}", at=self.name)

    def off(self, moment: int) -> bool:
        """Whether it is off then."""
        return any(begin <= moment < over for begin, over in self.gaps)

    def due(self, start: int, end: int, *, reach: int | None = None) -> list[int]:
        """When it reads in (start, end]; with `reach` only in the last so many nanoseconds of it, or once at least.

        >>> Sensor("cuff", 100, (), at=(10, 60)).due(0, 200)
        [10, 60, 110, 160]
        >>> Sensor("cuff", 100, ()).due(0, 1050, reach=200), Sensor("cuff", 100, ()).due(0, 1050, reach=20)
        ([900, 1000], [1000])
        """
        every, offsets = length(self.every), [length(one) for one in self.at]
        first = start if reach is None else max(start, end - max(reach, every))
        found = sorted(
            moment
            for offset in offsets
            for moment in range(((first - offset) // every + 1) * every + offset, end + 1, every)
        )
        held = found if reach is None else [moment for moment in found if moment > end - reach]
        return held or found[-1:]


def length(span: Span) -> int:
    """A span in nanoseconds.

    >>> length("2 s"), length(7)
    (2000000000, 7)
    """
    return span if isinstance(span, int) else duration(span)


@final
@dataclass(frozen=True, slots=True)
class Reading:
    """What a sensor sends: when it read, and the values by signal."""

    sensor: str
    time: int
    values: Mapping[str, float]


@final
class Emulation:
    """Sensors on one thing, reading its truth.

    The generator is handed in: the same seed gives the same readings.
    """

    def __init__(self, sensors: Sequence[Sensor], truth: Truth, rng: np.random.Generator) -> None:
        self._sensors = tuple(sensors)
        self._truth = truth
        self._rng = rng
        self._jitters = {one.name: length(one.jitter) for one in self._sensors}
        self._artefacts: dict[tuple[str, str], int] = {}

    def readings(self, start: int, end: int, *, reach: int | None = None) -> Iterator[Reading]:
        """What is read in (start, end], in order of time; where that is long, `reach` bounds it as in `Sensor.due`."""
        due = [
            (moment, number)
            for number, sensor in enumerate(self._sensors)
            for moment in sensor.due(start, end, reach=reach)
        ]
        for moment, number in sorted(due):
            reading = self._read(self._sensors[number], moment)
            if reading is not None:
                yield reading

    def tried(self, moment: int) -> Iterator[Reading]:
        """What each sensor reads when it is put on and tried, whenever it reads otherwise."""
        for sensor in self._sensors:
            values = self._values(sensor, self._truth(moment))
            if values:
                yield Reading(sensor.name, moment, values)

    def asked(self, signal: str, moment: int, rng: np.random.Generator) -> float | None:
        """What is read of one signal when somebody asks for it; None where its sensor is off, or nothing is true of it.

        It errs as any reading does, by the luck of `rng`: what is read when it is due stays what it would have been.
        """
        found = ((sensor, one) for sensor in self._sensors for one in sensor.channels if one.signal == signal)
        sensor, channel = next(found, (None, None))
        if sensor is None or channel is None or sensor.off(moment):
            return None
        truth = self._truth(moment).get(channel.measured, math.nan)
        if not math.isfinite(truth):
            return None
        lasting = self._artefacts.get((sensor.name, channel.signal), 0) > 0
        return _told(channel, truth, rng, disturbed=lasting or _befalls(channel, rng))

    def _read(self, sensor: Sensor, moment: int) -> Reading | None:
        missed = self._rng.random() < sensor.dropout
        if missed or sensor.off(moment):
            return None
        values, jitter = self._values(sensor, self._truth(moment)), self._jitters[sensor.name]
        late = int(self._rng.integers(0, jitter + 1)) if jitter else 0
        return Reading(sensor.name, moment + late, values) if values else None

    def _values(self, sensor: Sensor, truth: Mapping[str, float]) -> dict[str, float]:
        return {
            channel.signal: self._measure(sensor, channel, truth[channel.measured])
            for channel in sensor.channels
            if np.isfinite(truth.get(channel.measured, np.nan))
        }

    def _measure(self, sensor: Sensor, channel: Channel, truth: float) -> float:
        return _told(channel, truth, self._rng, disturbed=self._disturbed(sensor, channel))

    def _disturbed(self, sensor: Sensor, channel: Channel) -> bool:
        """Whether an artefact is in this reading: one that began earlier and lasts, or one that begins now."""
        artefact, key = channel.artefact, (sensor.name, channel.signal)
        if artefact is not None and self._artefacts.get(key, 0) == 0 and _befalls(channel, self._rng):
            self._artefacts[key] = int(self._rng.geometric(1.0 / artefact.length))
        if self._artefacts.get(key, 0) == 0:
            return False
        self._artefacts[key] -= 1
        return True


def _befalls(channel: Channel, rng: np.random.Generator) -> bool:
    """Whether an artefact begins."""
    return channel.artefact is not None and bool(rng.random() < channel.artefact.chance)


def _told(channel: Channel, truth: float, rng: np.random.Generator, *, disturbed: bool) -> float:
    """What a channel tells of a truth."""
    if disturbed and channel.artefact is not None:
        value = channel.artefact.value + channel.artefact.times * truth
    else:
        value = truth + channel.bias + (channel.noise * float(rng.standard_normal()) if channel.noise else 0.0)
    if channel.step:
        value = round(round(value / channel.step) * channel.step, 10)
    return min(max(value, channel.low), channel.high)
