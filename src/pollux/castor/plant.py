"""The true things behind emulated devices: members of one type, moved by its equations and by what life brings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.clock import SECOND
from pollux.columns.layout import layout_of
from pollux.errors import NotFound, SetupError
from pollux.model.schema import Schema
from pollux.model.units import Unit, convert
from pollux.simulate import Course, Outcome, Run, now, run, straight
from pollux.site.compiling import COMPILERS

F64 = NDArray[np.float64]

Life = Callable[[int, int], Mapping[str, Course]]
"""Start and end of the next stretch in; by name what parameters do in it, in their own units, out."""

CLOSE: Final = 1e-9
"""A setting that lies this near to its aim, relative to the actuator's range, has reached it."""


def nothing(_: int, __: int) -> Mapping[str, Course]:
    """The life of things to which nothing comes from outside."""
    return {}


def setting(schema: Schema, name: str, value: object, *, edge: Unit | None = None) -> float:
    """A value for an actuator as the outside tells it (in `edge`, else as declared), in the actuator's own unit.

    Raises NotFound for another name and SetupError for what is no number within its limits.
    """
    signal = schema.signal(name) if name in schema.index else None
    if signal is None or signal.role != "actuator":
        raise NotFound(f"expected an actuator of {schema.name}, got {name!r}")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SetupError(f"expected a number, got {value!r}", at=name)
    own = convert(float(value), edge or signal.edge, signal.unit)
    if not signal.low <= own <= signal.high:
        raise SetupError(f"expected {signal.low:g} to {signal.high:g} {signal.unit}, got {own:g}", at=name)
    return own


@final
@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """What was true of all things at some moments: `times` in nanoseconds, by name values (times, members)."""

    times: NDArray[np.int64]
    values: Mapping[str, F64]

    def at(self, moment: int, member: int) -> dict[str, float]:
        """What was true of one thing at the last of these moments up to `moment`."""
        place = max(0, int(np.searchsorted(self.times, moment, side="right")) - 1)
        return {name: float(column[place, member]) for name, column in self.values.items()}

    def ending(self, moment: int, values: Mapping[str, F64]) -> "Path":
        """The same path, and what is true at its end."""
        joined = {name: np.vstack([column, values[name]]) for name, column in self.values.items()}
        return Path(np.append(self.times, moment), joined)


