"""Alarms and their states, in the manner of ISA-18.2: raised, acknowledged, returned to normal, shelved.

An alarm has an identity made of the twin, the rule and the event time at which it was raised, so that a replay of the
log raises the same alarm and not another one. It leaves the book only when it is over and somebody has seen it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, final

from pollux.errors import NotFound, PolluxError
from pollux.watch.rules import SEVERITIES, Severity

State = Literal["unacknowledged", "acknowledged", "returned", "over", "shelved"]


@final
class AlarmRefused(PolluxError):
    """An acknowledgement or a shelf without what it needs."""


@final
@dataclass(frozen=True, slots=True)
class Alarm:
    """One occurrence of something that stands out.

    Times are nanoseconds UTC. `confirmed` is false while the value that raised it is doubted. `shelved_until` is zero
    when the alarm is not shelved.
    """

    id: str
    type: str
    twin: str
    rule: str
    signal: str
    severity: Severity
    title: str
    detail: str
    value: float
    raised: int
    confirmed: bool = True
    cleared: int = 0
    acknowledged_by: str = ""
    acknowledged_at: int = 0
    reason: str = ""
    shelved_until: int = 0
    shelved_by: str = ""

    @property
    def state(self) -> State:
        """Where the alarm is in its life."""
        if self.shelved_until:
            return "shelved"
        if self.cleared:
            return "over" if self.acknowledged_at else "returned"
        return "acknowledged" if self.acknowledged_at else "unacknowledged"

    @property
    def active(self) -> bool:
        """Whether what raised it still holds."""
        return not self.cleared


def identity(type_name: str, twin: str, rule: str, raised: int) -> str:
    """The name of an occurrence: the same in every replay.

    >>> identity("Pump", "P-7", "temp-above-350", 1_000_000_000)
    'Pump~P-7~temp-above-350~1000000000'
    """
    return f"{type_name}~{twin}~{rule}~{raised}"


@final
class AlarmBook:
    """The alarms that somebody must still see, and a bounded past of those that are over.

    When `capacity` open alarms are reached, the oldest of the lowest severity makes room, or a newcomer of a lower one
    is not entered; both are counted in `shed`. A high alarm is never shed for a lesser one.
    """

    def __init__(self, *, capacity: int = 10_000, past: int = 1_000) -> None:
        self._open: dict[str, Alarm] = {}
        self._past: dict[str, Alarm] = {}
        self._capacity = capacity
        self._keep = past
        self.shed = 0

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Alarm]:
        return iter(sorted(self._open.values(), key=lambda a: (SEVERITIES.index(a.severity), -a.raised, a.id)))

    def past(self) -> tuple[Alarm, ...]:
        """What is over, oldest first."""
        return tuple(self._past.values())

    def find(self, alarm_id: str) -> Alarm:
        """One alarm; raises NotFound."""
        found = self._open.get(alarm_id) or self._past.get(alarm_id)
        if found is None:
            raise NotFound(f"no alarm {alarm_id!r}")
        return found

    def known(self, alarm_id: str) -> bool:
        """Whether this occurrence was raised before."""
        return alarm_id in self._open or alarm_id in self._past

    def put(self, alarm: Alarm) -> None:
        """Enter an alarm or its new state."""
        if alarm.state == "over":
            self._open.pop(alarm.id, None)
            self._past[alarm.id] = alarm
            self._forget()
            return
        if alarm.id in self._open or len(self._open) < self._capacity or self._make_room(alarm):
            self._open[alarm.id] = alarm

    def acknowledge(self, alarm_id: str, *, who: str, reason: str, at: int) -> Alarm:
        """Somebody has seen it and says why it may stand; without a reason it is refused."""
        alarm = self.find(alarm_id)
        if not reason.strip():
            raise AlarmRefused("expected a reason, got none", at=alarm_id, hint="say what you saw or did")
        if not alarm.acknowledged_at:
            alarm = replace(alarm, acknowledged_by=who, acknowledged_at=at, reason=reason.strip())
            self.put(alarm)
        return alarm

    def shelve(self, alarm_id: str, *, who: str, reason: str, until: int, at: int) -> Alarm:
        """Put it out of sight until a moment, which must lie in the future; it comes back by itself."""
        alarm = self.find(alarm_id)
        if not reason.strip() or until <= at:
            raise AlarmRefused("expected a reason and a time in the future", at=alarm_id)
        alarm = replace(alarm, shelved_until=until, shelved_by=who, reason=reason.strip())
        self.put(alarm)
        return alarm

    def unshelve(self, now: int) -> list[Alarm]:
        """Take those whose time has come off the shelf."""
        due = [replace(a, shelved_until=0, shelved_by="") for a in self._open.values() if 0 < a.shelved_until <= now]
        for alarm in due:
            self.put(alarm)
        return due

    def _make_room(self, newcomer: Alarm) -> bool:
        self.shed += 1
        weakest = max(self._open.values(), key=lambda a: (SEVERITIES.index(a.severity), -a.raised))
        if SEVERITIES.index(weakest.severity) < SEVERITIES.index(newcomer.severity):
            return False
        del self._open[weakest.id]
        return True

    def _forget(self) -> None:
        while len(self._past) > self._keep:
            del self._past[next(iter(self._past))]
