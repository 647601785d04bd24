"""What is not known of messages by their topics alone: who may publish to a new one, and what properties say."""

from typing import Final, final

import numpy as np

from pollux.columns.encodings import encoding_of
from pollux.columns.frames import Encoding
from pollux.connect.mqtt.common import Common
from pollux.connect.mqtt.intake import Turn
from pollux.connect.mqtt.link import Link
from pollux.connect.mqtt.session import Session
from pollux.connect.wire.letters import letter
from pollux.connect.wire.octets import checked_text
from pollux.connect.wire.properties import Properties
from pollux.connect.wire.reasons import PacketRefused, Reason
from pollux.connect.wire.splitter import ALLOWED, U8, UNKNOWN, AbstractSplitter, Arena, Cut
from pollux.connect.wire.topics import is_name

_FEW: Final = 64
"""Topics that one connection is told of that it may not publish to; it is refused further ones silently."""


@final
class Verdicts:
    """Decides about the messages of a turn that the splitter leaves open, and writes that into its columns."""

    def __init__(self, common: Common, arena: Arena) -> None:
        self._common, self._arena = common, arena

    def ask(
        self, turn: Turn, sessions: list[Session], cut: Cut, verdict: U8, encoding: U8, splitter: AbstractSplitter
    ) -> list[tuple[Link, PacketRefused]]:
        """Decide about topics that the splitter does not know; and who is to be put out for what they are."""
        known: dict[tuple[int, bytes], tuple[int, int]] = {}
        closing: list[tuple[Link, PacketRefused]] = []
        for row in np.flatnonzero(verdict == UNKNOWN).tolist():
            at, size = int(cut.index[row, 0]), int(cut.index[row, 1])
            number, topic = int(cut.number[row]), bytes(self._arena.data[at : at + size])
            if (number, topic) not in known:
                serial = int(turn.serial[number])
                try:
                    known[number, topic] = self._decide(sessions[number], serial, topic, splitter)
                except PacketRefused as error:
                    known[number, topic] = int(error.reason), 0
                    self._tell(sessions[number], error.reason, error.message, topic)
                    closing.append((sessions[number].link, error))
            verdict[row], encoding[row] = known[number, topic]
        return closing

    def _decide(self, session: Session, serial: int, topic: bytes, splitter: AbstractSplitter) -> tuple[int, int]:
        denied = session.link.denied
        if topic in denied:
            return int(Reason.NOT_AUTHORIZED), 0
        reach = self._common.rights.publish(session.identity, self._name(topic))
        if reach is None:
            if len(denied) < _FEW:
                denied.add(topic)
                self._tell(session, Reason.NOT_AUTHORIZED, "this topic may not be published to", topic)
            return int(Reason.NOT_AUTHORIZED), 0
        splitter.permit(serial, topic, int(reach.encoding))
        return ALLOWED, int(reach.encoding)

    def _name(self, topic: bytes) -> str:
        limits = self._common.limits
        name = checked_text(topic)
        if not is_name(topic, longest=limits.topic_bytes, levels=limits.topic_levels):
            raise PacketRefused(
                Reason.TOPIC_NAME_INVALID,
                f"expected a topic without wildcards, at most {limits.topic_bytes} bytes, {limits.topic_levels} levels",
            )
        return name

    def _tell(self, session: Session, reason: Reason, detail: str, topic: bytes, payload: bytes = b"") -> None:
        now = self._common.clock.now()
        self._common.told(letter(session.origin, now, reason, detail, topic=topic, payload=payload))

    def look_at_properties(
        self, sessions: list[Session], cut: Cut, row: int, said: Properties, verdict: U8, encoding: U8
    ) -> None:
        named = encoding_of(said.content_type)
        if named is not Encoding.GUESS:
            encoding[row] = named
        if said.payload_format == 1 and verdict[row] == ALLOWED:
            at, size = int(cut.index[row, 2]), int(cut.index[row, 3])
            try:
                self._arena.data[at : at + size].decode()
            except UnicodeDecodeError:
                verdict[row] = reason = Reason.PAYLOAD_FORMAT_INVALID
                begin, length = int(cut.index[row, 0]), int(cut.index[row, 1])
                topic, payload = (
                    bytes(self._arena.data[i : i + n]) for i, n in ((begin, length), (at, min(size, 256)))
                )
                self._tell(sessions[int(cut.number[row])], reason, "expected UTF-8, as announced", topic, payload)
                self._common.counters.refused_payload += 1
