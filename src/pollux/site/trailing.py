"""The audit trail of a site's identity: what the accounts' spool holds goes into the log, each entry exactly once.

An entry is appended, waits for the disk, and only then leaves the spool. Whatever a crash interrupts, the estate that
is built from the log knows which of the entries in the spool it holds already. Attempts to come in that failed are
counted, and written down once an hour.
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, final

from pollux.clock import HOUR, SimulatedClock
from pollux.errors import PolluxError
from pollux.guard.spool import SITE, Spool, Spooled
from pollux.remember import Note, Ticket
from pollux.show.facts import Metric
from pollux.site.taken import BATCH

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

KIND: Final = "identity"
"""The kind of these entries of the log."""

PATIENCE: Final = 5.0
"""Seconds that a closing site waits for the disk; what is not durable then stays in the spool."""

ERASED: Final = "somebody who was erased"

REASONS: Final = 5
"""Reasons that are named in the entry of an hour."""

_LOG = logging.getLogger(__name__)


@final
class Trailing:
    """Takes entries over, a batch a turn. Time that is moved by hand takes none: its log is a function of its run."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self._lock = threading.Lock()
        self._appended: dict[str, Ticket] = {}
        """What this process has appended and not removed from the spool yet, by key."""
        self._hour = live.accounts.now() // HOUR

    def turn(self) -> None:
        """Take over what waits, and count at the end of an hour."""
        if isinstance(self._live.clock, SimulatedClock):
            return
        hour = self._live.accounts.now() // HOUR
        if hour != self._hour:
            self._hour = hour
            self.count()
        self.take()

    def take(self) -> bool:
        """Remove from the spool what is durable by now, and append the next batch; whether anything waits."""
        with self._lock:
            return self._take(self._live.accounts.spool)

    def _take(self, spool: Spool) -> bool:
        if any(not ticket.durable for ticket in self._appended.values()):
            return True  # also for ever, where the log takes nothing any more: the spool keeps it all
        if self._appended:
            spool.remove(self._appended)
            self._appended = {}
        found = spool.waiting(BATCH)
        known = [one.key for one in found if one.key in self._live.estate.taken]
        if known:
            spool.remove(known)  # the log has had them since before this process began
        for one in found:
            if one.key not in known:
                self._appended[one.key] = self._live.note(self._note(one))
        return bool(found)

    def close(self) -> None:
        """Take over all that waits, within what the disk allows."""
        live = self._live
        if isinstance(live.clock, SimulatedClock) or not live.log.health.accepting:
            return
        try:
            self.count()
            while self.take():
                if not all(ticket.wait(PATIENCE) for ticket in [*self._appended.values()]):
                    return
        except PolluxError as error:
            _LOG.error("audit entries wait in the accounts' file for the next start: %s", error)

    def metrics(self) -> list[Metric]:
        """How many entries wait for the log."""
        about = "Changes of accounts and certificates that are not in the log yet."
        return [Metric("pollux_audit_waiting", "gauge", about, (({}, len(self._live.accounts.spool)),))]

    def count(self) -> None:
        """Write down how many attempts failed since this was done last."""
        counts = self._live.gate.attempts.taken()
        if not counts:
            return
        body = {"who": SITE, "action": "refused", "target": f"{sum(counts.values())} attempts", "reason": _most(counts)}
        live = self._live
        live.note(Note(KIND, {"at": live.clock.now(), **body}, live.estate.tenant))

    def _note(self, one: Spooled) -> Note:
        live = self._live
        if one.subject is not None and not live.keys.knows(one.subject):
            # That it happened is kept; about whom, and by whom where that is the same, went with the person.
            who = SITE if one.who == one.target else one.who
            one = replace(one, who=who, target=ERASED, detail="", subject=None)
        place = f"{one.tenant}/{one.target}" if one.tenant else one.target
        said = {"who": one.who, "action": one.action, "target": place, "reason": one.detail}
        # `at` is the site's own time, by which its state is known; `when` is that of whoever did it.
        body = {"at": live.clock.now(), "when": one.at, "key": one.key, **said}
        return Note(KIND, body, live.estate.tenant, one.subject)


def _most(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    rest = sum(count for _, count in ordered[REASONS:])
    return "; ".join([f"{count} x {why}" for why, count in ordered[:REASONS]] + ([f"{rest} x others"] if rest else []))
