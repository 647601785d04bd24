"""The sensors of emulated things: from what is true of a model to what is told of a fleet's signals."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, final

import numpy as np

from pollux.castor.plant import F64, Path
from pollux.castor.sensors import Channel, Emulation, Reading, Sensor, length
from pollux.clock import SECOND
from pollux.errors import NotFound, SetupError, UnitError
from pollux.model.schema import Schema, Signal
from pollux.model.suggest import did_you_mean
from pollux.model.units import Unit, convert, scale

OWN: Final = "own"
"""The sensor of the device itself, which tells how its actuators are set."""


def declared(schema: Schema, model: Schema, every: int) -> "Worn":
    """The sensors that a type declares, with the declared noise; one that says no interval reads `every`."""
    sensors = tuple(
        Sensor(one.name, every if one.every is None else round(one.every * SECOND), (_channel(one),))
        for one in schema.signals
        if one.role == "sensor"
    )
    return Worn(schema, model, sensors, min((length(one.every) for one in sensors), default=every))


def _channel(signal: Signal) -> Channel:
    low, high = (convert(bound, signal.unit, signal.edge) for bound in (signal.low, signal.high))
    return Channel(signal.name, noise=signal.noise * scale(signal.unit, signal.edge), low=low, high=high)


@final
@dataclass(frozen=True)
class Worn:
    """Sensors for things of one type that obey a model, sent every `cycle`; its actuators are told by the device.

    Raises SetupError for a channel whose signal the type does not have, or whose truth the model does not have.
    """

    schema: Schema
    model: Schema
    given: tuple[Sensor, ...]
    cycle: int

    def __post_init__(self) -> None:
        edges: dict[str, Unit] = {}
        for sensor in self.given:
            for channel in sensor.channels:
                _check(self.schema, self.model, sensor, channel)
                edge = self.schema.signal(channel.signal).edge
                if edges.setdefault(channel.measured, edge) != edge:
                    raise SetupError(f"expected {channel.measured} in one unit, got {edge} too", at=sensor.name)

    @cached_property
    def sensors(self) -> tuple[Sensor, ...]:
        """All of them."""
        told = {channel.signal for sensor in self.given for channel in sensor.channels}
        known = {one.name for one in self.model.signals if one.role == "actuator"}
        own = [one.name for one in self.schema.signals if one.role == "actuator" and one.name in known - told]
        device = (Sensor(OWN, self.cycle, tuple(Channel(name) for name in own)),) if own else ()
        return (*self.given, *device)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What is read, in the words of the model."""
        return tuple(dict.fromkeys(channel.measured for one in self.sensors for channel in one.channels))

    @cached_property
    def measured(self) -> frozenset[str]:
        """The signals that are told."""
        return frozenset(channel.signal for one in self.sensors for channel in one.channels)

    @cached_property
    def grid(self) -> int:
        """The distance of moments on which every reading falls."""
        spans = [length(span) for one in self.sensors for span in (one.every, *one.at)]
        return math.gcd(self.cycle, *spans)

    @cached_property
    def edges(self) -> Mapping[str, tuple[Unit, Unit]]:
        """By what is read: its unit in the model and that in which it is told."""
        channels = [channel for one in self.sensors for channel in one.channels]
        return {
            one.measured: (self.model.unit_of(one.measured), self.schema.signal(one.signal).edge) for one in channels
        }

    def after(self, moment: int) -> int:
        """The next moment at which something is sent."""
        return (moment // self.cycle + 1) * self.cycle

    def moment(self, now: int) -> int:
        """The last moment up to now on which a reading may fall."""
        return now // self.grid * self.grid

    def own(self, name: str, values: F64) -> F64:
        """Values of the model in the unit of the type's signal of that name, where there is one."""
        if name not in self.schema.index:
            return values
        return told(values, self.model.unit_of(name), self.schema.signal(name).unit)

    def on(self, count: int, *, seed: int) -> list["Wearer"]:
        """So many things that wear them, each with luck of its own, however many there are."""
        lucks = np.random.SeedSequence(seed).spawn(count)
        return [Wearer(self, member, _luck(one), _luck(one.spawn(1)[0])) for member, one in enumerate(lucks)]


@final
class Wearer:
    """One thing with its sensors: what they read becomes what its device tells."""

    def __init__(self, worn: Worn, member: int, rng: np.random.Generator, asked: np.random.Generator) -> None:
        self._worn = worn
        self._member = member
        self._path: Path | None = None
        self._seen: tuple[int, Mapping[str, float]] = (-1, {})
        self._emulation = Emulation(worn.sensors, self._truth, rng)
        self._asked = asked
        self._late: list[Reading] = []

    def tells(self, path: Path, last: int, now: int) -> Iterator[tuple[int, dict[str, float]]]:
        """What was read in (last, now], one set of values per moment; where `last` is negative every sensor is tried.

        What comes late waits until its moment has come.
        """
        self._path, self._seen = path, (-1, {})
        read = self._emulation.tried(now) if last < 0 else self._emulation.readings(last, now, reach=self._worn.cycle)
        waiting = [*self._late, *read]
        self._late = [one for one in waiting if one.time > now]
        sets: dict[int, dict[str, float]] = {}
        for one in waiting:
            if one.time <= now:
                sets.setdefault(one.time, {}).update(one.values)
        yield from sorted(sets.items())

    def asked(self, signals: Sequence[str], path: Path, moment: int) -> dict[str, float]:
        """What is read of some signals when somebody asks; nothing of those whose sensor is off."""
        self._path, self._seen = path, (-1, {})
        found = {name: self._emulation.asked(name, moment, self._asked) for name in signals}
        return {name: value for name, value in found.items() if value is not None}

    def _truth(self, moment: int) -> Mapping[str, float]:
        """What is true at a moment, as it is told; several sensors that read at once ask for the same."""
        if self._seen[0] != moment:
            assert self._path is not None
            found = self._path.at(moment, self._member)
            self._seen = moment, {name: convert(found[name], *edges) for name, edges in self._worn.edges.items()}
        return self._seen[1]


def _luck(seed: np.random.SeedSequence) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def told(values: F64, have: Unit, want: Unit) -> F64:
    """Numbers in one unit, told in another.

    >>> from pollux.model.units import unit
    >>> told(np.array([293.15]), unit("K"), unit("degC"))
    array([20.])
    """
    return values if have == want else np.array([convert(value, have, want) for value in values.tolist()])


def _check(schema: Schema, model: Schema, sensor: Sensor, channel: Channel) -> None:
    at = f"{sensor.name}, {channel.signal}"
    if channel.signal not in schema.index or schema.signal(channel.signal).role not in ("sensor", "actuator"):
        raise SetupError(
            f"expected a sensor or an actuator of {schema.name}, got {channel.signal!r}",
            at=at,
            hint=did_you_mean(channel.signal, [one.name for one in schema.signals if one.role == "sensor"]),
        )
    try:
        scale(model.unit_of(channel.measured), schema.signal(channel.signal).edge)
    except NotFound as error:
        raise SetupError(
            f"expected something that {model.name} has, got {channel.measured!r}",
            at=at,
            hint="Channel(..., reads=its name there), or sensors= without it",
        ) from error
    except UnitError as error:
        raise SetupError(f"{channel.measured} of {model.name}: {error}", at=at) from error
