"""Announcements for those who look: what else changed than a value."""

import threading
from collections import deque
from typing import final

from pollux.show.facts import Announcement, News, Topic
from pollux.site.estate import Applied
from pollux.watch.site import SITE

KEPT = 10_000


@final
class NewsRoom:
    """A bounded, numbered list of announcements and of the progress of runs; the oldest are forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: deque[tuple[int, Announcement | tuple[str, float, str]]] = deque(maxlen=KEPT)
        self._position = 0

    def tell(self, applied: Applied) -> None:
        """What an entry changed besides values."""
        for alarm in applied.alarms:
            # Of the site's own no twin is named: whoever may see them finds them in the list.
            self.say("alarms", None if alarm.type == SITE else f"{alarm.type}/{alarm.twin}")
        if applied.refusals:
            self.say("refusals")
        for twin in applied.newcomers:
            self.say("twins", twin)
        if applied.orders:
            self.say("commands", None)

    def say(self, what: Topic, twin: str | None = None) -> None:
        """Something has changed: who shows it asks again."""
        self._keep(Announcement(what, twin))

    def progress(self, fork: str, share: float, words: str) -> None:
        """How far a run has come."""
        self._keep((fork, share, words))

    def since(self, after: int) -> News:
        """What was said behind a position."""
        with self._lock:
            mine = [one for position, one in self._said if position > after]
            position = self._position
        said = tuple(dict.fromkeys(one for one in mine if isinstance(one, Announcement)))
        return News(position, said, tuple(one for one in mine if isinstance(one, tuple)))

    def _keep(self, one: Announcement | tuple[str, float, str]) -> None:
        with self._lock:
            self._position += 1
            self._said.append((self._position, one))
