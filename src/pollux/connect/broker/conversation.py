"""One connection from CONNECT to its end: what is said to the broker, and what its other packets mean."""

from collections.abc import Callable
from typing import Final, final

from pollux.connect.broker.channel import Broken
from pollux.connect.broker.counters import Counters
from pollux.connect.broker.dial import PER_SUBSCRIBE, Dial
from pollux.connect.broker.outgoing import LAST_ID
from pollux.connect.broker.standing import Standing
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V3, V5, Ack, Answers, Connack, Connect, Farewell, Packet, Ping, Subscribe, Wish
from pollux.connect.wire.properties import NONE, Kind, Properties
from pollux.connect.wire.reasons import Reason, protocol_error
from pollux.errors import PolluxError

_REFUSED_3: Final = {
    1: Reason.UNSUPPORTED_VERSION,
    2: Reason.CLIENT_ID_INVALID,
    3: Reason.SERVER_UNAVAILABLE,
    4: Reason.BAD_CREDENTIALS,
    5: Reason.NOT_AUTHORIZED,
}
_OLD_CONNACK: Final = b"\x20\x02"
_NEVER_AGAIN: Final = 2
"""Retain handling of a subscription: what was published before is not sent."""
_ONLY_NEW: Final = 1
"""Retain handling of a subscription: sent where the subscription is new."""


@final
class OldBroker(PolluxError):
    """The broker does not speak MQTT 5: the next attempt is in 3.1.1."""


