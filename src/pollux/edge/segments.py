"""The files of the queue: records in a segment, each with its length and a checksum."""

import secrets
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, final

import msgspec

from pollux.errors import StorageError
from pollux.remember.disk import AbstractDisk

Lane = Literal["summary", "raw"]

LANES: Final[tuple[Lane, ...]] = ("raw", "summary")
"""All lanes, in the order in which they give way."""

FORMAT: Final = "PXQ1"
_FRAME: Final = struct.Struct("<II")
_NAME: Final = "{lane}-{first:020d}.q"


@final
class Message(msgspec.Struct, frozen=True, array_like=True):
    """One message of the queue: its number, where it belongs, until when it tells, and what is published where."""

    number: int
    lane: Lane
    twin: str
    seq: int
    stream: str
    until: int
    topic: str
    payload: bytes


@final
class Ledger(msgspec.Struct):
    """What must survive of all messages, those that are gone too: it heads each segment.

    `format` is the version of the files. `life` names the counters' life (`boot` on the wire); `number` and `seqs` are
    the last that were given, `untils` the end of the last stretch that a stream has told; `dropped` counts messages
    that gave way, by lane.
    """

    format: str = FORMAT
    life: str = msgspec.field(default_factory=lambda: secrets.token_hex(8))
    number: int = 0
    seqs: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    untils: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    dropped: dict[str, int] = msgspec.field(default_factory=dict[str, int])

    def note(self, message: Message, life: str) -> None:
        """A message was written in a life."""
        self.number = max(self.number, message.number)
        self.untils[message.stream] = max(self.untils.get(message.stream, 0), message.until)
        if life == self.life:
            self.seqs[message.twin] = max(self.seqs.get(message.twin, 0), message.seq)

    def join(self, other: "Ledger") -> None:
        """Take over what another segment knows; its counters only where they are of the same life."""
        self.number = max(self.number, other.number)
        _join(self.untils, other.untils)
        _join(self.dropped, other.dropped)
        if other.life == self.life:
            _join(self.seqs, other.seqs)

    def renew(self) -> None:
        """Begin a new life, in which no counter has said anything."""
        self.life = secrets.token_hex(8)
        self.number += 1
        self.seqs = {}


def _join(mine: dict[str, int], theirs: Mapping[str, int]) -> None:
    mine.update({name: max(number, mine.get(name, 0)) for name, number in theirs.items()})


@final
@dataclass(slots=True)
class Segment:
    """One file: its lane, its size, and the numbers of its messages with their offsets."""

    path: Path
    lane: Lane
    size: int
    places: list[tuple[int, int]]

    @property
    def last(self) -> int:
        """The number of its last message, 0 when it has none."""
        return self.places[-1][0] if self.places else 0


@final
@dataclass(frozen=True, slots=True)
class Found:
    """A segment as it was found: its head, its messages, and whether there are bytes behind them that say nothing."""

    segment: Segment
    head: Ledger
    messages: Sequence[Message]
    torn: bool


def framed(told: Any) -> bytes:
    """A record as it lies on disk: length, CRC-32, MessagePack."""
    body = msgspec.msgpack.encode(told)
    return _FRAME.pack(len(body), zlib.crc32(body)) + body


def path_of(folder: Path, lane: Lane, first: int) -> Path:
    """Where the segment of a lane lies whose first message has this number."""
    return folder / _NAME.format(lane=lane, first=first)


def lane_of(name: str) -> Lane | None:
    """The lane of a file's name, None where it is no segment."""
    lane, _, number = name.removesuffix(".q").partition("-")
    if not name.endswith(".q") or not number.isdigit():
        return None
    return "summary" if lane == "summary" else "raw" if lane == "raw" else None


def read_segment(disk: AbstractDisk, path: Path, lane: Lane) -> Found | None:
    """A segment as far as it can be read; None when not even its head can."""
    data = disk.contents(path)
    head, place = unframed(data, 0, Ledger)
    if head is None:
        return None
    if head.format != FORMAT:
        raise StorageError(
            f"expected a queue of version {FORMAT}, got {head.format}", at=path.name, hint="a newer Pollux"
        )
    segment = Segment(path, lane, place, [])
    messages: list[Message] = []
    while place < len(data):
        message, after = unframed(data, place, Message)
        if message is None:
            break
        segment.places.append((message.number, place))
        messages.append(message)
        place = segment.size = after
    return Found(segment, head, messages, torn=place < len(data))


def read_message(disk: AbstractDisk, path: Path, offset: int) -> Message | None:
    """The message at an offset; None where the bytes are not those that were written."""
    handle = disk.open(path)
    try:
        frame = disk.read(handle, _FRAME.size, offset)
        if len(frame) < _FRAME.size:
            return None
        length, _ = _FRAME.unpack(frame)
        found: Message | None = unframed(frame + disk.read(handle, length, offset + _FRAME.size), 0, Message)[0]
        return found
    finally:
        disk.close(handle)


def unframed(data: bytes, place: int, kind: Any) -> tuple[Any, int]:
    """The record of some type at a place and the place behind it; None where there is no whole and right one."""
    if place + _FRAME.size > len(data):
        return None, place
    length, checksum = _FRAME.unpack_from(data, place)
    body = data[place + _FRAME.size : place + _FRAME.size + length]
    if len(body) < length or zlib.crc32(body) != checksum:
        return None, place
    try:
        return msgspec.msgpack.decode(body, type=kind), place + _FRAME.size + length
    except msgspec.MsgspecError:
        return None, place
