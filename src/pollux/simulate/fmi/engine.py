"""An FMU behind a twin type: its outputs over a run, as courses that derived values, events and integrals follow."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final, final

import numpy as np

from pollux.clock import SECOND
from pollux.columns.arrays import F64, I64
from pollux.columns.layout import layout_of
from pollux.errors import SimulationError
from pollux.simulate.courses import Course, straight
from pollux.simulate.fmi.opened import OpenedFmu
from pollux.simulate.fmi.physics import FmuPhysics
from pollux.simulate.fmi.ports import Port, startable
from pollux.simulate.fmi.running import Running
from pollux.simulate.foreign import AbstractEngine, Driven
from pollux.simulate.outcome import nanoseconds
from pollux.simulate.run import Run

_MOST: Final = 10_000
"""Points of a course, at most."""
_PIECES: Final = 50
"""So often it is asked whether a run is cancelled."""
_UNTOLD: Final = 1_000
"""Points of a course where neither the FMU nor the run tells a step."""


@final
class FmuEngine(AbstractEngine):
    """Runs as many instances as a run has members, each from its own column.

    A column begins an instance: parameters, inputs, and those outputs and states that the FMU lets be set before it is
    initialised. What it keeps to itself begins as the FMU begins.
    """

    def __init__(self, fmu: OpenedFmu, ports: Mapping[str, Port], running: Running) -> None:
        self._fmu = fmu
        self._ports = ports
        self._running = running

    def drive(self, what: Run, cancelled: Callable[[], bool]) -> Driven:
        layout = layout_of(what.schema)
        starts = {name: what.start[layout.place(name)] for name in self._settable() if name in layout.slot}
        running = replace(self._running, parameters=starts)
        with FmuPhysics(
            self._fmu, members=what.start.shape[1], t0=what.t0, running=running, ports=self._ports, forks=False
        ) as one:
            first = {name: what.start[layout.place(name)] for name in one.inputs}
            one.set(first)
            times, seen = self._record(one, what, first, cancelled)
            failed = nanoseconds(one.failed_at + what.t0 / SECOND, what.t0)
        found = {name: straight(times, values) for name, values in seen.items() if name in layout.slot}
        return Driven(int(times[1] - times[0]), found, failed)

    def _record(
        self, one: FmuPhysics, what: Run, first: Mapping[str, F64], cancelled: Callable[[], bool]
    ) -> tuple[I64, Mapping[str, F64]]:
        """What is read, at the beginning and after each stretch; inputs that move are set before each."""
        every, count = self._pace(what, len(self._ports))
        moving = {name: what.inputs[name] for name in one.inputs if name in what.inputs}
        names = (*one.states, *one.outputs)
        parts = [{name: one.get(name)[None, :] for name in names}]
        # One stretch after another where inputs move; else some at a time, so that it can be cancelled.
        at_once = 1 if moving else -(-count // _PIECES)
        for done in range(0, count, at_once):
            if cancelled():
                raise SimulationError("the run was cancelled")
            one.set({name: _at(course, one.time, first[name]) for name, course in moving.items()})
            parts.append(dict(one.record(min(at_once, count - done) * every, every=every)))
        times = what.t0 + every * np.arange(count + 1, dtype=np.int64)
        return times, {name: np.concatenate([part[name] for part in parts]) for name in names}

    def _pace(self, what: Run, numbers: int) -> tuple[int, int]:
        """The distance of points and their number: the FMU's own steps, as far as memory and patience reach."""
        step = self._running.step or self._fmu.description.step
        wished = max(1, round(step * SECOND)) if step else what.grid or -(-what.span // _UNTOLD)
        most = max(1.0, min(_MOST, what.budget / (8.0 * numbers * what.start.shape[1])))
        # Whole steps of the FMU between two points; the last point may lie behind the end.
        every = wished * max(1, math.ceil(what.span / wished / most))
        return every, -(-what.span // every)

    def _settable(self) -> Iterator[str]:
        """The names of what can be given before it begins."""
        for one in startable(self._fmu.description):
            yield from (self._ports[element].name for element in one.elements if element in self._ports)


def _at(course: Course, time: int, base: F64) -> F64:
    """A course at an instant, for each member; before it, and where a level is NaN, what the member began with."""
    values = course.values if course.values.ndim == 2 else course.values[:, None]
    if course.is_straight:
        times, now = course.times.astype(np.float64), np.array([float(time)])
        rows: list[F64] = [np.interp(now, times, column) for column in values.T]
        return np.broadcast_to(np.concatenate(rows), base.shape)
    place = int(np.searchsorted(course.times, time, side="right")) - 1
    if place < 0:
        return base
    return np.where(np.isnan(values[place]), base, values[place])
