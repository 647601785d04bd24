"""What of a broker's messages is believed: what its mappings name, at the gate; the rest is counted and shown."""

from collections.abc import Callable
from typing import Final, final

import numpy as np

from pollux.columns.batch import Refusal
from pollux.columns.encodings import encoding_of
from pollux.columns.frames import Encoding, Frames, Message, Origin
from pollux.connect.broker.counters import Counters
from pollux.connect.wire.letters import letter
from pollux.connect.wire.octets import checked_text
from pollux.connect.wire.properties import Properties
from pollux.connect.wire.reasons import PacketRefused, Reason
from pollux.connect.wire.rights import Reach, Rights
from pollux.connect.wire.splitter import ALLOWED, I64, U8, UNKNOWN, AbstractSplitter, Arena, Cut
from pollux.connect.wire.topics import is_name
from pollux.guard import Identity

LEFT_OUT: Final = 254
"""A verdict of our own: not handed over, and answered all the same."""

_FEW: Final = 64
_ONE: Final[I64] = np.ones(1, np.int64)
_LEVEL: Final = np.full(1, 5, np.int32)
_LONGEST: Final = 65_535


@final
class Hearing:
    """Judges the messages of one broker, which is an identity of its own and may speak for the twins of its mappings.

    An answer to an order is kept under its native topic, whatever the broker calls it, so that it means the same in the
    log. What is refused is acknowledged like everything else: the broker could do no better by sending it again.
    """

    def __init__(
        self,
        rights: Rights,
        identity: Identity,
        counters: Counters,
        *,
        told: Callable[[Refusal], None],
        retained: bool,
    ) -> None:
        self._rights, self._identity, self._counters = rights, identity, counters
        self._told, self._retained = told, retained
        self._denied: set[bytes] = set()
        self.origin = Origin(identity.tenant, identity.name, identity.subject)

    def frames(
        self,
        arena: Arena,
        cut: Cut,
        said: list[Properties],
        repeated: set[int],
        splitter: AbstractSplitter,
        now: int,
    ) -> Frames:
        """What may be believed of a cut; `repeated` are rows that were handed over before."""
        verdict, encoding, _ = splitter.judge(arena, cut, _ONE)
        verdict[list(repeated)] = LEFT_OUT
        if not self._retained:
            old = (cut.flags & 1 == 1) & (verdict != LEFT_OUT)
            verdict[old] = LEFT_OUT
            self._counters.retained += int(old.sum())
        aside = self._ask(arena, cut, verdict, encoding, splitter, now)
        for row in np.flatnonzero(cut.special).tolist() if said else ():
            named = encoding_of(said[int(cut.special[row]) - 1].content_type)
            encoding[row] = encoding[row] if named is Encoding.GUESS else named
        gathered = splitter.gather(arena, cut, verdict, _LEVEL)
        rows = gathered.row
        found = Frames(
            arena=gathered.arena,
            index=gathered.index,
            origin=np.zeros(len(rows), np.int32),
            origins=(self.origin,),
            arrival=np.full(len(rows), now, np.int64),
            encoding=encoding[rows],
            qos=(cut.flags[rows] >> 1 & 3).astype(np.uint8),
        )
        return Frames.join([found, Frames.of(aside)]) if aside else found

    def _ask(
        self, arena: Arena, cut: Cut, verdict: U8, encoding: U8, splitter: AbstractSplitter, now: int
    ) -> list[Message]:
        """Decide about topics that the splitter does not know; the answers to orders, which go another way."""
        known: dict[bytes, Reach | None] = {}
        aside: list[Message] = []
        for row in np.flatnonzero(verdict == UNKNOWN).tolist():
            at, size, begin, length = cut.index[row].tolist()
            topic = bytes(arena.data[at : at + size])
            if topic not in known:
                known[topic] = self._decide(topic, now)
            reach = known[topic]
            verdict[row] = LEFT_OUT
            if reach is None:
                self._counters.refused += 1
            elif reach.channel == "telemetry":
                splitter.permit(1, topic, int(reach.encoding))
                verdict[row], encoding[row] = ALLOWED, reach.encoding
            else:
                name, payload = f"twins/{reach.twin}/commands/ack".encode(), bytes(arena.data[begin : begin + length])
                aside.append(Message(self.origin, name, payload, now, reach.encoding, int(cut.flags[row]) >> 1 & 3))
        return aside

    def _decide(self, topic: bytes, now: int) -> Reach | None:
        if topic in self._denied:
            return None
        try:
            named = is_name(topic, longest=_LONGEST, levels=_LONGEST)
            reach = self._rights.publish(self._identity, checked_text(topic)) if named else None
        except PacketRefused:
            reach = None
        if reach is None and len(self._denied) < _FEW:
            self._denied.add(topic)
            why = "no mapping of this broker names this topic"
            self._told(letter(self.origin, now, Reason.NOT_AUTHORIZED, why, topic=topic))
        return reach