@final
class Plant:
    """`count` things of one type from the moment `start` on: what has a prior is drawn from it, the rest as declared.

    Actuators go to what they are aimed at no faster than their slew; `life` says what other parameters do meanwhile.
    `made` is by name what is known of the things and how their actuators are set, in own units, one value or one per
    thing. Nothing here is random after the beginning; the generator is handed in, so that the same seed gives the same
    things. Fast models inside the type are at rest from the first moment on.
    """

    def __init__(
        self,
        schema: Schema,
        count: int,
        *,
        start: int,
        rng: np.random.Generator,
        made: Mapping[str, F64 | float] | None = None,
        life: Life = nothing,
    ) -> None:
        self.schema = schema
        self.time = start
        self._layout = layout_of(schema)
        self._life = life
        self._columns = self._layout.start(count, rng)
        self._actuators = {one.name: one for one in schema.signals if one.role == "actuator"}
        for name, values in (made or {}).items():
            self._columns[self._layout.place(name)] = values
        self._aims = {name: self._columns[self._layout.place(name)].copy() for name in self._actuators}
        if self._layout.settled:
            self.time -= SECOND
            self.advance(start)

    @property
    def actuators(self) -> frozenset[str]:
        """What can be set."""
        return frozenset(self._actuators)

    @property
    def count(self) -> int:
        """How many things there are."""
        return int(self._columns.shape[1])

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

    def advance(self, until: int, *, every: int | None = None, names: Sequence[str] = ()) -> Path:
        """Move all things to a moment; an earlier one changes nothing.

        The path holds what was true on the way at the multiples of `every`, of which `until` is one. It ends before
        `until`: what is true there is `seen`, because an order may come first.
        """
        edge = until if every is None else min(until, -(-self.time // every) * every)
        self._move(edge)
        first = self.seen(names) if until > edge else {}
        path = self._move(until, every=every, names=names)
        values = {
            name: np.vstack([first[name], path.values[name][1:]]) if first else path.values[name] for name in names
        }
        return Path(path.times, values)

    def seen(self, names: Sequence[str]) -> dict[str, F64]:
        """By name what is true of every thing at this moment, in its own unit; raises NotFound.

        Signals, derived values, events (as 0 and 1); a reading is the one that was last complete.
        """
        return self._shown(self._columns, self.time, names)

    def ahead(self, moment: int, names: Sequence[str]) -> Path:
        """What will be true at a later moment, if nothing is ordered until then; the things stay where they are."""
        columns = self._ended(moment)[0] if moment > self.time else self._columns
        values = self._shown(columns, max(moment, self.time), names)
        return Path(np.array([moment]), {name: row[None] for name, row in values.items()})

    def _shown(self, columns: F64, time: int, names: Sequence[str]) -> dict[str, F64]:
        exprs = [self.schema.expression(name) for name in names]
        values = dict(zip(names, now(self.schema, columns, exprs, time=time / SECOND), strict=True))
        for name in self.schema.readings.keys() & values.keys():
            latched = columns[self._layout.place(name)]
            values[name] = np.where(np.isnan(values[name]), latched, values[name])
        return values

    def truth(self, name: str) -> F64:
        """What is true of every thing under one name, in its own unit; raises NotFound."""
        return self.seen((name,))[name]

    def _move(self, until: int, *, every: int | None = None, names: Sequence[str] = ()) -> Path:
        """One run; its path without the end."""
        if until <= self.time:
            return Path(np.empty(0, np.int64), {name: np.empty((0, self.count)) for name in names})
        self._columns, outcome = self._ended(until, every=every, names=names)
        self.time = until
        return Path(outcome.times[:-1], {name: outcome[name][:-1] for name in names})

    def _ended(self, until: int, *, every: int | None = None, names: Sequence[str] = ()) -> tuple[F64, Outcome]:
        """The columns as they will be at a later moment, and how they came there."""
        inputs = {**self._life(self.time, until), **self._ramps(until)}
        plan = Run(
            self.schema, self._columns, self.time, until - self.time, grid=every, record=tuple(names), inputs=inputs
        )
        outcome = run(plan, compiler=COMPILERS)
        columns = outcome.final
        for name, course in inputs.items():
            place = self._layout.place(name)
            columns[place] = _last(course, until, columns[place])
        return columns, outcome

    def _ramps(self, until: int) -> dict[str, Course]:
        """The actuators that are on their way, until their aim or for the whole stretch."""
        found: dict[str, Course] = {}
        for name, signal in self._actuators.items():
            place = self._columns[self._layout.place(name)]
            if signal.slew is not None and np.any(place != self._aims[name]):
                found[name] = _ramp(place, self._aims[name], signal.slew, self.time, until)
        return found


def _last(course: Course, until: int, otherwise: F64) -> F64:
    """What a course has come to at a moment, one value per member; what it was before where it has not begun."""
    place = int(np.searchsorted(course.times, until, side="right")) - 1
    if place < 0:
        return otherwise
    values = np.asarray(course.values[place], np.float64)
    if course.is_straight and place + 1 < len(course.times):
        share = (until - course.times[place]) / (course.times[place + 1] - course.times[place])
        values = values + share * (course.values[place + 1] - values)
    return np.where(np.isnan(values), otherwise, values)


def _ramp(now: F64, aims: F64, slew: float, start: int, until: int) -> Course:
    """Straight ways of all members from where they are to their aims, no steeper than the slew."""
    arrivals = np.rint(np.abs(aims - now) / slew * SECOND).astype(np.int64)
    inside = np.unique(arrivals[(arrivals > 0) & (arrivals < until - start)])
    times = np.concatenate(([0], inside, [until - start]))
    moved = np.minimum(slew * times[:, None] / SECOND, np.abs(aims - now))
    return straight(start + times, now + np.sign(aims - now) * moved)
