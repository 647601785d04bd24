"""DTLS sessions of peers: cookies before anything is remembered, handshakes in memory, and an end to each.

Nobody costs memory before it has shown, by a cookie, that it hears what is sent to its address, and what it is sent
until then is shorter than what it sent (RFC 6347, section 4.2.1). A peer that begins anew keeps its older session until
the newer one is complete.
"""

import contextlib
import hashlib
from collections.abc import Callable
from typing import Any, Final, Protocol, final

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from pollux.connect.coap.counters import Counters
from pollux.connect.coap.datagrams import Address
from pollux.connect.coap.limits import Limits
from pollux.connect.coap.peers import Peer
from pollux.connect.coap.records import LARGEST, is_hello, mark, packed, whole

_READ: Final = 1 << 16


class Hearing(Protocol):
    """Who works with what comes out of the sessions."""

    def opened(self, address: Address, send: Callable[[bytes], None], certificate: bytes | None) -> Peer | None:
        """A handshake is complete: its peer, or None for one that must not come in."""
        ...

    def heard(self, peer: Peer, data: bytes, now: float) -> None:
        """A datagram came through a session."""
        ...

    def lost(self, peer: Peer, now: float) -> None:
        """A session is over."""
        ...

    def failed(self, address: Address, why: str) -> None:
        """A handshake failed."""
        ...


@final
class Session:
    """One session, or the handshake to it while `peer` is None."""

    def __init__(self, connection: SSL.Connection, address: Address, now: float, begun_by: bytes) -> None:
        self.connection, self.address, self.mark = connection, address, begun_by
        self.peer: Peer | None = None
        self.begun = self.heard = now
        self.again: float | None = None

    @property
    def busy(self) -> bool:
        """Whether its peer observes, or waits for an answer."""
        return self.peer is not None and self.peer.busy


