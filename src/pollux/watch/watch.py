"""Hold rules against raw decoded values and keep the alarms they raise.

Nothing here knows a filter or a model, and nothing waits: batch in, changed alarms out. Time comes in with the samples
and with `tick`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

import msgspec
import numpy as np

from pollux.columns.batch import Batch
from pollux.columns.quality import Quality, Reason
from pollux.errors import StorageError
from pollux.watch.alarms import Alarm, AlarmBook
from pollux.watch.heard import Heard
from pollux.watch.raising import Raising, Sample
from pollux.watch.recent import RecentExtremes
from pollux.watch.rules import Change, Limit, Rule, Silence
from pollux.watch.standings import HOUSE, Standings
from pollux.watch.sweeping import Sweep

PERSISTENCE = 60_000_000_000
"""A doubted value that still stands after this long is believed (trust.md P13: a choice)."""

NOWHERE: Final = -1
"""The signal of a rule about something that is no signal of the type."""

FORM: Final = "columns"
"""The form of a frozen watch."""


@final
@dataclass(slots=True)
class Line:
    """A rule with its standing for each twin that ever came near it."""

    rule: Rule
    signal: int
    standings: Standings
    recent: RecentExtremes | None = None


@final
class Watch:
    """The watch over all twins of one type.

    `signals` gives each signal's index in batches, `thing` is what a doubted value asks to be checked: "machine",
    "patient". Alarms go to `book`, which several types may share.

    Most samples are good and far from every limit: they are passed over in one sweep. The others, with all that came of
    the same twins beside them, are held against the rules one after the other.
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
        self._alarms = Raising(type_name, book)
        self._thing = thing
        of = [signals.get(rule.signal, NOWHERE) for rule in rules]
        self._sweep = Sweep(rules, of, len(signals))
        self._lines = [
            Line(
                rule,
                of[number],
                Standings(self._sweep.floor, number),
                recent=RecentExtremes(rule.within) if isinstance(rule, Change) else None,
            )
            for number, rule in enumerate(rules)
        ]
        self._doubts: dict[tuple[int, int], str] = {}

    def compile(self) -> bool:
        """Sweep compiled from the next batch on; False where numba is missing."""
        return self._sweep.compile()

    def apply(self, batch: Batch, ids: Sequence[str]) -> list[Alarm]:
        """Hold a batch against the rules; what was raised, confirmed or ended comes back in order."""
        if not (self._lines or self._doubts or (batch.quality != Quality.GOOD).any()):
            return []
        places = self._sweep.lively(batch, self._doubts, len(ids))
        changed: list[Alarm] = []
        for index in places.tolist():
            changed += self._sample(batch, index, ids)
        return changed

    def tick(self, now: int, ids: Sequence[str], beats: Mapping[str, int] | None = None) -> list[Alarm]:
        """Time has passed: silences, persistence and shelves."""
        self._sweep.heard.grow(len(ids))
        self._sweep.floor.grow(len(ids))
        changed = self._book.unshelve(now)
        for line in self._lines:
            if isinstance(line.rule, Silence):
                changed += self._silences(line, line.rule, now, ids, beats or {})
        return changed + self._persisting(now)

    def forget(self, row: int, moment: int) -> list[Alarm]:
        """The twin of a row is gone: whoever gets the row begins anew, and what was raised of it ends."""
        self._sweep.heard.forget(row)
        gone = [self._doubts.pop(key) for key in [*self._doubts] if key[1] == row]
        for line in self._lines:
            gone.append(line.standings.forget(row))
            if line.recent is not None:
                line.recent.forget(row)
        return [ended for alarm in gone for ended in self._alarms.end(alarm, moment)]

    def wants_repeat(self) -> list[tuple[int, str]]:
        """The rows and signals whose last value is doubted: a second reading is asked for."""
        return [(row, self._names[signal]) for (signal, row) in self._doubts]

    # -- one by one ---------------------------------------------------------------------------------------------------

    def _sample(self, batch: Batch, index: int, ids: Sequence[str]) -> list[Alarm]:
        row, signal = int(batch.row[index]), int(batch.signal[index])
        reason, good = Reason(int(batch.reason[index])), bool(batch.quality[index] == Quality.GOOD)
        sample = Sample(row, ids[row], int(batch.event_time[index]), float(batch.value[index]), good)
        if self._sweep.wanted[signal]:
            self._sweep.heard.hear_one(signal, row, int(batch.arrival[index]))
        changed = self._doubt(signal, sample, reason)
        if not np.isfinite(sample.value) or reason == Reason.DISCONNECTED:
            return changed
        for line in self._lines:
            if line.signal == signal:
                changed += self._hold(line, sample)
        return changed

    def _hold(self, line: Line, sample: Sample) -> list[Alarm]:
        late = line.standings.look(sample.row, sample.moment)
        match line.rule:
            case Limit() as rule:
                return self._limit(rule, line.standings, sample, late)
            case Change() as rule if line.recent is not None:
                return self._change(rule, line.recent, line.standings, sample, late)
            case _:
                return self._alarms.end(line.standings.end(sample.row), sample.moment)

    def _limit(self, rule: Limit, standings: Standings, sample: Sample, late: bool) -> list[Alarm]:
        alarm = standings.alarm(sample.row)
        if rule.passed(sample.value):
            if alarm:
                return self._alarms.confirm(alarm)
            if sample.moment - standings.since(sample.row, sample.moment) < rule.delay:
                return []
            return self._alarms.stand(rule, standings, sample, rule.words(sample.value))
        if late or (alarm and not rule.ended(sample.value)):
            return []
        return self._alarms.end(standings.end(sample.row), sample.moment)

    def _change(
        self, rule: Change, recent: RecentExtremes, standings: Standings, sample: Sample, late: bool
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
            return self._alarms.end(standings.end(sample.row), sample.moment)
        alarm = standings.alarm(sample.row)
        if alarm:
            return self._alarms.confirm(alarm)
        return self._alarms.stand(rule, standings, sample, rule.words(sample.value, change))

    def _silences(
        self, line: Line, rule: Silence, now: int, ids: Sequence[str], beats: Mapping[str, int]
    ) -> list[Alarm]:
        changed: list[Alarm] = []
        standings = line.standings
        for row, last in self._turned(line, rule, now, beats, len(ids)):
            if standings.alarm(row):
                changed += self._alarms.end(standings.end(row), last)
                continue
            twin = ids[row] if row != HOUSE else "house"
            sample = Sample(row, twin, last + rule.after, float("nan"), True)
            changed += self._alarms.stand(rule, standings, sample, rule.words(last))
        return changed

    def _turned(
        self, line: Line, rule: Silence, now: int, beats: Mapping[str, int], rows: int
    ) -> Iterator[tuple[int, int]]:
        """The rows that fell silent or are heard again, with their last reading."""
        if rule.signal in beats:
            last = beats[rule.signal]
            if (now - last > rule.after) != bool(line.standings.alarm(HOUSE)):
                yield HOUSE, last
        elif line.signal != NOWHERE:
            heard = self._sweep.heard.last(line.signal)[:rows]
            silent = (heard > 0) & (now - heard > rule.after)
            for row in np.flatnonzero(silent != line.standings.busy[1 : rows + 1]).tolist():
                yield row, int(heard[row])

    def _doubt(self, signal: int, sample: Sample, reason: Reason) -> list[Alarm]:
        key = (signal, sample.row)
        standing = self._doubts.get(key, "")
        if sample.good:
            return self._settled(key, standing, sample)
        if standing or reason is Reason.GAP:
            # The first value after a gap says nothing against the sensor: silences have rules of their own.
            return []
        self._doubts[key], raised = self._alarms.doubt(self._names[signal], self._thing, sample, reason)
        return raised

    def _settled(self, key: tuple[int, int], standing: str, sample: Sample) -> list[Alarm]:
        """A good value ends a doubt, unless it is older than what was doubted."""
        if self._book.known(standing) and sample.moment < self._book.find(standing).raised:
            return []
        self._doubts.pop(key, None)
        return self._alarms.end(standing, sample.moment)

    def _persisting(self, now: int) -> list[Alarm]:
        """A doubted value that went on for long enough is believed."""
        waiting = [a for a in self._book if not a.confirmed and a.type == self._type and not a.cleared]
        return [changed for a in waiting if now - a.raised >= PERSISTENCE for changed in self._alarms.confirm(a.id)]

    # -- snapshots ----------------------------------------------------------------------------------------------------

    def freeze(self) -> bytes:
        """The state as bytes, for a snapshot."""
        lines = [[line.standings.freeze(), line.recent.freeze() if line.recent else None] for line in self._lines]
        doubts = [[signal, row, alarm] for (signal, row), alarm in self._doubts.items()]
        return msgspec.msgpack.encode([FORM, lines, self._sweep.heard.freeze(), doubts])

    def restore(self, frozen: bytes) -> None:
        """Take a state frozen under the same rules; raises StorageError for one of another form."""
        form, *parts = msgspec.msgpack.decode(frozen)
        if form != FORM:
            raise StorageError(f"expected the state of a watch in form {FORM}, got another", at=self._type)
        lines, heard, doubts = parts
        for line, (standings, recent) in zip(self._lines, lines, strict=True):
            line.standings.restore(standings)
            if line.recent and recent:
                line.recent.restore(recent)
        self._sweep.heard = Heard.of(heard, len(self._signals))
        self._doubts = {(signal, row): alarm for signal, row, alarm in doubts}
