"""What of one signal is believed, before anything is summarised: the rules of `check`, on a stream."""

from collections.abc import Sequence
from typing import Final, final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pollux.check.believe import Belief
from pollux.check.bounds import Bounds
from pollux.check.doubts import AbstractDoubt, Jury
from pollux.columns.arrays import F64, I64, U16
from pollux.columns.judge import DEPTH, Recent
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality, Reason
from pollux.model.schema import Schema

_BEFORE: Final = DEPTH - 1


@final
class Believing:
    """The reasons for which samples of one signal are doubted: what a site would say of the same samples.

    Declared low and high, doubts about single values and impossible times come first, doubts that look at the values
    before a sample then. The last values are kept between calls, so that where a stream is cut changes nothing.
    """

    def __init__(self, schema: Schema, signal: int, doubts: Sequence[AbstractDoubt]) -> None:
        self._signal = signal
        self._belief = Belief(schema, {signal: doubts}, Bounds())
        self._jury = Jury(schema, {signal: doubts})
        self._times: I64 = np.full(_BEFORE, NEVER)
        self._values: F64 = np.full(_BEFORE, np.nan)
        self._since = NEVER

    def reasons(self, times: I64, values: F64, *, now: int) -> U16:
        """Why each sample is doubted, (n,): 0 for one that is believed. `now` is when they were taken over."""
        if not len(times):
            return np.empty(0, np.uint16)
        alone = np.full(len(times), Quality.GOOD, np.uint8)
        which = np.full(len(times), self._signal, np.int32)
        _, reason = self._belief.judge(which, values, times, arrival=np.full(len(times), now), told=alone)
        if self._jury.signals:
            _, beside = self._jury.judge(self._signal, self._recent(times, values))
            reason = np.where(reason == Reason.NONE, beside, reason).astype(np.uint16)
        return reason

    def _recent(self, times: I64, values: F64) -> Recent:
        all_times = np.concatenate((self._times, times))
        all_values = np.concatenate((self._values, values))
        if self._since == NEVER:
            self._since = int(times[0])
        # Where a value differs from the one before it, nothing has stood still since the one before it.
        differs = np.flatnonzero(all_values[_BEFORE:] != all_values[_BEFORE - 1 : -1])
        since = np.full(len(times), self._since)
        since[differs] = np.maximum(all_times[_BEFORE - 1 + differs], self._since)
        since = np.maximum.accumulate(since)
        self._since = int(since[-1])
        self._times, self._values = all_times[-_BEFORE:], all_values[-_BEFORE:]
        newest_first = slice(None, None, -1)
        return Recent(
            sliding_window_view(all_times, DEPTH)[:, newest_first],
            sliding_window_view(all_values, DEPTH)[:, newest_first],
            since,
        )
