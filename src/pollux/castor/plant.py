"""The true things behind emulated devices: members of one type, moved by its own equations."""

from collections.abc import Mapping
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.clock import SECOND
from pollux.columns.layout import layout_of
from pollux.errors import NotFound, SetupError
from pollux.model.schema import Schema, Signal
from pollux.model.units import convert
from pollux.simulate import Course, Run, run, straight

F64 = NDArray[np.float64]

CLOSE: Final = 1e-9
"""A setting that lies this near to its aim, relative to the actuator's range, has reached it."""


@final
class Plant:
    """`count` things of one type from the moment `start` on: what has a prior is drawn from it, the rest as declared.

    Actuators go to what they are aimed at no faster than their slew. Nothing here is random after the beginning except
    the noise of the sensors; the generator is handed in, so that the same seed gives the same things and readings.
    """

    def __init__(
        self, schema: Schema, count: int, *, start: int, rng: np.random.Generator, settings: Mapping[str, float]
    ) -> None:
        self.schema = schema
        self.time = start
        self._layout = layout_of(schema)
        self._rng = rng
        self._columns = self._layout.start(count, rng)
        self._actuators = {one.name: one for one in schema.signals if one.role == "actuator"}
        self._sensors = tuple(one for one in schema.signals if one.role == "sensor")
        for name, value in settings.items():
            self._columns[self._layout.place(name)] = self.setting(name, value)
        self._aims = {name: self._columns[self._layout.place(name)].copy() for name in self._actuators}

    @property
    def sensors(self) -> tuple[Signal, ...]:
        """What is measured."""
        return self._sensors

    @property
    def actuators(self) -> frozenset[str]:
        """What can be set."""
        return frozenset(self._actuators)

    @property
    def count(self) -> int:
        """How many things there are."""
        return int(self._columns.shape[1])

    def setting(self, name: str, value: object) -> float:
        """A value for an actuator as the outside tells it, in the actuator's own unit.

        Raises NotFound for another name and SetupError for what is no number within its limits.
        """
        signal = self._actuators.get(name)
        if signal is None:
            raise NotFound(f"expected an actuator of {self.schema.name}, got {name!r}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SetupError(f"expected a number, got {value!r}", at=name)
        own = convert(float(value), signal.edge, signal.unit)
        if not signal.low <= own <= signal.high:
            raise SetupError(f"expected {signal.low:g} to {signal.high:g} {signal.unit}, got {own:g}", at=name)
        return own

    def aim(self, member: int, name: str, value: float) -> None:
        """From its present moment on an actuator of one thing goes to a value, in its own unit."""
        self._aims[name][member] = value
        if self._actuators[name].slew is None:
            self._columns[self._layout.place(name), member] = value

    def reached(self, member: int, name: str) -> bool:
        """Whether an actuator is where it was aimed at."""
        signal = self._actuators[name]
        gap = float(self._aims[name][member] - self._columns[self._layout.place(name), member])
        return abs(gap) <= CLOSE * (signal.high - signal.low)

    def advance(self, until: int) -> None:
        """Move all things to a moment; an earlier one changes nothing."""
        if until <= self.time:
            return
        courses = self._courses(until)
        outcome = run(Run(self.schema, self._columns, self.time, until - self.time, inputs=courses))
        self._columns = outcome.final
        for name in courses:
            self._columns[self._layout.place(name)] = courses[name].values[-1]
        self.time = until

    def truth(self, name: str) -> F64:
        """A state, a parameter or an actuator of every thing as it is, in its own unit; raises NotFound."""
        found: F64 = self._columns[self._layout.place(name)].copy()
        return found

    def measured(self, names: frozenset[str]) -> list[dict[str, float]]:
        """What each thing says of these sensors, and of its actuators, in the units of the outside.

        A sensor adds its declared noise and does not read beyond its bounds; what has no value yet is left out.
        """
        columns = {
            one.name: self._seen(one) for one in (*self._sensors, *self._actuators.values()) if one.name in names
        }
        return [
            {name: float(values[member]) for name, values in columns.items() if np.isfinite(values[member])}
            for member in range(self.count)
        ]

    def _seen(self, signal: Signal) -> F64:
        truth = self._columns[self._layout.place(signal.name)]
        noise = signal.noise * self._rng.standard_normal(self.count) if signal.role == "sensor" else 0.0
        values = np.clip(truth + noise, signal.low, signal.high)
        if signal.edge == signal.unit:
            return np.asarray(values, np.float64)
        return np.array([convert(value, signal.unit, signal.edge) for value in values.tolist()])

    def _courses(self, until: int) -> dict[str, Course]:
        """The actuators that are on their way, until their aim or for the whole stretch."""
        found: dict[str, Course] = {}
        for name, signal in self._actuators.items():
            now = self._columns[self._layout.place(name)]
            if signal.slew is not None and np.any(now != self._aims[name]):
                found[name] = _ramps(now, self._aims[name], signal.slew, self.time, until)
        return found


def _ramps(now: F64, aims: F64, slew: float, start: int, until: int) -> Course:
    """Straight ways of all members from where they are to their aims, no steeper than the slew."""
    arrivals = np.rint(np.abs(aims - now) / slew * SECOND).astype(np.int64)
    inside = np.unique(arrivals[(arrivals > 0) & (arrivals < until - start)])
    times = np.concatenate(([0], inside, [until - start]))
    moved = np.minimum(slew * times[:, None] / SECOND, np.abs(aims - now))
    return straight(start + times, now + np.sign(aims - now) * moved)
