"""What a broker has sent, cut into messages and other packets, in one arena with the splitter of the endpoint."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, final

import numpy as np

from pollux.connect.wire.decode import decode, header
from pollux.connect.wire.packets import Packet, Publish
from pollux.connect.wire.properties import NONE, Properties
from pollux.connect.wire.reasons import PacketRefused, Reason
from pollux.connect.wire.splitter import AbstractSplitter, Arena, Cut, Segments, Why

READ: Final = 256 << 10
ROWS: Final = 65_536
_HEADER: Final = 5

Row = tuple[int, int, int, int, int, int, int]
"""Topic offset and length, payload offset and length, flags, packet identifier, special."""


@final
@dataclass(slots=True)
class Taken:
    """The messages of one reading: rows in the arena; `said[k - 1]` belongs to those whose special is k."""

    parts: list[Cut] = field(default_factory=list[Cut])
    said: list[Properties] = field(default_factory=list[Properties])
    slow: list[Row] = field(default_factory=list[Row])

    def add(self, cut: Cut) -> None:
        """Rows of the splitter, behind those of the slow path."""
        self.settle()
        if len(cut):
            self.parts.append(cut)

    def settle(self) -> None:
        """The rows of the slow path so far become a cut."""
        if self.slow:
            rows = np.array(self.slow, np.int32)
            flags, packet_id, special = (rows[:, place].copy() for place in (4, 5, 6))
            number = np.zeros(len(rows), np.int32)
            self.parts.append(Cut(rows[:, :4].copy(), number, flags.astype(np.uint8), packet_id, special))
            self.slow = []

    @property
    def cut(self) -> Cut | None:
        """All of it, None for nothing."""
        self.settle()
        return Cut.join(self.parts) if self.parts else None


@final
class Intake:
    """One arena: what was cut off at the end of a reading lies at its front before the next one."""

    def __init__(self, splitter: AbstractSplitter, *, packet_bytes: int) -> None:
        self.splitter = splitter
        self._most = packet_bytes
        self.arena = Arena.of(packet_bytes + _HEADER + READ)
        self._held = 0
        self._at = 0
        self._end = 0

    @property
    def room(self) -> memoryview:
        """Where the next reading goes."""
        return self.arena.view[self._held : self._held + READ]

    @property
    def start(self) -> bytes:
        """The first two bytes of what was read."""
        return bytes(self.arena.data[:2])

    def forget(self) -> None:
        """A connection begins: nothing of the last one is left."""
        self._held = 0

    def take(self, count: int, level: int, other: Callable[[Packet], None]) -> Taken:
        """The messages in what was read; every other packet is given to `other`, in order. Raises PacketRefused.

        The arena stays as it is until `done`, so that the messages can be copied out of it.
        """
        taken, self._at, self._end = Taken(), 0, self._held + count
        while self._at < self._end:
            where = Segments.of([self._at], [self._end], [0], [level])
            cut, stops, whys = self.splitter.split(self.arena, where, ROWS, self._most)
            taken.add(cut)
            self._at = int(stops[0])
            if whys[0] == Why.CUT or (whys[0] == Why.SLOW and not self._slowly(taken, level, other)):
                break
        return taken

    def done(self) -> None:
        """Keep what was cut off for the next reading."""
        self._held = self._end - self._at
        self.arena.data[: self._held] = self.arena.data[self._at : self._end]
        self._at = self._end = 0

    def _slowly(self, taken: Taken, level: int, other: Callable[[Packet], None]) -> bool:
        """One packet that is no ordinary message; False when it is not whole yet."""
        found = header(self.arena.data, self._at, self._end)
        if found is None:
            return False
        begin, end = found
        if end - begin > self._most:
            raise PacketRefused(
                Reason.PACKET_TOO_LARGE, f"expected a packet of at most {self._most} bytes, got {end - begin}"
            )
        if end > self._end:
            return False
        first = self.arena.data[self._at]
        packet = decode(first, bytes(self.arena.data[begin:end]), level)
        self._at = end
        if isinstance(packet, Publish):
            self._message(taken, packet, first, begin, end)
        else:
            other(packet)
        return True

    @staticmethod
    def _message(taken: Taken, packet: Publish, first: int, begin: int, end: int) -> None:
        if packet.properties.topic_alias is not None or not packet.topic:
            raise PacketRefused(Reason.TOPIC_ALIAS_INVALID, "expected a topic, got an alias, which was not offered")
        special = 0
        if packet.properties is not NONE:
            taken.said.append(packet.properties)
            special = len(taken.said)
        size = len(packet.payload)
        row = begin + 2, len(packet.topic), end - size, size, first & 15, packet.packet_id, special
        taken.slow.append(row)
