"""Emulated sensors: what a real one adds to the truth: noise, rounding, drop-outs, gaps and artefacts.

The truth comes in as a function of time, so that any model, or a recording, can stand behind the same sensors.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from pollux.errors import SetupError

Truth = Callable[[int], Mapping[str, float]]


@final
@dataclass(frozen=True, slots=True)
class Artefact:
    """A wrong value that looks like a measurement: with `chance` it begins, for `length` readings on average."""

    chance: float
    value: float
    length: float = 1.0


@final
@dataclass(frozen=True, slots=True)
class Channel:
    """One quantity of a sensor: the standard deviation of its noise, its bias, its smallest step, its artefact.

    All in the signal's unit; a step of zero does not round.
    """

    signal: str
    noise: float = 0.0
    bias: float = 0.0
    step: float = 0.0
    artefact: Artefact | None = None


@final
@dataclass(frozen=True, slots=True)
class Sensor:
    """A device that reads every `every` nanoseconds, up to `jitter` late, and misses a reading with chance `dropout`.

    `gaps` are stretches in which it is off: pairs of start and end in nanoseconds UTC.
    """

    name: str
    every: int
    channels: tuple[Channel, ...]
    jitter: int = 0
    dropout: float = 0.0
    gaps: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if self.every <= 0 or not 0 <= self.dropout < 1:
            raise SetupError("expected an interval above zero and a drop-out below one", at=self.name)


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
        self._artefacts: dict[tuple[str, str], int] = {}

    def readings(self, start: int, end: int) -> Iterator[Reading]:
        """What is read in (start, end], in order of time; sensors read on multiples of their interval."""
        due = [
            (moment, number)
            for number, sensor in enumerate(self._sensors)
            for moment in range((start // sensor.every + 1) * sensor.every, end + 1, sensor.every)
        ]
        for moment, number in sorted(due):
            reading = self._read(self._sensors[number], moment)
            if reading is not None:
                yield reading

    def _read(self, sensor: Sensor, moment: int) -> Reading | None:
        missed = self._rng.random() < sensor.dropout
        if missed or any(begin <= moment < over for begin, over in sensor.gaps):
            return None
        truth = self._truth(moment)
        values = {
            channel.signal: self._measure(sensor, channel, truth[channel.signal])
            for channel in sensor.channels
            if np.isfinite(truth.get(channel.signal, np.nan))
        }
        late = int(self._rng.integers(0, sensor.jitter + 1)) if sensor.jitter else 0
        return Reading(sensor.name, moment + late, values) if values else None

    def _measure(self, sensor: Sensor, channel: Channel, truth: float) -> float:
        disturbed = self._disturbed(sensor, channel)
        if disturbed is not None:
            return disturbed
        value = truth + channel.bias + channel.noise * float(self._rng.standard_normal())
        return round(round(value / channel.step) * channel.step, 10) if channel.step else value

    def _disturbed(self, sensor: Sensor, channel: Channel) -> float | None:
        if channel.artefact is None:
            return None
        key = (sensor.name, channel.signal)
        if self._artefacts.get(key, 0) == 0 and self._rng.random() < channel.artefact.chance:
            self._artefacts[key] = int(self._rng.geometric(1.0 / channel.artefact.length))
        if self._artefacts.get(key, 0) == 0:
            return None
        self._artefacts[key] -= 1
        return channel.artefact.value
