"""What an open site does about its identity because time passes: lists are kept, what ends soon is an alarm, and what
was changed goes into the audit trail."""

import logging
from typing import TYPE_CHECKING, Any, final

from pollux.clock import MINUTE
from pollux.errors import PolluxError
from pollux.remember import Note
from pollux.site.endings import Ending
from pollux.site.trailing import Trailing
from pollux.watch.site import SITE

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

_LOG = logging.getLogger(__name__)


@final
class Guarding:
    """The turns of a site's identity. An alarm is raised once, and ended by the renewal of what it is about."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self._version, self._looked = -1, 0
        self._told: set[str] = set()
        self.trail = Trailing(live)

    def turn(self) -> None:
        """What has come due."""
        live = self._live
        self.trail.turn()
        if live.secure is None:
            return
        live.secure.keep()
        now = live.accounts.now()
        if live.accounts.version != self._version or now - self._looked >= MINUTE:
            self._version, self._looked = live.accounts.version, now
            self.look()

    def look(self) -> None:
        """Raise what ends soon or has ended, end what was renewed."""
        assert self._live.secure is not None
        try:
            wanted = {one.rule: one for one in self._live.secure.endings()}
        except (PolluxError, OSError, ValueError) as error:
            _LOG.error("it cannot be said what ends soon: %s", error)
            return
        with self._live.pipe.lock:
            standing = self._standing()
            for rule in standing.keys() - wanted.keys():
                self._note({"action": "end", "id": standing[rule]})
            # A full book may have shed one of them: it is not raised again and again.
            self._told &= wanted.keys()
            for rule in sorted(wanted.keys() - standing.keys() - self._told):
                self._note({"action": "raise", **_said(wanted[rule])})
                self._told.add(rule)

    def _standing(self) -> dict[str, str]:
        return {alarm.rule: alarm.id for alarm in self._live.estate.alarms if alarm.type == SITE and alarm.active}

    def _note(self, body: dict[str, Any]) -> None:
        live = self._live
        live.note(Note("site", {"at": live.clock.now(), **body}, live.estate.tenant))


def _said(one: Ending) -> dict[str, str]:
    return {
        "twin": one.about,
        "rule": one.rule,
        "severity": one.severity,
        "title": one.title,
        "detail": one.detail,
    }
