"""The hot path in five steps, each one call for all connections that are ready: receive, split, judge, gather, reply.

There are two implementations with the same results: plain.py in Python and fast.py compiled. They work on one arena of
bytes in which each *segment* is what one connection has sent, and on a *cut* of it: one row per PUBLISH.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import final

import numpy as np
from numpy.typing import NDArray

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]

ALLOWED = 0
UNKNOWN = 255
LOOK_YOURSELF = -1


@final
class Why(IntEnum):
    """Why the splitter stopped in a segment: the rest is a cut packet, a packet for the slow path, or rows ran out."""

    CUT = 0
    SLOW = 1
    FULL = 2


@final
@dataclass(slots=True)
class Arena:
    """The bytes of one turn of the loop, seen three ways without a copy."""

    data: bytearray
    view: memoryview
    array: U8

    @staticmethod
    def of(size: int) -> "Arena":
        """An arena of `size` bytes."""
        data = bytearray(size)
        return Arena(data, memoryview(data), np.frombuffer(data, np.uint8))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Where in the arena each connection's bytes lie: `number` counts into the turn's connections.

    Arrays of int32, one entry per segment; `level` is the protocol level of the connection.
    """

    start: I32
    end: I32
    number: I32
    level: I32

    @staticmethod
    def of(start: Sequence[int], end: Sequence[int], number: Sequence[int], level: Sequence[int]) -> "Segments":
        """Segments from lists."""
        return Segments(*(np.array(column, np.int32) for column in (start, end, number, level)))

    def __len__(self) -> int:
        return len(self.start)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """One row per PUBLISH.

    `index` int32 (n, 4) is topic offset, topic length, payload offset, payload length; `number` the connection's;
    `flags` the low bits of the first byte; `packet_id` is 0 at QoS 0; `special` counts, from 1, what was said beside.
    """

    index: I32
    number: I32
    flags: U8
    packet_id: I32
    special: I32

    def __len__(self) -> int:
        return len(self.number)

    @staticmethod
    def join(parts: "Sequence[Cut]") -> "Cut":
        """Several cuts of one turn as one, the rows of each connection together and in their order."""
        if len(parts) == 1:
            return parts[0]
        number = np.concatenate([part.number for part in parts])
        order = np.argsort(number, kind="stable")
        return Cut(
            np.concatenate([part.index for part in parts])[order],
            number[order],
            np.concatenate([part.flags for part in parts])[order],
            np.concatenate([part.packet_id for part in parts])[order],
            np.concatenate([part.special for part in parts])[order],
        )


@final
@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """What leaves the hot path: the bytes and index of the allowed messages, and what to answer each connection.

    `row` is the row of the cut each message came from. For each connection of the turn, `answers[begin:end]` are its
    answers in order (PUBACK, PUBREC), `answered` is how many, and `refused` is 1 where 3.1.1 can only hang up.
    """

    arena: bytes
    index: I32
    row: I32
    answers: bytes
    begin: I32
    end: I32
    answered: I32
    refused: I32


class AbstractSplitter(ABC):
    """The five steps, and what they remember: which topics a connection may use, and which topics somebody hears.

    `wild` is the number of subscriptions with wildcards: while there are any, every topic counts as heard.
    """

    wild: int = 0

    @abstractmethod
    def receive(self, handles: I32, arena: Arena, at: int, room: int, chunk: int) -> I64:
        """Read up to `chunk` bytes from each socket, one behind the other from `at` on, while they surely fit `room`.

        Returns the count of each that was read; 0 where it has ended, LOOK_YOURSELF for nothing or an error.
        """

    @abstractmethod
    def split(self, arena: Arena, segments: Segments, rows: int, largest: int) -> tuple[Cut, I32, I32]:
        """Cut ordinary PUBLISH packets until something else comes; and per segment, where and why that was."""

    @abstractmethod
    def judge(self, arena: Arena, cut: Cut, serials: I64) -> tuple[U8, U8, U8]:
        """Per row: ALLOWED, UNKNOWN or a reason to refuse; the encoding that the topic tells; whether it is heard."""

    @abstractmethod
    def gather(self, arena: Arena, cut: Cut, verdict: U8, levels: I32) -> Gathered:
        """Copy the allowed messages together and write the answers."""

    @abstractmethod
    def reply(self, handles: I32, answers: bytes, begin: I32, end: I32) -> I64:
        """Send each socket its part of `answers`: the count that was taken, LOOK_YOURSELF on an error."""

    @abstractmethod
    def permit(self, serial: int, topic: bytes, encoding: int) -> None:
        """Connection `serial` may publish to `topic`, whose payloads are written in `encoding`."""

    @abstractmethod
    def forget(self) -> None:
        """Ask again for every topic: policies or identities have changed."""

    @abstractmethod
    def hear(self, topic: bytes, change: int) -> None:
        """One more (+1) or one less (-1) subscription to exactly this topic."""
