"""What stands out, and who has seen it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from pollux.guard import Identity
from pollux.remember import Note
from pollux.watch import Alarm

if TYPE_CHECKING:
    from pollux.site.live import LiveSite


@final
class AlarmsRoom:
    """The alarms of a tenant; acknowledging and shelving are entries of the log before they take effect."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live

    def list(self, *, at: int | None = None) -> Sequence[Alarm]:
        live = self._live
        if at is not None:
            return tuple(live.as_of.estate(at, None).alarms)
        with live.pipe.lock:
            return tuple(live.estate.alarms)

    def past(self, type_: str, twin: str, start: int, end: int) -> Sequence[Alarm]:
        live = self._live
        with live.pipe.lock:
            known = (*live.estate.alarms.past(), *live.estate.alarms)
        return [one for one in known if (one.type, one.twin) == (type_, twin) and start <= one.raised < end]

    def find(self, alarm: str) -> Alarm:
        with self._live.pipe.lock:
            return self._live.estate.alarms.find(alarm)

    def acknowledge(self, alarm: str, *, who: Identity, reason: str) -> Alarm:
        return self._note(alarm, {"action": "acknowledge", "who": who.name, "reason": reason})

    def shelve(self, alarm: str, *, who: Identity, reason: str, until: int) -> Alarm:
        return self._note(alarm, {"action": "shelve", "who": who.name, "reason": reason, "until": until})

    def _note(self, alarm: str, body: "dict[str, object]") -> Alarm:
        live = self._live
        with live.pipe.lock:
            found = live.estate.alarms.find(alarm)
            subject = live.subject_of(found.type, found.twin) if found.type in live.site.declared else None
            ticket = live.note(
                Note("alarm", {"at": live.clock.now(), "id": alarm, **body}, live.estate.tenant, subject)
            )
        ticket.wait()
        return self.find(alarm)
