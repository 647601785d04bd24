"""Who did and saw what: the entries of the log that persons caused."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from pollux.guard import Identity
from pollux.remember import Note
from pollux.show.facts import AuditEntry

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

ACTIONS = ("alarm", "order", "twin", "looked")


@final
class AuditRoom:
    """Reads the audit trail out of the log, and writes down who looked at personal data: once a minute and twin."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self._lock = threading.Lock()
        self._looked: dict[tuple[str, str], int] = {}

    def entries(self, after: int, limit: int) -> Sequence[AuditEntry]:
        found: list[AuditEntry] = []
        for record in self._live.log.read(after):
            entry = record.entry
            if isinstance(entry, Note) and entry.kind in ACTIONS:
                found.append(_entry(record.seq, record.arrival, entry))
                if len(found) == limit:
                    break
        return found

    def looked(self, who: Identity, target: str) -> None:
        live, now = self._live, self._live.clock.now()
        minute = now // 60_000_000_000
        with self._lock:
            if self._looked.get((who.name, target)) == minute:
                return
            if len(self._looked) > 10_000:
                self._looked.clear()
            self._looked[who.name, target] = minute
        type_, _, twin = target.partition("/")
        known = type_ in live.site.declared
        subject = live.subject_of(type_, twin.partition("/")[0]) if known else None
        live.note(Note("looked", {"at": now, "who": who.name, "target": target}, live.estate.tenant, subject))


def _entry(seq: int, at: int, note: Note) -> AuditEntry:
    body = note.body
    target = str(body.get("target") or body.get("id") or f"{body.get('type', '')}/{body.get('twin', '')}")
    what = note.kind if note.kind == "looked" else f"{note.kind} {body.get('action', '')}"
    return AuditEntry(seq, at, str(body.get("who", "")), what, target, str(body.get("reason", "")))
