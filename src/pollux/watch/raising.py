"""How an alarm begins, is confirmed and ends; each occurrence is entered once, also when it is replayed."""

from dataclasses import dataclass, replace
from typing import final

from pollux.columns.quality import Reason
from pollux.watch.alarms import Alarm, AlarmBook, identity
from pollux.watch.rules import Rule, Severity
from pollux.watch.standings import Standings


@final
@dataclass(frozen=True, slots=True)
class Sample:
    """One measured value of one twin."""

    row: int
    twin: str
    moment: int
    value: float
    good: bool


@final
class Raising:
    """Enters the alarms of one type in the book; every method gives what has changed, in its new state."""

    def __init__(self, type_name: str, book: AlarmBook) -> None:
        self._type, self._book = type_name, book

    def stand(self, rule: Rule, standings: Standings, sample: Sample, words: str) -> list[Alarm]:
        """A rule is broken from now on."""
        title = rule.title or rule.name
        alarm = self._made(rule.name, rule.signal, rule.severity, title, sample, words, confirmed=sample.good)
        standings.stand(sample.row, alarm.id)
        return self._entered(alarm)

    def doubt(self, signal: str, thing: str, sample: Sample, reason: Reason) -> tuple[str, list[Alarm]]:
        """A value is doubted: what is asked to be checked is the thing, or its sensor. The alarm's name comes first."""
        words = f"{signal} reads {sample.value:g}, doubted: {reason.sentence}; measure again"
        title = f"Check the {thing} or the sensor"
        alarm = self._made(f"{signal}-doubted", signal, "medium", title, sample, words, confirmed=True)
        return alarm.id, self._entered(alarm)

    def confirm(self, alarm_id: str) -> list[Alarm]:
        """What an alarm says is believed."""
        if not self._book.known(alarm_id):
            return []
        alarm = self._book.find(alarm_id)
        if alarm.confirmed:
            return []
        return [self._put(replace(alarm, confirmed=True))]

    def end(self, alarm_id: str, moment: int) -> list[Alarm]:
        """What raised an alarm holds no more; nothing for an empty name."""
        if not alarm_id or not self._book.known(alarm_id):
            return []
        return [self._put(replace(self._book.find(alarm_id), cleared=moment))]

    def _made(
        self, rule: str, signal: str, severity: Severity, title: str, sample: Sample, words: str, *, confirmed: bool
    ) -> Alarm:
        name = identity(self._type, sample.twin, rule, sample.moment)
        return Alarm(
            name, self._type, sample.twin, rule, signal, severity, title, words, sample.value,
            sample.moment, confirmed=confirmed,
        )  # fmt: skip

    def _entered(self, alarm: Alarm) -> list[Alarm]:
        """The alarm, unless this occurrence was raised before."""
        return [] if self._book.known(alarm.id) else [self._put(alarm)]

    def _put(self, alarm: Alarm) -> Alarm:
        self._book.put(alarm)
        return alarm
