"""What the loops over instances work on, bundled: plain tuples in Python, structures when compiled."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from pollux.simulate.fmi.calls import SET_CLOCK, TICKS


class Api(NamedTuple):
    """The addresses of an FMU's functions, the version of FMI that says how they are called, and its input clocks.

    Clock i, of reference `clocks[i]`, ticks at `shifts[i] + k * periods[i]`.
    """

    calls: Any
    version: int
    clocks: Any
    periods: Any
    shifts: Any


class Groups(NamedTuple):
    """Variables by type: rows (address, first reference, references, first byte, values), and the references."""

    table: Any
    references: Any


class Members(NamedTuple):
    """The instances: their pointers, statuses, times of failure (seconds), memories and nominal states."""

    components: Any
    dead: Any
    failed_at: Any
    memory: Any
    nominal: Any


class Method(NamedTuple):
    """A Runge-Kutta method: a row per stage, the weights, the error weights; nodes and order; step or tolerance."""

    table: Any
    nodes: Any
    order: int
    fixed: float
    tolerance: float


class Work(NamedTuple):
    """Scratch: 64 bytes as bytes, words and numbers; states, next states, slopes; indicators before and after.

    `beat[0]` grows with every step, so that another process sees that this one goes on.
    """

    byte: Any
    word: Any
    real: Any
    x: Any
    y: Any
    k: Any
    z: Any
    after: Any
    beat: Any


def api_of(calls: Any, version: int, begin: float, clocks: Sequence[tuple[int, float, float]]) -> Api:
    """The functions of an FMU that begins at `begin`, and its clocks: reference, period, shift."""
    rows = np.array(clocks, np.float64).reshape(-1, 3)
    return Api(calls, version, rows[:, 0].astype(np.uint32), rows[:, 1].copy(), begin + rows[:, 2])


def no_api() -> Api:
    """Functions that are not there, to compile loops with."""
    return api_of(np.zeros(SET_CLOCK + 1, np.int64), 2, 0.0, ())


def members_of(count: int, states: int, clocks: int) -> Members:
    """So many members, none of them made."""
    memory = np.zeros((count, TICKS + clocks))
    return Members(
        np.zeros(count, np.int64), np.zeros(count, np.int64), np.full(count, np.nan), memory, np.ones((count, states))
    )


def work_for(states: int, indicators: int, stages: int, beat: Any) -> Work:
    """Scratch for an FMU of this size."""
    real = np.zeros(8)
    return Work(
        real.view(np.uint8),
        real.view(np.int32),
        real,
        np.zeros(states),
        np.zeros(states),
        np.zeros((stages, states)),
        np.zeros(indicators),
        np.zeros(indicators),
        beat,
    )
