"""What courses will make of the members of a run: each of them where one of its inputs is at its least and its most."""

from collections.abc import Mapping

import numpy as np

from pollux.columns.arrays import F64
from pollux.columns.layout import layout_of
from pollux.simulate.courses import Course
from pollux.simulate.run import Run


def extremes(run: Run) -> F64:
    """Columns (layout.width, up to two an input): the member and the moment of every extreme, with all inputs as they
    are for it then.
    """
    layout, end = layout_of(run.schema), run.t0 + run.span
    found: list[F64] = []
    for course in run.inputs.values():
        values = course.values[course.times <= end].reshape(-1, 1 if course.is_shared else run.start.shape[1])
        for flat in _ends(values):
            at, member = divmod(flat, values.shape[1])
            column = run.start[:, member].copy()
            for name, value in _inputs(run.inputs, int(course.times[at]), member).items():
                column[layout.place(name)] = value
            found.append(column)
    return np.stack(found, axis=1) if found else run.start[:, :1]


def _ends(values: F64) -> list[int]:
    """Where the least and the greatest of them stand, counted along; none where no value is a number."""
    return [int(np.nanargmin(values)), int(np.nanargmax(values))] if np.isfinite(values).any() else []


def _inputs(courses: Mapping[str, Course], time: int, member: int) -> dict[str, float]:
    """The value of each input of a member at a moment, as far as its course has begun and has one."""
    found: dict[str, float] = {}
    for name, course in courses.items():
        at = int(np.searchsorted(course.times, time, side="right")) - 1
        if at >= 0:
            value = float(course.values[at] if course.is_shared else course.values[at, member])
            if np.isfinite(value):
                found[name] = value
    return found