@final
class Conversation:
    """The protocol of one connection. It writes through `write`; times are seconds of a steady clock, `now` of the day.

    `answered` is true once the broker has said yes or no, `open` after a yes, `ready` when every subscription is
    answered too. What ends the connection is raised: Broken with a sentence, or PacketRefused where the broker breaks
    the protocol.
    """

    def __init__(
        self, dial: Dial, standing: Standing, counters: Counters, write: Callable[[bytes], None], begun: float
    ) -> None:
        self._dial, self._standing, self._counters, self._write = dial, standing, counters, write
        self.level = standing.guess or standing.level
        standing.guess = 0
        self.open = False
        self.answered = False
        self.unanswered = 0
        self._old = False
        self._asked: dict[int, tuple[str, ...]] = {}
        self._begun = self._sent = self._heard = begun
        self._pinged: float | None = None
        self._keep_alive = dial.keep_alive

    @property
    def ready(self) -> bool:
        """Whether the broker has answered everything that was asked of it."""
        return self.open and not self._asked

    def tongue(self, start: bytes) -> int:
        """The level in which to read what begins so: a broker that speaks only 3.1.1 answers 5 in its own form."""
        self._old = not self.open and start == _OLD_CONNACK
        return V3 if self._old else self.level

    # -- what is said -------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Say who we are."""
        dial, said = self._dial, NONE
        if self.level >= V5:
            said = Properties(
                session_expiry=dial.session_seconds,
                receive_maximum=dial.receive_maximum,
                maximum_packet=dial.packet_bytes,
            )
        who = Connect(
            self.level, dial.client_id, dial.clean, dial.keep_alive, dial.username, dial.secret(), dial.will(), said
        )
        self._write(encode(who, self.level))

    def answer(self, answers: bytes, once: int, steady: float) -> None:
        """Acknowledge what is durable; `once` of it came at QoS 1."""
        self.unanswered -= once
        self._sent = steady
        self._write(answers)

    def leave(self, reason: Reason = Reason.SUCCESS) -> None:
        """Say goodbye; the broker keeps the session."""
        if self.open and (self.level >= V5 or reason is Reason.SUCCESS):
            self._write(encode(Farewell(Kind.DISCONNECT, int(reason)), self.level))

    def turn(self, now: int, steady: float, *, deaf: bool) -> None:
        """Send what is due; `deaf` while nothing is read, when the broker's silence is ours."""
        if not self.ready and not deaf and steady - self._begun > self._dial.connect_seconds:
            asked = "SUBSCRIBE" if self.open else "CONNECT"
            raise Broken(f"it does not answer {asked} within {self._dial.connect_seconds:g} s")
        if not self.open:
            return
        if packets := self._standing.outgoing.due(now):
            self._sent = steady
            self._write(packets)
        self._keep(steady, deaf=deaf)

    def _keep(self, steady: float, *, deaf: bool) -> None:
        half = self._keep_alive / 2
        if deaf:
            self._heard, self._pinged = steady, None
        if self._pinged is not None and steady - self._pinged > half:
            self._counters.timeout_keep_alive += 1
            raise Broken(f"it has been silent for {steady - self._heard:.0f} s")
        if half and self._pinged is None and (steady - self._sent >= half or steady - self._heard >= half):
            # Deaf or not: the broker's patience counts from what it has heard last.
            self._pinged = None if deaf else steady
            self._sent = steady
            self._write(encode(Ping(Kind.PINGREQ), self.level))

    # -- what is heard ------------------------------------------------------------------------------------------------

    def heard(self, steady: float) -> None:
        """Something has come."""
        self._heard, self._pinged = steady, None

    @property
    def full(self) -> bool:
        """Whether the broker has more messages on their way than it was told.

        The standard lets a client hang up then. A broker that counts wrongly, as Mosquitto 2.0.11 does with
        `max_inflight_messages 0`, would send the same again and again: not to read on is as good a bound.
        """
        return self.unanswered > self._dial.receive_maximum

    def hear(self, packet: Packet, now: int) -> None:
        """A packet that is no message."""
        if not self.open:
            if not isinstance(packet, Connack):
                raise protocol_error(f"expected the answer to CONNECT, got {type(packet).__name__}")
            self._welcome(packet, now)
            return
        match packet:
            case Ack(kind=Kind.PUBACK):
                self._standing.outgoing.confirmed(packet.packet_id, packet.reason)
            case Ack(kind=Kind.PUBREL):
                self._released(packet.packet_id)
            case Answers(kind=Kind.SUBACK):
                self._granted(packet)
            case Ping(kind=Kind.PINGRESP):
                pass
            case Farewell(kind=Kind.DISCONNECT) if self.level >= V5:
                raise Broken(f"it has ended the connection: {_words(packet.reason, packet.properties)}")
            case _:
                raise protocol_error(f"expected a packet for a subscriber, got {type(packet).__name__}")

    def _welcome(self, packet: Connack, now: int) -> None:
        standing, said = self._standing, packet.properties
        self.answered = True
        if packet.code:
            self._turned_away(packet)
        if self.level >= V5 and self._old:
            raise protocol_error("expected the answer of MQTT 5 to CONNECT, got that of 3.1.1")
        self.open = True
        self._keep_alive = self._keep_alive if said.server_keep_alive is None else said.server_keep_alive
        self._counters.connects += 1
        self._counters.resumed += packet.session_present
        if not packet.session_present:
            self._counters.lost_sessions += standing.subscribed and not self._dial.clean
            standing.incoming.clear()
        # A first connection asks again although the broker remembers: mappings may have changed since.
        if not (packet.session_present and standing.subscribed):
            self._subscribe()
        again = standing.outgoing.begin(
            self.level,
            present=packet.session_present,
            window=said.receive_maximum or 0xFFFF,
            qos=1 if said.maximum_qos is None else min(1, said.maximum_qos),
            largest=said.maximum_packet or 0xFFFFFFFF,
            now=now,
        )
        if again:
            self._write(again)

    def _turned_away(self, packet: Connack) -> None:
        old = self._dial.level >= V5 and self.level >= V5
        reason = packet.code if packet.code >= 0x80 else _REFUSED_3.get(packet.code, Reason.UNSPECIFIED)
        if old and reason == Reason.UNSUPPORTED_VERSION:
            self._standing.level = V3
            self._counters.fallbacks += 1
            raise OldBroker("it does not speak MQTT 5")
        raise Broken(f"it refuses us: {_words(int(reason), packet.properties)}")

    def _subscribe(self) -> None:
        filters, standing = self._dial.filters, self._standing
        standing.weak.clear()
        retained = (_ONLY_NEW if self._dial.retained else _NEVER_AGAIN) if self.level >= V5 else 0
        for place in range(0, len(filters), PER_SUBSCRIBE):
            some = filters[place : place + PER_SUBSCRIBE]
            packet_id = LAST_ID + 1 + place // PER_SUBSCRIBE
            self._asked[packet_id] = some
            wishes = tuple(Wish(one, self._dial.qos, retained=retained) for one in some)
            self._write(encode(Subscribe(packet_id, wishes), self.level))

    def _granted(self, packet: Answers) -> None:
        asked = self._asked.pop(packet.packet_id, ())
        if len(asked) != len(packet.codes):
            raise protocol_error(f"expected {len(asked)} answers to SUBSCRIBE, got {len(packet.codes)}")
        for one, code in zip(asked, packet.codes, strict=True):
            if code >= 0x80:
                self._counters.refused_subscriptions += 1
                self._standing.weak[one] = f"{one} may not be heard: {_words(code, packet.properties)}"
            elif code < self._dial.qos:
                self._counters.weaker_subscriptions += 1
                self._standing.weak[one] = f"{one} is heard at QoS {code} only"
        self._standing.subscribed = not self._asked
        if self.ready:
            self._greet()

    def _greet(self) -> None:
        for parcel in self._dial.greeting():
            self._standing.outgoing.put(parcel)

    def _released(self, packet_id: int) -> None:
        known = packet_id in self._standing.incoming
        self._standing.incoming.discard(packet_id)
        reason = Reason.SUCCESS if known or self.level < V5 else Reason.PACKET_ID_NOT_FOUND
        self._write(encode(Ack(Kind.PUBCOMP, packet_id, int(reason)), self.level))


def _words(code: int, said: Properties) -> str:
    """A reason for people.

    >>> _words(0x86, NONE), _words(0x87, Properties(reason="no such user")), _words(0x77, NONE)
    ('bad credentials', 'not authorized, "no such user"', 'reason 0x77')
    """
    try:
        words = Reason(code).name.lower().replace("_", " ")
    except ValueError:
        words = f"reason 0x{code:02x}"
    # What a broker says of itself goes to logs and terminals.
    told = "".join(sign if sign.isprintable() else "?" for sign in (said.reason or "")[:120])
    return f'{words}, "{told}"' if told else words