@final
class Sessions:
    """All sessions by address. `context` gives the context for the next one, `send` sends a datagram.

    At most `handshakes` at a time, the oldest gives way; at most `sessions`, of which the one longest silent gives way
    that waits for nothing.
    """

    def __init__(
        self,
        context: Callable[[], SSL.Context],
        limits: Limits,
        counters: Counters,
        send: Callable[[bytes, Address], object],
        hearing: Hearing,
    ) -> None:
        self._context, self._limits, self._counters = context, limits, counters
        self._send, self._hearing = send, hearing
        self._shaking: dict[Address, Session] = {}
        self._open: dict[Address, Session] = {}

    def __len__(self) -> int:
        return len(self._open)

    def peers(self) -> list[Peer]:
        """The peers of all sessions."""
        return [one.peer for one in self._open.values() if one.peer is not None]

    def heard(self, data: bytes, address: Address, now: float) -> None:
        """A datagram from an address."""
        if not whole(data):
            self._counters.malformed += 1
            return
        shaking = self._shaking.get(address)
        if is_hello(data) and (shaking is None or shaking.mark != mark(data)):
            self._greet(data, address, now)
            return
        session = shaking or self._open.get(address)
        if session is not None:
            session.connection.bio_write(data)
            self._go_on(session, now)

    def turn(self, now: float) -> None:
        """Send flights again that were not answered, and end handshakes that take too long."""
        for session in list(self._shaking.values()):
            if now - session.begun > self._limits.handshake_seconds:
                self._counters.timeout_handshake += 1
                self._drop(session, now)
            elif session.again is not None and session.again <= now:
                self._again(session, now)

    def sweep(self, now: float) -> None:
        """End what is silent for too long; who observes is silent by nature, and asked now and then."""
        for session in list(self._open.values()):
            if not session.busy and now - session.heard > self._limits.session_seconds:
                self._counters.expired_sessions += 1
                self._farewell(session, now)

    def end(self, peer: Peer, now: float) -> None:
        """End the session of a peer."""
        for session in list(self._open.values()):
            if session.peer is peer:
                self._farewell(session, now)

    def close(self, now: float) -> None:
        """Say goodbye to all."""
        for session in (*self._shaking.values(), *self._open.values()):
            self._farewell(session, now)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _greet(self, data: bytes, address: Address, now: float) -> None:
        """A hello: answered with a cookie, and forgotten, until it comes back with that cookie."""
        self._counters.hellos += 1
        connection = SSL.Connection(self._context(), None)
        connection.set_app_data(repr(address).encode())
        connection.set_ciphertext_mtu(LARGEST)
        connection.set_accept_state()
        connection.bio_write(data)
        try:
            connection.DTLSv1_listen()
        except SSL.WantReadError:
            # One datagram, and none that is longer than the hello: nothing is amplified.
            reply = _written(connection)
            if reply and len(reply) <= len(data):
                self._send(reply, address)
            return
        except SSL.Error:
            self._counters.refused_dtls += 1
            return
        self._shaking.pop(address, None)
        if len(self._shaking) >= self._limits.handshakes:
            self._counters.dropped_handshakes += 1
            self._drop(next(iter(self._shaking.values())), now)
        session = self._shaking[address] = Session(connection, address, now, mark(data))
        self._go_on(session, now)

    def _go_on(self, session: Session, now: float) -> None:
        """Let the library read what has come, hand on what it gives, and send what it wants sent."""
        try:
            if session.peer is None:
                session.connection.do_handshake()
                self._complete(session, now)
            while session.peer is not None:
                data = session.connection.recv(_READ)
                session.heard = session.peer.heard = now
                self._hearing.heard(session.peer, data, now)
        except SSL.WantReadError:
            self._flush(session, now)
        except SSL.ZeroReturnError:
            self._farewell(session, now)
        except SSL.Error as error:
            self._counters.refused_dtls += 1
            if session.peer is None:
                self._hearing.failed(session.address, _reason(error))
            self._flush(session, now)
            self._drop(session, now)

    def _complete(self, session: Session, now: float) -> None:
        self._shaking.pop(session.address, None)
        older = self._open.pop(session.address, None)
        if older is not None and older.peer is not None:
            self._hearing.lost(older.peer, now)
        if len(self._open) >= self._limits.sessions:
            self._counters.dropped_sessions += 1
            self._farewell(min(self._open.values(), key=lambda one: (one.busy, one.heard)), now)
        self._open[session.address] = session
        self._counters.handshakes += 1
        session.again = None
        self._flush(session, now)

        def send(data: bytes) -> None:
            self._give(session, data)

        session.peer = self._hearing.opened(session.address, send, fingerprint(session.connection))
        if session.peer is None:
            self._farewell(session, now)

    def _give(self, session: Session, data: bytes) -> None:
        try:
            session.connection.send(data)
        except SSL.Error:
            self._counters.unsent += 1
            return
        self._send(_written(session.connection), session.address)

    def _again(self, session: Session, now: float) -> None:
        try:
            session.connection.DTLSv1_handle_timeout()
        except SSL.Error:
            self._counters.timeout_handshake += 1
            self._drop(session, now)
            return
        self._flush(session, now)

    def _flush(self, session: Session, now: float) -> None:
        for datagram in packed(_written(session.connection)):
            self._send(datagram, session.address)
        if session.peer is None:
            left = session.connection.DTLSv1_get_timeout()
            session.again = None if left is None else now + left

    def _farewell(self, session: Session, now: float) -> None:
        with contextlib.suppress(SSL.Error):  # of a handshake there is nothing to say goodbye to
            session.connection.shutdown()
        self._flush(session, now)
        self._drop(session, now)

    def _drop(self, session: Session, now: float) -> None:
        for sessions in (self._shaking, self._open):
            if sessions.get(session.address) is session:
                del sessions[session.address]
        peer, session.peer = session.peer, None
        if peer is not None:
            self._hearing.lost(peer, now)


def _written(connection: SSL.Connection) -> bytes:
    pieces: list[bytes] = []
    try:
        while True:
            pieces.append(connection.bio_read(_READ))
    except SSL.WantReadError:
        return b"".join(pieces)


def fingerprint(connection: SSL.Connection) -> bytes | None:
    """The fingerprint of the certificate that a peer has shown, None for none."""
    shown: Any = connection.get_peer_certificate(as_cryptography=True)
    return None if shown is None else hashlib.sha256(shown.public_bytes(Encoding.DER)).digest()


def _reason(error: SSL.Error) -> str:
    """What a failed handshake says to whoever runs the site."""
    said = [reason for _, _, reason in error.args[0]] if error.args else []
    return f"the DTLS handshake failed: {', '.join(said) or 'it was ended by the other side'}"
