"""Inputs of a system: courses sampled to the steps of a run, for one twin or for all of a type."""

from collections.abc import Sequence

import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import SimulationError
from pollux.simulate import courses
from pollux.simulate.coupled.recorder import System
from pollux.simulate.coupled.run import CoupledRun, Feed
from pollux.simulate.courses import Sampled
from pollux.simulate.schedule import Fed


def sloped(run: CoupledRun) -> list[frozenset[str]]:
    """For each type its inputs that are fed as straight lines."""
    return [
        frozenset(one.signal for one in run.inputs if one.kind == group.schema.name and one.course.is_straight)
        for group in run.groups
    ]


def fed(run: CoupledRun) -> list[frozenset[str]]:
    """For each type its inputs that are fed at all."""
    return [frozenset(one.signal for one in run.inputs if one.kind == group.schema.name) for group in run.groups]


def check_feeds(run: CoupledRun) -> None:
    """Refuse inputs of unknown types, signals and twins, and members that are too many."""
    groups = {group.schema.name: group for group in run.groups}
    for one in run.inputs:
        at = f"Feed of {one.kind}.{one.signal}"
        group = groups.get(one.kind)
        if group is None or one.signal not in group.schema.params:
            raise SimulationError("expected a parameter or an actuator of a type of the run", at=at)
        if one.twin is not None and not 0 <= one.twin < group.twins:
            raise SimulationError(f"expected a twin below {group.twins}, got {one.twin}", at=at)
        members = group.start.shape[2]
        if not one.course.is_shared and one.course.values.shape[1] != members:
            raise SimulationError(f"expected values for {members} members, got {one.course.values.shape[1]}", at=at)


def sampled_feeds(run: CoupledRun, system: System, steps: int) -> tuple[Fed, Fed]:
    """The inputs that all members share, and those of which each member has its own."""
    shared: list[tuple[int, Sampled]] = []
    own: list[tuple[int, Sampled]] = []
    slopes: dict[int, int] = {}
    for feed in run.inputs:
        kind = next(place for place, group in enumerate(run.groups) if group.schema.name == feed.kind)
        rows = system.rows[kind].run
        row, slope = rows.layout.place(feed.signal), rows.slope.get(feed.signal)
        for twin in range(run.groups[kind].twins) if feed.twin is None else (feed.twin,):
            place = int(system.places.row(kind, row)[twin])
            one = _sampled(run, feed, run.groups[kind].start[row, twin], steps)
            (shared if one.values.shape[1] == 1 else own).append((place, one))
            if slope is not None:
                slopes[place] = int(system.places.row(kind, slope)[twin])
    return _fed(shared, slopes, 1), _fed(own, slopes, run.groups[0].start.shape[2])


def _sampled(run: CoupledRun, feed: Feed, before: F64, steps: int) -> Sampled:
    return courses.sampled(feed.course, before, t0=run.t0, step=run.span / steps, steps=steps)


def _fed(inputs: Sequence[tuple[int, Sampled]], slopes: dict[int, int], members: int) -> Fed:
    if not inputs:
        return Fed(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 0, members)))
    marks = np.unique(np.concatenate([one.marks for _, one in inputs]))
    places: list[int] = []
    columns: list[F64] = []
    for place, one in inputs:
        values, slope = one.at(marks)
        places.append(place)
        columns.append(np.broadcast_to(values, (len(marks), members)))
        if place in slopes:
            # A level among straight inputs of the same signal rises by nothing.
            places.append(slopes[place])
            columns.append(np.broadcast_to(np.zeros((1, 1)) if slope is None else slope, (len(marks), members)))
    return Fed(marks, np.array(places, np.int64), np.ascontiguousarray(np.stack(columns, axis=1)))
