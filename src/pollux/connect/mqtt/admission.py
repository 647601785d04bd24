"""CONNECT: who is it, may it come in, and under which terms. Passwords are verified elsewhere, never in the loop."""

import ipaddress
import secrets
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import final

from pollux.connect.mqtt.common import Common
from pollux.connect.mqtt.keeping import Keeping
from pollux.connect.mqtt.lasting import Lasting
from pollux.connect.mqtt.lines import Lines
from pollux.connect.mqtt.link import Link
from pollux.connect.mqtt.message import Message
from pollux.connect.mqtt.router import Router
from pollux.connect.mqtt.session import Session
from pollux.connect.wire.decode import decode, header
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V5, Connack, Connect
from pollux.connect.wire.properties import NONE, Kind, Properties
from pollux.connect.wire.reasons import PacketRefused, Reason, connack_code, malformed
from pollux.connect.wire.topics import is_name
from pollux.errors import Overloaded
from pollux.guard import Credential, Identity


@final
class Admission:
    """Turns strangers into sessions. `later(call)` makes the loop call something soon; `ready(link)` reads on."""

    def __init__(
        self,
        common: Common,
        lines: Lines,
        router: Router,
        keeping: Keeping,
        lasting: Lasting,
        *,
        later: Callable[[Callable[[], None]], None],
        ready: Callable[[Link], None],
    ) -> None:
        self._common, self._lines, self._router = common, lines, router
        self._keeping, self._lasting = keeping, lasting
        self._later, self._ready = later, ready
        self.closed_because = ""

    def read(self, link: Link, now: int) -> None:
        """Hear a stranger: CONNECT, within its size and time, or nothing."""
        room = memoryview(bytearray(4096))
        try:
            count = self._lines.receive(link, room)
        except BlockingIOError:
            return
        except OSError:
            count = 0
        if not count:
            self._lines.lost(link)
            return
        data = bytes(room[:count])
        self._lines.table.bytes_in[link.handle] += len(data)
        link.held += data
        self._lines.held_bytes += len(data)
        try:
            self._look(link, now)
        except PacketRefused as error:
            self._common.count_refusal(error)
            self._refuse(link, error.reason, error.message, level=link.level)

    def _look(self, link: Link, now: int) -> None:
        held = link.held
        if held[0] != Kind.CONNECT << 4:
            raise malformed("expected CONNECT as the first packet")
        found = header(held, 0, len(held))
        if (found[1] if found else len(held)) > self._common.limits.connect_bytes:
            raise PacketRefused(Reason.PACKET_TOO_LARGE, "expected a smaller CONNECT")
        if found is None or len(held) < found[1]:
            return
        body, end = found
        if len(held) > body + 6:
            # Also a CONNECT that is refused is answered in the words of its level, where that can be told.
            link.level = V5 if held[body + 6] >= V5 and bytes(held[body : body + 6]) == b"\0\4MQTT" else 4
        connect = decode(held[0], bytes(held[body:end]), 4)
        assert isinstance(connect, Connect)
        rest = bytes(self._lines.release(link)[end:])
        if rest:
            self._lines.hold(link, rest, 0, now)
        if not link.dead:
            self._introduced(link, connect, now)

    # -- who ----------------------------------------------------------------------------------------------------------

    def _introduced(self, link: Link, connect: Connect, now: int) -> None:
        common = self._common
        if self.closed_because:
            self._refuse(link, Reason.SERVER_UNAVAILABLE, self.closed_because, level=connect.level)
            return
        self._check(connect)
        given = connect.client_id or f"pollux-{secrets.token_hex(8)}"
        credential = Credential(
            connect.username, connect.password, connect.client_id, _plain_address(link.address), link.certificate
        )
        named = replace(connect, client_id=given, password=None)
        try:
            answer = common.gate.authenticate(credential)
        except Overloaded:
            raise PacketRefused(Reason.CONNECTION_RATE_EXCEEDED, "too many attempts to sign in") from None
        assigned = not connect.client_id
        if answer.done():
            self._recognised(link, named, assigned, answer, now)
            return
        link.waiting = True
        self._lines.interest(link)
        answer.add_done_callback(
            lambda done: self._later(lambda: self._answered(link, named, assigned, done, common.clock.now()))
        )

    def _answered(
        self, link: Link, connect: Connect, assigned: bool, answer: "Future[Identity | None]", now: int
    ) -> None:
        if link.dead:
            return
        link.waiting = False
        self._lines.interest(link)
        try:
            self._recognised(link, connect, assigned, answer, now)
        except PacketRefused as error:
            self._common.count_refusal(error)
            self._refuse(link, error.reason, error.message, level=connect.level)

    def _check(self, connect: Connect) -> None:
        limits, said = self._common.limits, connect.properties
        if said.authentication_method is not None:
            raise PacketRefused(Reason.BAD_AUTHENTICATION_METHOD, "expected no enhanced authentication")
        if said.authentication_data is not None:
            raise PacketRefused(Reason.PROTOCOL_ERROR, "expected no authentication data without a method")
        if len(connect.client_id.encode()) > limits.client_id_bytes:
            raise PacketRefused(
                Reason.CLIENT_ID_INVALID, f"expected at most {limits.client_id_bytes} bytes of client id"
            )
        if not connect.client_id and not connect.clean and connect.level < V5:
            raise PacketRefused(Reason.CLIENT_ID_INVALID, "expected a client id where the session is not clean")
        if connect.will is None:
            return
        if not is_name(connect.will.topic.encode(), longest=limits.topic_bytes, levels=limits.topic_levels):
            raise PacketRefused(Reason.TOPIC_NAME_INVALID, "expected a topic name for the will")

    # -- under which terms --------------------------------------------------------------------------------------------

    def _recognised(
        self, link: Link, connect: Connect, assigned: bool, answer: "Future[Identity | None]", now: int
    ) -> None:
        identity = None if answer.cancelled() or answer.exception() else answer.result()
        common = self._common
        if identity is None:
            common.counters.refused_credentials += 1
            self._refuse(link, Reason.BAD_CREDENTIALS, "", level=connect.level, counted=True)
            return
        if connect.will is not None and common.rights.publish(identity, connect.will.topic) is None:
            raise PacketRefused(Reason.NOT_AUTHORIZED, "the will may not be published")
        session, present = self._session(link, connect, identity, now)
        link.level = connect.level
        session.expiry = self._expiry(connect)
        session.keep_alive = self._keep_alive(connect)
        self._lines.seat(session)
        common.counters.admitted += 1
        terms = self._terms(connect, session, assigned) if connect.level >= V5 else NONE
        connack = encode(Connack(0, present, terms), connect.level)
        self._lasting.settle(session, lambda: self._greet(link, connack))

    def _greet(self, link: Link, connack: bytes) -> None:
        self._lines.send(link, connack, self._common.clock.now())
        if link.held:
            self._ready(link)

    def _session(self, link: Link, connect: Connect, identity: Identity, now: int) -> tuple[Session, bool]:
        """The session of a client, and whether it was there before: what is on an older connection moves over."""
        common, key = self._common, (identity.tenant, identity.name, connect.client_id)
        older = self._lines.sessions.get(key)
        if older is not None:
            common.counters.taken_over += 1
            self._lines.close(older.link, Reason.SESSION_TAKEN_OVER, "the same client has connected again")
        kept = self._keeping.take(key, now)
        if kept is None:
            return Session(link, connect, identity, common.limits, common.counters), False
        if connect.clean:
            self._keeping.give_up(kept)
            return Session(link, connect, identity, common.limits, common.counters), False
        common.counters.resumed += 1
        if kept.identity != identity:
            self._router.forget_ways()
        kept.attach(link, connect, identity)
        self._hide(kept)
        self._router.dirty[kept] = None
        return kept, True

    def _hide(self, session: Session) -> None:
        """What waited for a client is asked for again: its rights may have changed while it was away."""
        identity, known = session.identity, dict[bytes, bool]()

        def may(message: Message) -> bool:
            if message.topic not in known:
                known[message.topic] = self._common.rights.hear(identity, message.topic.decode())
            return known[message.topic]

        self._common.counters.hidden += session.outbox.keep_only(may)

    def _expiry(self, connect: Connect) -> int:
        """For how many seconds a session is kept without a connection."""
        most = self._common.limits.session_seconds
        if connect.level >= V5:
            return min(connect.properties.session_expiry or 0, most)
        return 0 if connect.clean else most

    def _keep_alive(self, connect: Connect) -> int:
        most = self._common.limits.keep_alive
        if connect.level >= V5:
            return min(connect.keep_alive or most, most)
        # In 3.1.1 a client cannot be told of another time than it has named.
        return connect.keep_alive

    def _terms(self, connect: Connect, session: Session, assigned: bool) -> Properties:
        limits, asked = self._common.limits, connect.properties
        return Properties(
            session_expiry=session.expiry if session.expiry != (asked.session_expiry or 0) else None,
            receive_maximum=limits.receive_maximum,
            maximum_packet=limits.packet_bytes,
            assigned_client_id=connect.client_id if assigned else None,
            topic_alias_maximum=limits.topic_aliases,
            server_keep_alive=session.keep_alive if session.keep_alive != connect.keep_alive else None,
        )

    def _refuse(self, link: Link, reason: Reason, text: str, *, level: int, counted: bool = False) -> None:
        if link.dead:
            return
        if not counted:
            self._common.counters.refused_connect += 1
        code = connack_code(reason, level)
        if code is not None:
            said = Properties(reason=text) if text and level >= V5 else NONE
            link.put(encode(Connack(code, False, said), level), link.heard)
        self._lines.end(link)


def _plain_address(address: str) -> str:
    """The address of the peer, an IPv4 address inside IPv6 as IPv4."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = getattr(ip, "ipv4_mapped", None)
    return str(mapped or ip)
