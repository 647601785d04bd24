"""Sessions without a connection: kept for their time, within bounds, until their client returns or they end."""

from collections.abc import Callable
from typing import final

from pollux.clock import SECOND
from pollux.connect.mqtt.counters import Counters
from pollux.connect.mqtt.limits import Limits
from pollux.connect.mqtt.session import Key, Session


@final
class Keeping:
    """The absent, the one that left first at the front.

    When there are too many, the one that has been away for longest is ended. All that waits for them together has a
    bound, too: beyond it the oldest message of whoever is to get one more gives way. `ended` is told of each session
    that ends here, `due` of each whose will is to be published now.
    """

    def __init__(
        self, limits: Limits, counters: Counters, *, ended: Callable[[Session], None], due: Callable[[Session], None]
    ) -> None:
        self._limits, self._counters, self._ended, self._due = limits, counters, ended, due
        self._kept: dict[Key, Session] = {}
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, session: Session, now: int) -> None:
        """A client has gone and may return."""
        session.until = now + session.expiry * SECOND
        self._kept[session.key] = session
        self.weigh(session)
        if self.bytes > self._limits.kept_bytes:
            # What was sent and not confirmed cannot give way by itself.
            self._drop(session)
        elif len(self._kept) > self._limits.sessions:
            self._drop(next(iter(self._kept.values())))

    def restore(self, session: Session, until: int) -> None:
        """A session from before a restart, whose client may return until then."""
        session.until = until
        self._kept[session.key] = session
        if len(self._kept) > self._limits.sessions:
            self._drop(next(iter(self._kept.values())))

    def take(self, key: Key, now: int) -> Session | None:
        """The session of a client that returns in time."""
        session = self._kept.get(key)
        if session is not None and session.until <= now:
            self._expire(session)
            return None
        if session is not None:
            self._remove(session)
        return session

    def weigh(self, session: Session) -> None:
        """Count what waits for an absent session, and keep the sum within its bound."""
        size = session.outbox.bytes
        self.bytes += size - session.weighed
        session.weighed = size
        while self.bytes > self._limits.kept_bytes and (less := session.outbox.drop_oldest()):
            session.weighed -= less
            self.bytes -= less

    def end(self, session: Session) -> None:
        """A session that is kept ends for good."""
        self._remove(session)
        self.give_up(session)

    def give_up(self, session: Session) -> None:
        """A session that was taken ends for good; a will that still waits is published."""
        if session.will_due:
            self._due(session)
        self._ended(session)

    def sweep(self, now: int) -> None:
        """End what has been away for too long, and publish wills whose delay is over."""
        for session in list(self._kept.values()):
            if session.until <= now:
                self._expire(session)
            elif 0 < session.will_due <= now:
                self._due(session)

    def end_unless(self, alive: Callable[[Session], bool]) -> int:
        """End the sessions of identities that are no longer let in: how many."""
        over = [session for session in self._kept.values() if not alive(session)]
        for session in over:
            self.end(session)
        return len(over)

    def _drop(self, session: Session) -> None:
        self._counters.dropped_sessions += 1
        self.end(session)

    def _expire(self, session: Session) -> None:
        self._counters.expired_sessions += 1
        self.end(session)

    def _remove(self, session: Session) -> None:
        del self._kept[session.key]
        self.bytes -= session.weighed
        session.weighed = 0
