"""When something happens in a run: inputs change, values are recorded, slow models ask fast ones.

Between two such moments a kernel only steps. Everything is counted in steps from the start of the run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from pollux.columns.arrays import F64, I64, distinct
from pollux.simulate.courses import Sampled
from pollux.simulate.kernels.plan import Plan
from pollux.simulate.methods.rows import Rows

NOTHING = -1
"""In a stop: no line to load, no line to record."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Fed:
    """Inputs that change together: at step `marks[k]` the table `rows` take `values[k]`, shape (rows, members or 1)."""

    marks: I64
    rows: I64
    values: F64


@final
@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """All moments of a run of `steps` steps, each `dt` seconds long, from `start` seconds since 1970."""

    steps: int
    dt: float
    start: float
    recorded: I64
    shared: Fed
    own: Fed
    picks: I64

    def plan(self, first: int, last: int) -> Plan:
        """What a kernel does from one step up to another, without what happens at that other."""
        moments = np.concatenate((self.recorded, self.shared.marks, self.own.marks))
        at = distinct(np.append(moments[(moments > first) & (moments < last)], first))
        stops = np.empty((len(at), 5), np.int64)
        stops[:, 0], stops[:, 4] = at, np.append(at[1:], last)
        for column, marks in ((1, self.shared.marks), (2, self.own.marks), (3, self.recorded)):
            stops[:, column] = _lines(marks, at)
        # A kernel that starts in the middle finds in the table what was fed before.
        shared, own = self.shared.values[..., 0], self.own.values
        return Plan(stops, self.picks, shared, self.shared.rows, own, self.own.rows, self.start, self.dt)

    def part(self, members: slice) -> "Schedule":
        """The schedule of some of the members."""
        own = np.ascontiguousarray(self.own.values[:, :, members])
        return replace(self, own=replace(self.own, values=own))


def _lines(marks: I64, at: I64) -> I64:
    """For each stop the line that belongs to it."""
    if not len(marks):
        return np.full(len(at), NOTHING)
    place = np.minimum(np.searchsorted(marks, at), len(marks) - 1)
    return np.where(marks[place] == at, place, NOTHING)


def fed(inputs: Mapping[str, Sampled], rows: Rows, members: int) -> Fed:
    """Some inputs as one table, on all the steps at which one of them changes; `members` is 1 where all share them."""
    if not inputs:
        return Fed(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 0, members)))
    marks = distinct(np.concatenate([one.marks for one in inputs.values()]))
    places: list[int] = []
    columns: list[F64] = []
    for name, one in inputs.items():
        values, slopes = one.at(marks)
        places.append(rows.layout.place(name))
        columns.append(values)
        if slopes is not None:
            places.append(rows.slope[name])
            columns.append(slopes)
    wide = [np.broadcast_to(column, (len(marks), members)) for column in columns]
    return Fed(marks, np.array(places, np.int64), np.ascontiguousarray(np.stack(wide, axis=1)))
