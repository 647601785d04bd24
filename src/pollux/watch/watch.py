"""Hold rules against raw decoded values and keep the alarms they raise.

Nothing here knows a filter or a model, and nothing waits: batch in, changed alarms out. Time comes in with the samples
and with `tick`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import final

import msgspec
import numpy as np
from numpy.typing import NDArray

from pollux.columns.batch import Batch
from pollux.columns.quality import Quality, Reason
from pollux.watch.alarms import Alarm, AlarmBook, identity
from pollux.watch.recent import RecentExtremes
from pollux.watch.rules import Change, Limit, Rule, Severity, Silence

PERSISTENCE = 60_000_000_000
"""A doubted value that still stands after this long is believed (trust.md P13: a choice)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured value of one twin."""

    row: int
    twin: str
    moment: int
    value: float
    good: bool


@dataclass(slots=True)
class Standing:
    """Where one rule stands for one twin."""

    pending: int = 0
    alarm: str = ""
    last: int = 0


@dataclass(slots=True)
class Line:
    """A rule with its standing for each twin that ever came near it."""

    rule: Rule
    standing: dict[int, Standing] = field(default_factory=dict[int, Standing])
    recent: RecentExtremes | None = None


@final
class Watch:
    """The watch over all twins of one type.

    `signals` gives each signal's index in batches, `thing` is what a doubted value asks to be checked: "machine",
    "patient". Alarms go to `book`, which several types may share.
    """

    def __init__(
        self,
        type_name: str,
        signals: Mapping[str, int],
        rules: Sequence[Rule],
        *,
        book: AlarmBook,
        thing: str = "machine",
    ) -> None:
        self._type = type_name
        self._signals = dict(signals)
        self._names = {index: name for name, index in signals.items()}
        self._book = book
        self._thing = thing
        self._lines = [
            Line(rule, recent=RecentExtremes(rule.within) if isinstance(rule, Change) else None) for rule in rules
        ]
        self._heard: dict[tuple[int, int], int] = {}
        self._doubts: dict[tuple[int, int], str] = {}
        self._wanted = {signals[line.rule.signal] for line in self._lines if line.rule.signal in signals}

    def apply(self, batch: Batch, ids: Sequence[str]) -> list[Alarm]:
        """Hold a batch against the rules; what was raised, confirmed or ended comes back in order."""
        changed: list[Alarm] = []
        for index in np.flatnonzero(self._relevant(batch)):
            changed += self._sample(batch, int(index), ids)
        return changed

    def tick(self, now: int, ids: Sequence[str], beats: Mapping[str, int] | None = None) -> list[Alarm]:
        """Time has passed: silences, persistence and shelves."""
        changed = self._book.unshelve(now)
        for line in self._lines:
            if isinstance(line.rule, Silence):
                changed += self._silences(line, line.rule, now, ids, beats or {})
        return changed + self._persisting(now)

    def wants_repeat(self) -> list[tuple[int, str]]:
        """The rows and signals whose last value is doubted: a second reading is asked for."""
        return [(row, self._names[signal]) for (signal, row) in self._doubts]

    def _relevant(self, batch: Batch) -> NDArray[np.bool_]:
        """Samples that a rule looks at, or that are doubted or were."""
        relevant: NDArray[np.bool_] = np.isin(batch.signal, list(self._wanted))
        doubted = (batch.quality == Quality.UNCERTAIN) | (batch.quality == Quality.BAD)
        followed = {signal for signal, _ in self._doubts} | set(batch.signal[doubted].tolist())
        if followed:
            # A good value ends a doubt, also one that came earlier in the same batch.
            relevant |= np.isin(batch.signal, list(followed))
        return relevant

    def _sample(self, batch: Batch, index: int, ids: Sequence[str]) -> list[Alarm]:
        row, signal = int(batch.row[index]), int(batch.signal[index])
        quality, reason = int(batch.quality[index]), int(batch.reason[index])
        sample = Sample(row, ids[row], int(batch.event_time[index]), float(batch.value[index]), quality == Quality.GOOD)
        self._heard[signal, row] = max(self._heard.get((signal, row), 0), int(batch.arrival[index]))
        changed = self._doubt(signal, sample, Reason(reason))
        if not np.isfinite(sample.value) or reason == Reason.DISCONNECTED or quality == Quality.MISSING:
            return changed
        for line in self._lines:
            if line.rule.signal == self._names[signal]:
                changed += self._hold(line, sample)
        return changed

    def _hold(self, line: Line, sample: Sample) -> list[Alarm]:
        standing = line.standing.setdefault(sample.row, Standing())
        late = sample.moment < standing.last
        standing.last = max(standing.last, sample.moment)
        match line.rule:
            case Limit() as rule:
                return self._limit(rule, standing, sample, late)
            case Change() as rule if line.recent is not None:
                return self._change(rule, line.recent, standing, sample, late)
            case _:
                return self._end(standing, sample.moment)

    def _limit(self, rule: Limit, standing: Standing, sample: Sample, late: bool) -> list[Alarm]:
        if rule.passed(sample.value):
            if standing.alarm:
                return self._confirm(standing.alarm)
            standing.pending = standing.pending or sample.moment
            if sample.moment - standing.pending < rule.delay:
                return []
            return self._raise(rule, rule.title or rule.name, standing, sample, rule.words(sample.value))
        if late or (standing.alarm and not rule.ended(sample.value)):
            return []
        return self._end(standing, sample.moment)

    def _change(
        self, rule: Change, recent: RecentExtremes, standing: Standing, sample: Sample, late: bool
    ) -> list[Alarm]:
        recent.grow(sample.row + 1)
        recent.add(sample.row, sample.moment, sample.value)
        if late:
            return []
        if rule.side == "rise":
            change = sample.value - recent.lowest(sample.row, sample.moment)
        else:
            change = recent.highest(sample.row, sample.moment) - sample.value
        if not rule.passed(change):
            return self._end(standing, sample.moment)
        if standing.alarm:
            return self._confirm(standing.alarm)
        return self._raise(rule, rule.title or rule.name, standing, sample, rule.words(sample.value, change))

    def _silences(
        self, line: Line, rule: Silence, now: int, ids: Sequence[str], beats: Mapping[str, int]
    ) -> list[Alarm]:
        changed: list[Alarm] = []
        for row, last in self._last_heard(rule.signal, beats).items():
            standing = line.standing.setdefault(row, Standing())
            twin = ids[row] if row >= 0 else "house"
            if now - last > rule.after and not standing.alarm:
                sample = Sample(row, twin, last + rule.after, float("nan"), True)
                changed += self._raise(rule, rule.title or rule.name, standing, sample, rule.words(last))
            elif now - last <= rule.after and standing.alarm:
                changed += self._end(standing, last)
        return changed

    def _last_heard(self, name: str, beats: Mapping[str, int]) -> dict[int, int]:
        if name in beats:
            return {-1: beats[name]}
        wanted = self._signals.get(name)
        return {row: last for (signal, row), last in self._heard.items() if signal == wanted}

    def _doubt(self, signal: int, sample: Sample, reason: Reason) -> list[Alarm]:
        key = (signal, sample.row)
        standing = Standing(alarm=self._doubts.get(key, ""))
        if sample.good:
            return self._settled(key, standing, sample)
        if standing.alarm:
            return []
        name = self._names[signal]
        rule = Silence(name, 1, "medium")
        words = f"{name} reads {sample.value:g}, doubted: {reason.name.lower().replace('_', ' ')}; measure again"
        raised = self._raise(
            rule, f"Check the {self._thing} or the sensor", standing, sample, words, rule_name=f"{name}-doubted"
        )
        self._doubts[key] = standing.alarm
        return raised

    def _settled(self, key: tuple[int, int], standing: Standing, sample: Sample) -> list[Alarm]:
        """A good value ends a doubt, unless it is older than what was doubted."""
        if self._book.known(standing.alarm) and sample.moment < self._book.find(standing.alarm).raised:
            return []
        self._doubts.pop(key, None)
        return self._end(standing, sample.moment)

    def _persisting(self, now: int) -> list[Alarm]:
        """A doubted value that went on for long enough is believed."""
        waiting = [a for a in self._book if not a.confirmed and a.type == self._type and not a.cleared]
        return [changed for a in waiting if now - a.raised >= PERSISTENCE for changed in self._confirm(a.id)]

    def _confirm(self, alarm_id: str) -> list[Alarm]:
        if not self._book.known(alarm_id):
            return []
        alarm = self._book.find(alarm_id)
        if alarm.confirmed:
            return []
        alarm = replace(alarm, confirmed=True)
        self._book.put(alarm)
        return [alarm]

    def _raise(
        self, rule: Rule, title: str, standing: Standing, sample: Sample, words: str, *, rule_name: str = ""
    ) -> list[Alarm]:
        name = rule_name or rule.name
        standing.alarm = identity(self._type, sample.twin, name, sample.moment)
        if self._book.known(standing.alarm):
            return []
        severity: Severity = rule.severity
        believed = sample.good or bool(rule_name)
        alarm = Alarm(
            standing.alarm, self._type, sample.twin, name, rule.signal, severity, title, words, sample.value,
            sample.moment, confirmed=believed,
        )  # fmt: skip
        self._book.put(alarm)
        return [alarm]

    def _end(self, standing: Standing, moment: int) -> list[Alarm]:
        alarm_id, standing.alarm, standing.pending = standing.alarm, "", 0
        if not alarm_id or not self._book.known(alarm_id):
            return []
        alarm = replace(self._book.find(alarm_id), cleared=moment)
        self._book.put(alarm)
        return [alarm]

    def freeze(self) -> bytes:
        """The state as bytes, for a snapshot."""
        lines = [
            [
                [[row, s.pending, s.alarm, s.last] for row, s in line.standing.items()],
                line.recent.freeze() if line.recent else None,
            ]
            for line in self._lines
        ]
        heard = [[signal, row, at] for (signal, row), at in self._heard.items()]
        doubts = [[signal, row, alarm] for (signal, row), alarm in self._doubts.items()]
        return msgspec.msgpack.encode([lines, heard, doubts])

    def restore(self, frozen: bytes) -> None:
        """Take a state frozen under the same rules."""
        lines, heard, doubts = msgspec.msgpack.decode(frozen)
        for line, (standing, recent) in zip(self._lines, lines, strict=True):
            line.standing = {row: Standing(pending, alarm, last) for row, pending, alarm, last in standing}
            if line.recent and recent:
                line.recent.restore(recent)
        self._heard = {(signal, row): at for signal, row, at in heard}
        self._doubts = {(signal, row): alarm for signal, row, alarm in doubts}
