"""All connections: accepting them within bounds, watching them, and ending them with a reason."""

import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from typing import final

from pollux.clock import SECOND
from pollux.connect.mqtt.counters import Counters
from pollux.connect.mqtt.limits import Limits
from pollux.connect.mqtt.link import Link
from pollux.connect.mqtt.reserve import NO_HANDLES, Reserve
from pollux.connect.mqtt.session import Key, Session
from pollux.connect.mqtt.table import LinkTable
from pollux.connect.presence import Presence
from pollux.connect.sealed import Seal
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V5, Farewell
from pollux.connect.wire.poller import HANGUP, READ, WRITE, AbstractPoller
from pollux.connect.wire.properties import Kind, Properties
from pollux.connect.wire.reasons import Reason

_LOG = logging.getLogger("pollux.connect.mqtt")
_ACCEPTS = 128


@final
class Lines:
    """The open connections and the sessions on them; `ended(session, will)` is told when one goes."""

    def __init__(
        self,
        poller: AbstractPoller,
        limits: Limits,
        counters: Counters,
        ended: Callable[[Session, bool], None],
    ) -> None:
        self._poller, self._limits, self._counters, self._ended = poller, limits, counters, ended
        self.table = LinkTable()
        self.by_handle: dict[int, Link] = {}
        self.sessions: dict[Key, Session] = {}
        self.strangers: dict[Link, None] = {}
        self.held_bytes = 0
        self._ready: dict[Link, None] = {}
        self._serial = 0
        self._reserve = Reserve()
        self._lock = threading.Lock()

    # -- coming -------------------------------------------------------------------------------------------------------

    def accept(self, listener: socket.socket, now: int) -> None:
        """Take the connections that wait at a listener, as far as there is room."""
        for _ in range(_ACCEPTS):
            try:
                sock, address = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in NO_HANDLES:
                    self._reserve.refuse(listener)
                    self._counters.refused_descriptors += 1
                    return
                continue
            self._admit(sock, str(address[0]), now)

    def adopt(
        self, sock: socket.socket, address: str, seal: Seal | None, now: int, *, certificate: bytes | None = None
    ) -> None:
        """Take a connection that was accepted elsewhere: with the TLS that it speaks, or the certificate it showed."""
        self._admit(sock, address, now)
        link = self.by_handle.get(sock.fileno())
        if link is None:
            return
        link.seal, link.certificate = seal, seal.certificate if seal else certificate
        if seal is not None:
            self._ready[link] = None

    def _admit(self, sock: socket.socket, address: str, now: int) -> None:
        if len(self.by_handle) >= self._limits.connections:
            self._counters.refused_full += 1
            sock.close()
            return
        if len(self.strangers) >= self._limits.unauthenticated:
            # The one that has said nothing for longest gives way: half-open connections cannot lock the door.
            self._counters.dropped_unauthenticated += 1
            self.drop(next(iter(self.strangers)))
        sock.setblocking(False)
        with contextlib.suppress(OSError):  # it may have gone already; reading will tell
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._serial += 1
        link = Link(sock, address, self._serial, self.table, now)
        link.events = READ
        self.table.open(link.handle, link.serial, now)
        self.by_handle[link.handle] = link
        self.strangers[link] = None
        self._poller.watch(link.handle, READ)
        self._counters.opened += 1

    def seat(self, session: Session) -> None:
        """A stranger has become a session."""
        link, table = session.link, self.table
        self.strangers.pop(link, None)
        table.session[link.handle], table.origin[link.handle] = session, session.origin
        table.level[link.handle], table.patience[link.handle] = link.level, session.keep_alive * 3 * SECOND // 2
        self._mark(link)
        with self._lock:
            self.sessions[session.key] = session

    def present(self) -> tuple[Presence, ...]:
        """Who is connected now; from any thread."""
        with self._lock:
            sessions = list(self.sessions.values())
        table = self.table
        return tuple(
            Presence(
                session.identity.tenant,
                session.identity.name,
                session.identity.kind,
                session.client_id,
                session.link.address,
                "MQTT 5" if session.level >= V5 else "MQTT 3.1.1",
                session.link.opened,
                session.link.heard,
                int(table.bytes_in[session.link.handle]),
                int(table.bytes_out[session.link.handle]),
            )
            for session in sessions
        )

    def session(self, link: Link) -> Session | None:
        """The session on a link; None for a stranger."""
        found: Session | None = self.table.session[link.handle]
        return found

    # -- being --------------------------------------------------------------------------------------------------------

    def receive(self, link: Link, view: memoryview) -> int:
        """Read what a link has sent: how many bytes, 0 at its end; raises OSError as a socket does."""
        count = link.receive(view)
        if link.seal is not None and link.seal.full:
            self._ready[link] = None
        return count

    def due(self) -> list[Link]:
        """Links of which more lies here than was read, if they are to be read: no event of a socket tells of it."""
        if not self._ready:
            return []
        found = [link for link in self._ready if link.dead or link.events & READ]
        for link in found:
            del self._ready[link]
        return [link for link in found if not link.dead]

    def interest(self, link: Link) -> None:
        """Watch a link for what it is to do next."""
        if link.dead and not link.lingering:
            return
        reading = link.lingering or not (link.behind or link.stuffed or link.waiting or link.owing)
        events = (READ if reading else 0) | (WRITE if link.out and not link.dead else 0)
        if events != link.events:
            link.events = events
            self._poller.change(link.handle, events)

    def send(self, link: Link, data: bytes, now: int) -> None:
        """Answer a link; one that does not read its answers is not read either."""
        link.put(data, now)
        if link.out:
            link.stuffed = link.out_bytes > self._limits.outgoing_bytes
            self.interest(link)

    def writable(self, link: Link, now: int) -> None:
        """A link takes bytes again."""
        link.flush(now)
        if link.out_bytes < self._limits.outgoing_bytes // 2:
            link.stuffed = False
        self.interest(link)

    def hung_up(self, link: Link, events: int) -> bool:
        """Whether a link that is not being read has gone; it is then ended."""
        if events & HANGUP and not link.events & READ:
            self.lost(link)
            return True
        return False

    def hold(self, link: Link, rest: bytes | bytearray | memoryview, needs: int, since: int) -> bool:
        """Keep the beginning of a packet; False, and the link ends, when too much is held already."""
        link.held = bytearray(rest)
        link.needs, link.held_since = needs, since
        self.held_bytes += len(link.held)
        self._mark(link)
        return self._may_hold(link)

    def grow(self, link: Link, more: memoryview) -> bool:
        """Keep more of a large packet."""
        link.held += more
        self.held_bytes += len(more)
        return self._may_hold(link)

    def release(self, link: Link) -> bytearray:
        """What was held, to be read again."""
        held, link.held, link.needs = link.held, bytearray(), 0
        self.held_bytes -= len(held)
        self._mark(link)
        return held

    def _mark(self, link: Link) -> None:
        """Say whether a link is to be read on the straight way."""
        session = self.table.session[link.handle]
        plain = not link.dead and not link.held and link.seal is None and session is not None
        self.table.plain[link.handle] = plain

    def _may_hold(self, link: Link) -> bool:
        if self.held_bytes <= self._limits.held_bytes:
            return True
        self._counters.refused_held += 1
        self.close(link, Reason.QUOTA_EXCEEDED, "too many packets are in the middle of arriving")
        return False

    # -- going --------------------------------------------------------------------------------------------------------

    def close(self, link: Link, reason: Reason, text: str, *, will: bool = True) -> None:
        """End a connection from our side: MQTT 5 is told the reason, 3.1.1 sees the end."""
        if link.dead:
            return
        session = self.session(link)
        if link.level >= V5 and session is not None and not link.owing:
            said = Properties(reason=text) if text else Properties()
            packet = encode(Farewell(Kind.DISCONNECT, int(reason), said), V5)
            if len(packet) > session.largest:
                packet = encode(Farewell(Kind.DISCONNECT, int(reason)), V5)
            link.put(packet, link.heard)
        _LOG.debug("closing %s: %s (%s)", link.address, reason.name, text)
        self.end(link, will=will)

    def end(self, link: Link, *, will: bool = False) -> None:
        """End a connection after its last packet was sent; what the client still sends is thrown away for a moment.

        Closing at once would make the system reset the connection, and the client might never read the reason.
        """
        if link.dead:
            return
        link.flush(link.heard)
        self._bury(link, will)
        try:
            link.finish()
        except OSError:
            self.forget(link)
            return
        finally:
            link.out.clear()
            link.out_bytes = 0
        link.lingering = 1
        self.interest(link)

    def lost(self, link: Link) -> None:
        """The connection is gone without a word."""
        if link.lingering:
            self.forget(link)
        elif not link.dead:
            self._bury(link, True)
            self.forget(link)

    def drop(self, link: Link) -> None:
        """Close at once and say nothing: for strangers."""
        if not link.dead:
            self._bury(link, False)
            self.forget(link)

    def drain(self, link: Link) -> None:
        """Throw away what a client sends after its end."""
        try:
            if not link.socket.recv(65_536):
                self.forget(link)
        except BlockingIOError:
            pass
        except OSError:
            self.forget(link)

    def _bury(self, link: Link, will: bool) -> None:
        link.dead = True
        self.release(link)
        self.strangers.pop(link, None)
        self._counters.closed += 1
        session = self.session(link)
        if session is not None:
            if self.sessions.get(session.key) is session:
                with self._lock:
                    del self.sessions[session.key]
            self._ended(session, will)

    def forget(self, link: Link) -> None:
        """Give the handle of an ended connection back."""
        if self.by_handle.get(link.handle) is link:
            self._poller.forget(link.handle)
            del self.by_handle[link.handle]
            self.table.close(link.handle)
            link.lingering = 0
            link.socket.close()

    def close_all(self, reason: Reason, text: str) -> None:
        """Say goodbye to everybody; wills are not published, for it is not the clients that are lost."""
        for link in list(self.by_handle.values()):
            self.close(link, reason, text, will=False)

    def free(self) -> None:
        """Close what is left, and the reserve."""
        for link in list(self.by_handle.values()):
            link.dead = True
            self.forget(link)
        self._reserve.close()

    def forgive(self, now: int) -> None:
        """Nobody was read for a while: count everybody's silence, and the time for its packet, from now on."""
        self.table.heard[self.table.serial > 0] = now
        for link in self.by_handle.values():
            link.opened = now if link in self.strangers else link.opened
            link.held_since = now if link.held else 0
