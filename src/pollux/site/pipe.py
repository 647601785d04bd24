"""The pipe: everything that changes a site goes through here, one entry after the other.

Log first, then state, then effects; what leaves the site waits until the entry is durable.
"""

import threading
from collections.abc import Callable, Mapping
from typing import final

from pollux.clock import stopwatch
from pollux.columns.frames import Frames
from pollux.remember import Log, Note, Ticket
from pollux.site.estate import Applied, Estate

Told = Callable[[str, Applied, int], None]
"""Tenant, what was applied, position: called under the pipe's lock, so it only takes note."""

Durable = Callable[[str, Applied, float], None]
"""Tenant, what was applied, and when it was taken, on the stopwatch: called by the log's thread once it is durable."""


@final
class Pipe:
    """Serialises all entries: the order in the log is the order in which the estates change.

    `lock` is also what readers hold while they copy rows out.
    """

    def __init__(self, log: Log, estates: Mapping[str, Estate], *, told: Told, durable: Durable) -> None:
        self.lock = threading.RLock()
        self._log = log
        self._estates = estates
        self._told = told
        self._durable = durable

    def push(self, frames: Frames) -> Ticket:
        """Take raw frames of any tenant; blocks while the log is behind, raises when it takes nothing."""
        with self.lock:
            begun = stopwatch()
            ticket = self._log.append(frames)
            for tenant, part in frames.by_tenant():
                estate = self._estates.get(tenant)
                if estate is not None:
                    self._effect(tenant, estate.take_in(part, ticket.seq), ticket, begun)
        return ticket

    def note(self, note: Note) -> Ticket:
        """Take something that was decided or that time brought.

        What the estate refuses is raised to who asked; it stands in the log as asked, and a replay refuses it too.
        """
        with self.lock:
            begun = stopwatch()
            ticket = self._log.append(note)
            estate = self._estates.get(note.tenant)
            if estate is not None:
                self._effect(note.tenant, estate.take_note(note, ticket.seq), ticket, begun)
        return ticket

    def _effect(self, tenant: str, applied: Applied, ticket: Ticket, begun: float) -> None:
        self._told(tenant, applied, ticket.seq)
        ticket.then(self._durable, tenant, applied, begun)
