"""What may drift goes on drifting in a forecast: the filter's walk, continued as courses of a run."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from pollux.columns.arrays import F64
from pollux.columns.layout import layout_of
from pollux.model.schema import Schema
from pollux.predict import Learning, walked
from pollux.simulate import Course, level

MOST: Final = 7
"""Steps of a walk over a whole forecast: few, since settled models are asked anew at each."""


def onward(
    schema: Schema, learning: Learning | None, members: F64, start: int, span: int, rng: np.random.Generator
) -> Mapping[str, Course]:
    """By parameter that drifts its course (instants, members) from `start` on, for members (width, members).

    It steps at whole intervals of the filter, so that the forecast is as uncertain as the filter would be if nothing
    more were measured.
    """
    if learning is None or not learning.drift:
        return {}
    every = learning.interval * max(1, math.ceil(span / (MOST * learning.interval)))
    times = np.arange(start + every, start + span, every, dtype=np.int64)
    if not len(times):
        return {}
    return {name: level(times, _steps(schema, learning, name, members, len(times), every, rng))
            for name in learning.drift}  # fmt: skip


def for_options(courses: Mapping[str, Course], options: Sequence[Mapping[str, float]]) -> Mapping[str, Course]:
    """The courses of members for options side by side: every option has the same luck, and what it sets stays put."""
    tiled: dict[str, Course] = {}
    for name, course in courses.items():
        # NaN is the value of the start table, which is what the option set.
        parts = [np.full_like(course.values, np.nan) if name in option else course.values for option in options]
        tiled[name] = level(course.times, np.concatenate(parts, axis=1))
    return tiled


def _steps(
    schema: Schema, learning: Learning, name: str, members: F64, count: int, every: int, rng: np.random.Generator
) -> F64:
    signal, numbers = schema.signal(name), members[layout_of(schema).place(name)]
    steps: list[F64] = []
    for _ in range(count):
        numbers = walked(signal, numbers, every, learning, rng)
        steps.append(numbers)
    return np.stack(steps)
