"""The arrays behind a block, grown by doubling, and what a new row holds."""

from collections.abc import Iterable
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import F64, I64, U8, U16
from pollux.columns.layout import Layout
from pollux.columns.quality import Quality
from pollux.model.schema import Signal

NEVER: Final = np.iinfo(np.int64).min
"""The event time of what was never told."""

ARRAYS: Final = (
    *("numbers", "times", "quality", "reason", "aside", "aside_time", "aside_reason", "places"),
    *("believed", "believed_time"),
)
"""Every array of a block, in the order of a snapshot."""

_LEAST: Final = 16


@final
class Memory:
    """The arrays of a block, each of shape (fields, capacity).

    `numbers` holds the slots, then the standard deviation of each signal, then the desired value of each actuator;
    `times` the event time and the arrival of each signal, then when each desired value was set. `believed` holds what a
    filter believes of each derived value: the 5 % quantiles of all, then the medians, then the 95 % quantiles.
    """

    __slots__ = (
        "_fresh",
        "aside",
        "aside_reason",
        "aside_time",
        "believed",
        "believed_time",
        "capacity",
        "numbers",
        "places",
        "quality",
        "reason",
        "times",
    )

    numbers: F64
    times: I64
    quality: U8
    reason: U16
    aside: F64
    aside_time: I64
    aside_reason: U16
    places: F64
    believed: F64
    believed_time: I64

    def __init__(self, layout: Layout, actuators: int, positions: int, derived: int) -> None:
        self._fresh = _fresh(layout, actuators, positions, derived)
        self.capacity = 0
        for name in ARRAYS:
            setattr(self, name, np.empty((len(self._fresh[name]), 0), self._fresh[name].dtype))
        self.reserve(_LEAST)

    def reserve(self, rows: int) -> None:
        """Make room for this many rows."""
        if rows <= self.capacity:
            return
        capacity = max(rows, 2 * self.capacity)
        for name in ARRAYS:
            old: NDArray[Any] = getattr(self, name)
            new = np.empty((len(old), capacity), old.dtype)
            new[:, : self.capacity] = old
            setattr(self, name, new)
        self.capacity = capacity

    def refresh(self, rows: slice | int | I64) -> None:
        """Make rows as if nothing had ever been told of them."""
        for name in ARRAYS:
            fresh, array = self._fresh[name], getattr(self, name)
            array[:, rows] = fresh if isinstance(rows, int) else fresh[:, None]

    def arrays(self, rows: int) -> Iterable[tuple[str, NDArray[Any]]]:
        """The first rows of every array, by name."""
        return ((name, getattr(self, name)[:, :rows]) for name in ARRAYS)


def _fresh(layout: Layout, actuators: int, positions: int, derived: int) -> dict[str, NDArray[Any]]:
    signals = layout.schema.signals
    sigma = [_sigma(signal) for signal in signals]
    return {
        "numbers": np.concatenate((layout.start(1)[:, 0], sigma, np.full(actuators, np.nan))),
        "times": np.full(2 * len(signals) + actuators, NEVER, np.int64),
        "quality": np.array([first_quality(signal) for signal in signals], np.uint8),
        "reason": np.zeros(len(signals), np.uint16),
        "aside": np.full(len(signals), np.nan),
        "aside_time": np.full(len(signals), NEVER, np.int64),
        "aside_reason": np.zeros(len(signals), np.uint16),
        "places": np.full(3 * positions, np.nan),
        "believed": np.full(3 * derived, np.nan),
        "believed_time": np.full(derived, NEVER, np.int64),
    }


def _sigma(signal: Signal) -> float:
    if signal.prior is not None:
        return signal.prior.sigma
    return 0.0 if signal.role in ("parameter", "fact") else np.nan


def first_quality(signal: Signal) -> Quality:
    """What a signal is worth before anything was told of it.

    What has to be measured is missing; what is believed from a prior or a start is estimated; what is declared is good.
    """
    if signal.role in ("sensor", "actuator"):
        return Quality.MISSING
    if signal.role == "hidden" or signal.prior is not None:
        return Quality.ESTIMATED
    return Quality.MISSING if signal.start is None else Quality.GOOD
