"""Writing sessions down: what a client is told of its session is durable before it is told."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, final

from pollux.clock import SECOND
from pollux.connect.mqtt.common import Common
from pollux.connect.mqtt.lines import Lines
from pollux.connect.mqtt.link import Link
from pollux.connect.mqtt.memory import RegisterLike
from pollux.connect.mqtt.records import keys_of, stand_of, terms_of
from pollux.connect.mqtt.router import Router
from pollux.connect.mqtt.session import STORED, Key, Session

A_SWEEP: Final = 500
"""Sessions that are looked at in a sweep. What is written late only means that more is sent twice after a crash."""
AT_LEAST: Final = 60 * SECOND
"""How often it is written how far a session is that hears nothing: a start reads the log from there."""


@final
class Lasting:
    """The sessions that outlive their connection, and by a `register` a restart; without one nothing is written.

    Sessions that end with their connection cost nothing. The loop never waits for the disk: an answer that says
    something of a lasting session is held back, and its connection not read, until that is durable.
    """

    def __init__(
        self,
        register: RegisterLike | None,
        common: Common,
        lines: Lines,
        router: Router,
        *,
        later: Callable[[Callable[[], None]], None],
    ) -> None:
        self._register, self._common, self._lines, self._router = register, common, lines, router
        self._later = later
        self._written: dict[Key, tuple[Session, tuple[int, ...], int]] = {}
        self._leaving: dict[Key, int] = {}
        self._round: Iterator[Key] = iter(())

    # -- what clients are told ----------------------------------------------------------------------------------------

    def settle(self, session: Session, answer: Callable[[], None]) -> None:
        """Answer a client as soon as that is durable which the answer says of its session."""
        known = session.key in self._written or session.key in self._leaving
        if self._register is None or not (session.expiry or known):
            answer()
            return
        link = session.link
        link.owing += 1
        self._lines.interest(link)

        def written() -> None:
            self._later(lambda: self._settled(session, link, answer))

        if session.expiry:
            self.note(session, 0)
            self._register.put(keys_of(session.key)[0], terms_of(session), written)
        else:
            self._remove(session.key, written)

    def _settled(self, session: Session, link: Link, answer: Callable[[], None]) -> None:
        link.owing -= 1
        if link.dead:
            return
        answer()
        # It was not silent: it was not read.
        self._lines.table.heard[link.handle] = self._common.clock.now()
        self._lines.interest(link)
        self._router.dirty[session] = None

    # -- what changes without an answer -------------------------------------------------------------------------------

    def note(self, session: Session, now: int) -> None:
        """A session lasts; how far it is was written `now`, or not yet."""
        known = self._written.get(session.key)
        if known is None or known[0] is not session or now:
            self._written[session.key] = session, session.outbox.mark if now else (), now
            self._router.lasting = len(self._written)

    def parted(self, session: Session, now: int) -> None:
        """The client of a session has gone and may return."""
        if self._register is not None and not session.over:
            self.note(session, 0)
            self._register.put(keys_of(session.key)[0], terms_of(session))
            self._write(session, now)

    def ended(self, session: Session) -> None:
        """A session has ended for good."""
        known = self._written.get(session.key)
        if known is not None and known[0] is session:
            self._remove(session.key)

    def forget(self) -> None:
        """Leave nothing of those that have ended."""
        if self._register is not None:
            self._register.forget()

    def sweep(self, now: int) -> None:
        """Write how far sessions are, a bounded number at a time."""
        keys = list(islice(self._round, A_SWEEP))
        if len(keys) < A_SWEEP:
            self._round = iter(tuple(self._written))
        for key in keys:
            session, mark, at = self._written.get(key, (None, (), 0))
            if session is not None and (mark != session.outbox.mark or now - at > AT_LEAST):
                self._write(session, now)

    def close(self, *, whole: bool) -> None:
        """Write everything as it is now, and nothing after it."""
        if self._register is None:
            return
        for session, _, _ in self._written.values() if whole else ():
            self._register.put(keys_of(session.key)[0], terms_of(session))
            incoming = [packet_id for packet_id, state in session.incoming.items() if state == STORED]
            self._register.put(keys_of(session.key)[1], stand_of(session, self._router.place, incoming))
        self._register.close(whole=whole)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _write(self, session: Session, now: int) -> None:
        if self._register is not None:
            # Identifiers that came at QoS 2 hold for a whole record only: one that is outdated would hide a message.
            self._register.put(keys_of(session.key)[1], stand_of(session, self._router.place, []))
            self._written[session.key] = session, session.outbox.mark, now

    def _remove(self, key: Key, then: Callable[[], None] | None = None) -> None:
        assert self._register is not None
        self._written.pop(key, None)
        self._router.lasting = len(self._written)
        self._leaving[key] = self._leaving.get(key, 0) + 1
        terms, stand = keys_of(key)
        self._register.put(stand, None)
        self._register.put(terms, None, lambda: self._later(lambda: self._removed(key)))
        if then is not None:
            self._register.put(terms, None, then)

    def _removed(self, key: Key) -> None:
        self._leaving[key] -= 1
        if not self._leaving[key]:
            del self._leaving[key]
