"""What futures foresee of one option at one moment, as effects that a measurement can be held against."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from pollux.act import Effect
from pollux.clock import iso
from pollux.columns.arrays import F64, I64
from pollux.decide import Advice, Futures
from pollux.errors import OrderRefused
from pollux.model.schema import Schema

TAIL: Final = 1.6449
"""Standard deviations from the median of a normal distribution to its 5 % and 95 % quantiles."""


def advised(advice: Advice, schema: Schema, live: Mapping[str, float], *, due: int | None = None) -> tuple[Effect, ...]:
    """What advice foresees at `due`, by default at the end of its futures, for every sensor that has an equation."""
    futures = advice.futures
    if futures is None:
        return ()
    row = next((row for row, option in enumerate(futures.options) if option.values == advice.values), None)
    if row is None:
        return ()
    sensors = [one.name for one in schema.signals if one.role == "sensor" and one.name in schema.computed]
    when = int(futures.samples.times[-1]) if due is None else due
    return foreseen(futures, row, sensors, schema, live, due=when)


def foreseen(
    futures: Futures, row: int, names: Sequence[str], schema: Schema, live: Mapping[str, float], *, due: int
) -> tuple[Effect, ...]:
    r"""Median and 90 % interval of some signals of one option at `due`, in the units of the columns.

    The members differ by what is not known; a measurement differs by its noise too. For a sensor with noise s the half
    widths of the interval are therefore

    .. math:: h' = \sqrt{h^2 + (1.645 s)^2}.

    `live` are the values now; where one is missing, the futures' own beginning stands for it. First comes what is
    measured, and there what is foreseen to move most, by its interval: by that the order is judged. Raises OrderRefused
    for a moment that the futures do not reach.
    """
    times = futures.samples.times
    if not futures.forked <= due <= times[-1]:
        raise OrderRefused(
            f"expected a moment up to {iso(int(times[-1]))}, got {iso(due)}", at=futures.twin,
            hint="nothing was foreseen beyond: run the futures further",
        )  # fmt: skip
    effects = [_effect(futures, row, name, schema, live, due) for name in names]
    return tuple(sorted((one for one in effects if math.isfinite(one.median)), key=lambda one: _rank(one, schema)))


def _effect(futures: Futures, row: int, name: str, schema: Schema, live: Mapping[str, float], due: int) -> Effect:
    band = futures.band(name)
    low, median, high = (_at(due, band.times, line[row]) for line in (band.low, band.median, band.high))
    before = live.get(name, math.nan)
    place = schema.index.get(name)
    noise = TAIL * (schema.signals[place].noise if place is not None else 0.0)
    return Effect(
        name,
        str(schema.unit_of(name)),
        due,
        before if math.isfinite(before) else float(band.median[row, 0]),
        median,
        median - math.hypot(median - low, noise),
        median + math.hypot(high - median, noise),
    )


def _at(due: int, times: I64, line: F64) -> float:
    """A line between its points."""
    return float(np.interp(np.array([due], np.float64), times.astype(np.float64), line)[0])


def _rank(effect: Effect, schema: Schema) -> tuple[bool, float]:
    place = schema.index.get(effect.signal)
    measured = place is not None and schema.signals[place].role == "sensor"
    width = effect.high - effect.low
    return not measured, -abs(effect.median - effect.before) / width if width > 0 else 0.0
