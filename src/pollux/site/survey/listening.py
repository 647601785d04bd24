"""Listening to a broker: a clean session of its own at QoS 0, which ends with it. It publishes nothing.

The client of sites (`pollux.connect.broker`) keeps a session, acknowledges what is durable and comes back; a survey
wants the opposite, so it has a conversation of its own over the same channel, splitter and codec.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ssl import SSLContext
from time import sleep
from typing import Final, final

from pollux.clock import Clock, stopwatch
from pollux.columns.encodings import encoding_of
from pollux.connect.broker.channel import Broken, Caller, Channel
from pollux.connect.broker.intake import Intake
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V3, V5, Answers, Connack, Connect, Farewell, Packet, Ping, Subscribe, Wish
from pollux.connect.wire.plain import PlainSplitter
from pollux.connect.wire.poller import new_poller
from pollux.connect.wire.properties import NONE, Kind, Properties
from pollux.connect.wire.reasons import PacketRefused, Reason
from pollux.connect.wire.wake import new_wake
from pollux.errors import SetupError
from pollux.site.survey.heard import Ear

PACKET_BYTES: Final = 1 << 20
CONNECT_SECONDS: Final = 10.0
KEEP_ALIVE: Final = 60
PER_SECOND: Final = 10_000
"""Messages that are taken in a second. Of more the socket is read more slowly; at QoS 0 a broker drops the rest."""
SLOWED: Final = f"it says more than {PER_SECOND:,} messages a second: some were not heard, so that rates are too low"

_TICK: Final = 0.25
_OLD: Final = (1, int(Reason.UNSUPPORTED_VERSION))
Progress = Callable[[float, Ear], None]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Which broker is listened to, as whom, and to what."""

    name: str
    host: str
    port: int
    filters: Sequence[str] = ("#",)
    username: str | None = None
    secret: bytes | None = field(default=None, repr=False)
    context: SSLContext | None = None


def listen(what: Listening, ear: Ear, clock: Clock, *, seconds: float, progress: Progress) -> str:
    """Listen for so many seconds; why it ended before, empty where it did not. An interrupt ends it, too.

    Raises SetupError where the broker cannot be reached or does not let us in or hear.
    """
    wake = new_wake()
    poller = new_poller(wake.fileno())
    caller = Caller(poller, seconds=CONNECT_SECONDS, stopped=lambda: False)
    try:
        for level in (V5, V3):
            channel = caller.call(what.host, what.port, what.context)
            talk = _Talk(what, ear, clock, channel, level)
            try:
                talk.enter(poller.wait)
                return talk.hear_for(seconds, poller.wait, progress)
            except _OlderVersion:
                continue
            finally:
                channel.close()
        raise SetupError("it speaks neither MQTT 5 nor 3.1.1", at=what.name)
    except Broken as error:
        raise SetupError(f"the broker is not heard: {error.message}", at=what.name) from None
    except PacketRefused as error:
        raise SetupError(f"it breaks the protocol: {error.message}", at=what.name) from None
    finally:
        poller.close()
        wake.close()


@final
class _OlderVersion(Exception):
    """It does not speak this version."""


Wait = Callable[[float], object]


