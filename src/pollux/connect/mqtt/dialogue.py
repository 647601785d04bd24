"""What is answered at once: subscriptions, confirmations, pings, farewells. Everything but ordinary PUBLISH packets."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, final

from pollux.connect.mqtt.common import Common
from pollux.connect.mqtt.lasting import Lasting
from pollux.connect.mqtt.lines import Lines
from pollux.connect.mqtt.router import Router
from pollux.connect.mqtt.session import ASKED_AGAIN, STORED, TAKEN, Session, Subscription
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V5, Ack, Answers, Farewell, Packet, Ping, Publish, Subscribe, Unsubscribe, Wish
from pollux.connect.wire.properties import Kind
from pollux.connect.wire.reasons import PacketRefused, Reason, protocol_error
from pollux.connect.wire.topics import SHARED, is_filter, is_name, is_wild, unshared


@final
class Dialogue:
    """Answers the packets of one session at a time; refuses with PacketRefused what ends the connection."""

    def __init__(self, common: Common, lines: Lines, router: Router, lasting: Lasting) -> None:
        self._common, self._lines, self._router, self._lasting = common, lines, router, lasting
        self._answers: dict[type, Callable[[Session, Any, int], None]] = {
            Ack: self._ack,
            Subscribe: self._subscribe,
            Unsubscribe: self._unsubscribe,
            Ping: self._ping,
            Farewell: self._farewell,
        }
        self._steps: dict[Kind, Callable[[Session, Ack, int], None]] = {
            Kind.PUBACK: lambda session, packet, _: session.confirm(packet.packet_id),
            Kind.PUBREC: self._received,
            Kind.PUBREL: self._released,
            Kind.PUBCOMP: lambda session, packet, _: session.complete(packet.packet_id),
        }

    def answer(self, session: Session, packet: Packet, now: int) -> None:
        """Do what a packet asks."""
        handle = self._answers.get(type(packet))
        if handle is None:
            raise protocol_error(f"expected a packet that a client may send now, got {type(packet).__name__}")
        handle(session, packet, now)

    def resolve(self, session: Session, publish: Publish) -> Publish:
        """A PUBLISH with its own topic in place of an alias, and within what was announced."""
        limits, said = self._common.limits, publish.properties
        if said.response_topic is not None and not self._is_name(said.response_topic.encode()):
            raise PacketRefused(Reason.TOPIC_NAME_INVALID, "expected a response topic without wildcards")
        alias = said.topic_alias
        if alias is None:
            if not publish.topic:
                raise protocol_error("expected a topic")
            return publish
        if not 0 < alias <= limits.topic_aliases:
            raise PacketRefused(Reason.TOPIC_ALIAS_INVALID, f"expected a topic alias of at most {limits.topic_aliases}")
        if publish.topic:
            if len(publish.topic) <= limits.topic_bytes:
                session.aliases[alias] = publish.topic
            return publish
        if alias not in session.aliases:
            raise protocol_error("expected a topic alias that was set before")
        return replace(publish, topic=session.aliases[alias])

    def is_first(self, session: Session, packet_id: int, now: int) -> bool:
        """Whether a message of QoS 2 comes for the first time; what was taken before is only answered again."""
        state = session.incoming.get(packet_id)
        if state is None:
            if len(session.incoming) >= self._common.limits.receive_maximum + 1:
                raise PacketRefused(Reason.RECEIVE_MAXIMUM_EXCEEDED, "more messages of QoS 2 are open than allowed")
            session.incoming[packet_id] = TAKEN
            return True
        self._common.counters.repeated_qos2 += 1
        if state == STORED:
            self._lines.send(session.link, encode(Ack(Kind.PUBREC, packet_id), session.level), now)
        else:
            session.incoming[packet_id] = ASKED_AGAIN
        return False

    # -- subscriptions ------------------------------------------------------------------------------------------------

    def _subscribe(self, session: Session, packet: Subscribe, now: int) -> None:
        ident = next(iter(packet.properties.subscription_ids), 0)
        tells_why = session.level >= V5 and not self._common.reticent
        granted: list[int] = []
        for wish in packet.wishes:
            reason = self._grant(session, wish)
            granted.append(int(reason) if tells_why else min(int(reason), 0x80))
            if reason >= Reason.UNSPECIFIED:
                self._common.counters.refused_subscriptions += 1
                continue
            subscription = Subscription(int(reason), wish.no_local, wish.as_published, ident)
            self._router.subscribe(session, wish.filter.encode(), subscription, send=wish.retained)
        self._settle(session, Answers(Kind.SUBACK, packet.packet_id, tuple(granted)))

    def _grant(self, session: Session, wish: Wish) -> Reason:
        limits, raw = self._common.limits, wish.filter.encode()
        group, heard = unshared(raw)
        if wish.no_local and raw.startswith(SHARED):
            raise protocol_error("expected no-local to be 0 on a shared subscription")
        nameless = raw.startswith(SHARED) and (not group or is_wild(group))
        if nameless or not is_filter(heard, longest=limits.topic_bytes, levels=limits.topic_levels):
            return Reason.TOPIC_FILTER_INVALID
        if raw not in session.subscriptions and len(session.subscriptions) >= limits.subscriptions:
            return Reason.QUOTA_EXCEEDED
        if not self._common.rights.subscribe(session.identity, heard.decode()):
            return Reason.NOT_AUTHORIZED
        return Reason(wish.qos)

    def _unsubscribe(self, session: Session, packet: Unsubscribe, now: int) -> None:
        had = [self._router.unsubscribe(session, wanted.encode()) for wanted in packet.filters]
        codes = tuple(int(Reason.SUCCESS if one else Reason.NO_SUBSCRIPTION_EXISTED) for one in had)
        self._settle(session, Answers(Kind.UNSUBACK, packet.packet_id, codes))

    def _settle(self, session: Session, answer: Answers) -> None:
        link, data, clock = session.link, encode(answer, session.level), self._common.clock
        self._lasting.settle(session, lambda: self._lines.send(link, data, clock.now()))

    # -- the rest -----------------------------------------------------------------------------------------------------

    def _ack(self, session: Session, packet: Ack, now: int) -> None:
        self._steps[packet.kind](session, packet, now)
        self._router.dirty[session] = None

    def _received(self, session: Session, packet: Ack, now: int) -> None:
        """PUBREC: the client has a message of QoS 2, or does not want it."""
        if packet.reason >= Reason.UNSPECIFIED:
            session.outbox.forget(packet.packet_id)
            return
        known = session.outbox.release(packet.packet_id)
        reason = Reason.SUCCESS if known else Reason.PACKET_ID_NOT_FOUND
        self._lines.send(session.link, encode(Ack(Kind.PUBREL, packet.packet_id, reason), session.level), now)

    def _released(self, session: Session, packet: Ack, now: int) -> None:
        """PUBREL: the client knows that we have its message; its identifier is free."""
        state = session.incoming.get(packet.packet_id)
        if state in (TAKEN, ASKED_AGAIN):
            raise protocol_error("expected PUBREL only after PUBREC")
        if state == STORED:
            del session.incoming[packet.packet_id]
            open_ = self._lines.table.unreleased
            open_[session.link.handle] = max(0, open_[session.link.handle] - 1)
        reason = Reason.SUCCESS if state == STORED else Reason.PACKET_ID_NOT_FOUND
        self._lines.send(session.link, encode(Ack(Kind.PUBCOMP, packet.packet_id, reason), session.level), now)

    def _ping(self, session: Session, packet: Ping, now: int) -> None:
        if packet.kind is not Kind.PINGREQ:
            raise protocol_error("expected no PINGRESP from a client")
        self._lines.send(session.link, encode(Ping(Kind.PINGRESP), session.level), now)

    def _farewell(self, session: Session, packet: Farewell, now: int) -> None:
        if packet.kind is not Kind.DISCONNECT:
            raise protocol_error("expected no AUTH without an authentication method")
        asked = packet.properties.session_expiry
        if asked and not session.expiry:
            raise protocol_error("expected no session expiry where there was none in CONNECT")
        if asked is not None:
            session.expiry = min(asked, self._common.limits.session_seconds)
        self._lines.end(session.link, will=bool(packet.reason))

    def _is_name(self, topic: bytes) -> bool:
        limits = self._common.limits
        return is_name(topic, longest=limits.topic_bytes, levels=limits.topic_levels)
