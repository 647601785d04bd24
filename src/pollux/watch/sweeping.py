"""The sweep: of good samples far from every limit, which most are, note is taken all at once; the others are named."""

from collections.abc import Collection, Sequence
from importlib import import_module
from types import ModuleType
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64, I64, Mask
from pollux.columns.batch import Batch
from pollux.columns.quality import Quality, Reason
from pollux.watch.heard import Heard
from pollux.watch.rules import Change, Limit, Rule
from pollux.watch.standings import Floor

FEW: Final = 8
"""Up to so many samples it costs less, in Python, to hold each against the rules than to sort them."""

Doubts = Collection[tuple[int, int]]
"""Signals and rows whose last value is doubted."""


@final
class Sweep:
    """Sweeps the batches of one type; `signals` says of which signal each rule is, below 0 for none.

    `floor` is where the rules stand, `heard` when each signal was heard last, `wanted` which signals any rule looks at.
    """

    __slots__ = ("_compiled", "_rules", "_signals", "floor", "heard", "wanted")

    def __init__(self, rules: Sequence[Rule], signals: Sequence[int], known: int) -> None:
        self._rules, self._signals = tuple(rules), tuple(signals)
        self._compiled: _Compiled | None = None
        self.floor = Floor(len(rules))
        self.heard = Heard(known)
        self.wanted: Mask = np.zeros(known, np.bool_)
        self.wanted[[signal for signal in signals if signal >= 0]] = True

    def compile(self) -> bool:
        """Sweep compiled from the next batch on; False where numba is missing."""
        try:
            kernels = import_module("pollux.watch.kernels")
        except ImportError:
            return False
        kernels.warm()
        self._compiled = _Compiled(kernels, self._rules, self._signals, len(self.wanted))
        return True

    def lively(self, batch: Batch, doubts: Doubts, rows: int) -> I64:
        """The places of samples of twins for which something may begin, go on or end; of the others note is taken."""
        self.heard.grow(rows)
        self.floor.grow(rows)
        if self._compiled is not None:
            return self._compiled.lively(batch, self.floor, self.heard, doubts, rows)
        places = np.flatnonzero(self._relevant(batch, doubts))
        if len(places) <= FEW:
            return places
        stirred = self._stirred(batch, places, doubts, rows)
        self._pass_over(batch, places[~stirred])
        return places[stirred]

    def _relevant(self, batch: Batch, doubts: Doubts) -> Mask:
        """Samples that a rule looks at, or that are doubted or were."""
        relevant: Mask = self.wanted[batch.signal]
        doubted = (batch.quality == Quality.UNCERTAIN) | (batch.quality == Quality.BAD)
        if doubted.any() or doubts:
            followed = {signal for signal, _ in doubts} | set(batch.signal[doubted].tolist())
            # A good value ends a doubt, also one that came earlier in the same batch.
            relevant = relevant | np.isin(batch.signal, list(followed))
        # What was not measured is no reading: neither heard nor doubted.
        measured: Mask = batch.quality != Quality.MISSING
        return relevant & measured

    def _stirred(self, batch: Batch, places: I64, doubts: Doubts, rows: int) -> Mask:
        """Which of these samples are of a twin for which something may begin, go on or end in this batch."""
        row, signal, value = batch.row[places], batch.signal[places], batch.value[places]
        stirs: Mask = (batch.quality[places] != Quality.GOOD) | ~np.isfinite(value)
        stirs |= batch.reason[places] == Reason.DISCONNECTED
        for number, rule in enumerate(self._rules):
            mine = np.flatnonzero(signal == self._signals[number])
            stirs[mine] |= self.floor.busy[number, row[mine] + 1] | _stirring(rule, value[mine])
        twins = np.zeros(rows, np.bool_)
        twins[row[stirs]] = True
        twins[[twin for _, twin in doubts]] = True
        stirred: Mask = twins[row]
        return stirred

    def _pass_over(self, batch: Batch, places: I64) -> None:
        """Take note of good samples that are far from every limit."""
        places = places[self.wanted[batch.signal[places]]]
        row, signal, moment = batch.row[places], batch.signal[places], batch.event_time[places]
        self.heard.hear(signal, row, batch.arrival[places])
        for number, of in enumerate(self._signals):
            mine = np.flatnonzero(signal == of)
            np.maximum.at(self.floor.last[number], row[mine] + 1, moment[mine])


def _stirring(rule: Rule, values: F64) -> Mask:
    """Which values stir a rule by themselves."""
    if isinstance(rule, Limit):
        return rule.passing(values)
    # What a change is compared with is taken in one after the other.
    return np.full(len(values), isinstance(rule, Change), np.bool_)


@final
class _Compiled:
    """What the compiled sweep needs to know of the rules, and the room that it works in."""

    __slots__ = ("_followed", "_kernels", "_lively", "_rules")

    def __init__(self, kernels: ModuleType, rules: Sequence[Rule], signals: Sequence[int], known: int) -> None:
        self._kernels = kernels
        kinds = np.array([_kind(rule, kernels) for rule in rules], np.int64)
        bounds = np.array([rule.value if isinstance(rule, Limit) else 0.0 for rule in rules], np.float64)
        of = [np.flatnonzero(np.array(signals, np.int64) == signal) for signal in range(known)]
        starts = np.cumsum([0, *map(len, of)], dtype=np.int64)
        self._rules = kinds, bounds, starts, np.concatenate([np.empty(0, np.int64), *of])
        self._followed, self._lively = np.zeros(known, np.bool_), np.zeros(0, np.bool_)

    def lively(self, batch: Batch, floor: Floor, heard: Heard, doubts: Doubts, rows: int) -> I64:
        """What `Sweep.lively` says."""
        if len(self._lively) < rows:
            self._lively = np.zeros(max(rows, 2 * len(self._lively)), np.bool_)
        doubted, places = np.array([*doubts], np.int64).reshape(-1, 2), np.empty(len(batch), np.int64)
        samples = (
            *(batch.row, batch.signal, batch.event_time, batch.arrival),
            *(batch.value, batch.quality, batch.reason),
        )
        standing, room = (floor.busy, floor.last), (self._followed, self._lively, np.empty(len(batch), np.int64))
        count = self._kernels.sweep(samples, self._rules, standing, heard.table, doubted, room, places)
        return places[:count]


def _kind(rule: Rule, kernels: ModuleType) -> int:
    if isinstance(rule, Limit):
        return int(kernels.ABOVE if rule.side == "above" else kernels.BELOW)
    return int(kernels.EVERY if isinstance(rule, Change) else kernels.NONE)