@final
class _Talk:
    """One connection: who we are, what we ask to hear, what comes."""

    def __init__(self, what: Listening, ear: Ear, clock: Clock, channel: Channel, level: int) -> None:
        self._what, self._ear, self._clock, self._channel, self._level = what, ear, clock, channel, level
        self._intake = Intake(PlainSplitter(), packet_bytes=PACKET_BYTES)
        self._open = self._granted = False
        self._inside = any(one.startswith("$") for one in what.filters)
        self._sent = self._heard = stopwatch()

    def enter(self, wait: Wait) -> None:
        """Connect and subscribe; raises Broken where either is refused."""
        what, clean = self._what, Properties(session_expiry=0, maximum_packet=PACKET_BYTES)
        said = clean if self._level >= V5 else Properties()
        name = f"pollux-survey-{secrets.token_hex(4)}"
        who = Connect(self._level, name, True, KEEP_ALIVE, what.username, what.secret, properties=said)
        self._channel.write(encode(who, self._level))
        until = stopwatch() + CONNECT_SECONDS
        while not self._granted:
            if stopwatch() > until:
                raise Broken(f"it does not answer within {CONNECT_SECONDS:g} s")
            self._turn(wait)

    def hear_for(self, seconds: float, wait: Wait, progress: Progress) -> str:
        """Hear until the time is over, or it ends."""
        begun, first, note = stopwatch(), self._ear.messages, ""
        try:
            while (passed := stopwatch() - begun) < seconds:
                self._turn(wait)
                progress(passed, self._ear)
                if self._ear.messages - first > PER_SECOND * (passed + 1.0):
                    note = SLOWED
                    sleep(_TICK)
            self._leave()
        except KeyboardInterrupt:
            self._leave()
            return "interrupted"
        except (Broken, PacketRefused) as error:
            return f"ended early: {error.message}"
        return note

    def _leave(self) -> None:
        with suppress(Broken):
            self._channel.write(encode(Farewell(Kind.DISCONNECT), self._level))

    def _turn(self, wait: Wait) -> None:
        count = self._channel.read(self._intake.room)
        if count:
            self._heard = stopwatch()
            self._digest(count)
        elif not self._channel.pending:
            wait(_TICK)
        self._keep()
        self._channel.flush()

    def _keep(self) -> None:
        now = stopwatch()
        if now - self._heard > 1.5 * KEEP_ALIVE:
            raise Broken(f"it has been silent for {now - self._heard:.0f} s")
        if self._open and now - self._sent > KEEP_ALIVE / 2:
            self._sent = now
            self._channel.write(encode(Ping(Kind.PINGREQ), self._level))

    def _digest(self, count: int) -> None:
        taken = self._intake.take(count, self._tongue(), self._other)
        cut, data, now = taken.cut, self._intake.arena.data, self._clock.now()
        if cut is not None:
            index: list[tuple[int, int, int, int]] = cut.index.tolist()
            beside: list[int] = cut.special.tolist()
            for (at, size, begin, length), flags, special in zip(index, cut.flags.tolist(), beside, strict=True):
                said = taken.said[special - 1] if special else NONE
                topic = bytes(data[at : at + size]).decode(errors="backslashreplace")
                if topic.startswith("$") and not self._inside:
                    continue
                encoding = encoding_of(said.content_type)
                payload = bytes(data[begin : begin + length])
                self._ear.hear(topic, payload, now, retained=bool(flags & 1), encoding=encoding)
        self._intake.done()

    def _tongue(self) -> int:
        """A broker that speaks 3.1.1 alone answers in its own form."""
        return V3 if not self._open and self._intake.start == b"\x20\x02" else self._level

    def _other(self, packet: Packet) -> None:
        if isinstance(packet, Connack):
            self._welcome(packet)
        elif isinstance(packet, Answers):
            refused = [one for one, code in zip(self._what.filters, packet.codes, strict=False) if code >= 0x80]
            if refused:
                raise Broken(f"{', '.join(refused)} may not be heard")
            self._granted = True
        elif isinstance(packet, Farewell):
            raise Broken(f"it has ended the connection: {_words(packet.reason)}")

    def _welcome(self, packet: Connack) -> None:
        if packet.code in _OLD and self._level >= V5:
            raise _OlderVersion
        if packet.code:
            raise Broken(f"it refuses us: {_words(packet.code)}")
        self._open = True
        wishes = tuple(Wish(one) for one in self._what.filters)
        self._channel.write(encode(Subscribe(1, wishes), self._level))


def _words(code: int) -> str:
    """A reason for people.

    >>> _words(0x86), _words(5)
    ('bad credentials', 'not authorized')
    """
    old = {2: "client id invalid", 3: "server unavailable", 4: "bad credentials", 5: "not authorized"}
    try:
        return old.get(code) or Reason(code).name.lower().replace("_", " ")
    except ValueError:
        return f"reason 0x{code:02x}"
