"""Who did and saw what: the entries of the log that persons caused."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, final

from pollux.clock import MINUTE
from pollux.guard import Identity
from pollux.remember import Note, Ticket
from pollux.show.facts import AuditEntry
from pollux.site.trailing import KIND as IDENTITY

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

ACTIONS = ("alarm", "order", "twin", "looked", IDENTITY)

REMEMBERED: Final = 10_000
"""Who looked at what within the last minute; beyond that everybody is written down once more."""


@final
class AuditRoom:
    """Reads the audit trail out of the log, and writes down who looked at personal data: once a minute and twin."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self._lock = threading.Lock()
        self._looked: dict[tuple[str, str], tuple[int, Ticket]] = {}

    def entries(self, after: int, limit: int) -> Sequence[AuditEntry]:
        found: list[AuditEntry] = []
        for record in self._live.log.read(after):
            entry = record.entry
            if isinstance(entry, Note) and entry.kind in ACTIONS:
                found.append(_entry(record.seq, record.arrival, entry))
                if len(found) == limit:
                    break
        return found

    def looked(self, who: Identity, target: str) -> Ticket:
        live, now = self._live, self._live.clock.now()
        minute, key = now // MINUTE, (who.name, target)
        # Held while it is written: who looks at the same moment waits for the same entry, and a failed one is no entry.
        with self._lock:
            known = self._looked.get(key)
            if known is not None and known[0] == minute and known[1].failure is None:
                return known[1]
            if len(self._looked) >= REMEMBERED:
                self._looked.clear()
            ticket = live.note(self._note(who, target, now))
            self._looked[key] = minute, ticket
            return ticket

    def _note(self, who: Identity, target: str, now: int) -> Note:
        live, (type_, _, twin) = self._live, target.partition("/")
        subject = live.subject_of(type_, twin.partition("/")[0]) if type_ in live.site.declared else None
        return Note("looked", {"at": now, "who": who.name, "target": target}, live.estate.tenant, subject)


def _entry(seq: int, at: int, note: Note) -> AuditEntry:
    body = note.body
    target = str(body.get("target") or body.get("id") or f"{body.get('type', '')}/{body.get('twin', '')}")
    what = note.kind if note.kind == "looked" else f"{note.kind} {body.get('action', '')}"
    # Changes of accounts come out of the spool, so their own time is earlier than that of the entry.
    at = int(body.get("when", at))
    return AuditEntry(seq, at, str(body.get("who", "")), what, target, str(body.get("reason", "")))
