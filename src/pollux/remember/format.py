"""The bytes of a segment: its prelude, the heads of its records, and where a record ends.

docs/reference/log.md says it field by field. All numbers are little-endian. The prelude (its first 12 bytes and its
checksum at the end) never changes its place, so that every later version can be told apart from damage.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, final

from pollux.errors import DamagedLog, StorageError

VERSION = 1
PRELUDE = 128
MAGIC = b"POLLUXLG"
SECTOR = 512
FILL = 0xA5
LONGEST_NAME = 200
LARGEST_ENTRY = 256 << 20
GENESIS = bytes(32)

BOUNDARY = 1
"""Flag: the last record of its entry; a batch ends here."""
SEALED = 2
"""Flag: the payload is encrypted with the key of a person."""

_PRELUDE = struct.Struct("<8sII16s8sQQq32s")
_HEAD = struct.Struct("<8sBBHIQIIIIqQQHH32s32s")
_CHECK = struct.Struct("<I")
SHORTEST_HEAD = (_HEAD.size + _CHECK.size + 7) & ~7


@final
class Kind(IntEnum):
    """What a record holds."""

    FRAMES = 1
    NOTE = 2
    SEAL = 3


@final
@dataclass(frozen=True, slots=True)
class Prelude:
    """The first 128 bytes of a segment: which log, from which entry and arrival on, after which record."""

    log_id: bytes
    mark: bytes
    first: int
    group: int
    since: int
    previous: bytes
    version: int = VERSION

    def encode(self) -> bytes:
        """The bytes, with their checksum at the end."""
        fields = (self.log_id, self.mark, self.first, self.group, self.since, self.previous)
        body = _PRELUDE.pack(MAGIC, VERSION, PRELUDE, *fields).ljust(PRELUDE - _CHECK.size, b"\0")
        return body + _CHECK.pack(zlib.crc32(body))


class Head(NamedTuple):
    """The head of a record as it was read.

    `digest` is the SHA-256 of the payload, `previous` that of the head before: each head vouches for its payload and
    for everything before it.
    """

    kind: int
    flags: int
    length: int
    seq: int
    part: int
    parts: int
    items: int
    size: int
    arrival: int
    group: int
    group_end: int
    digest: bytes
    previous: bytes
    tenant: bytes
    subject: bytes

    @property
    def span(self) -> int:
        """Bytes of the whole record: head, payload and fill."""
        return self.length + filled(self.size)


class Draft(NamedTuple):
    """A record before its place in the log is known."""

    kind: int
    flags: int
    seq: int
    part: int
    parts: int
    items: int
    arrival: int
    tenant: bytes
    subject: bytes
    payload: bytes
    digest: bytes

    @property
    def span(self) -> int:
        """Bytes that the record will take."""
        return head_length(len(self.tenant), len(self.subject)) + filled(len(self.payload))


def head_length(tenant: int, subject: int) -> int:
    """Bytes of a head with names of these lengths, a multiple of 8."""
    return (_HEAD.size + tenant + subject + _CHECK.size + 7) & ~7


def filled(size: int) -> int:
    """Bytes of a payload with its fill: 8 to 15 bytes 0xA5 up to a multiple of 8.

    The last eight bytes of a record are thus never zero: where they are, the end of the record was never written.
    """
    return (size + 15) & ~7


def fill(size: int) -> bytes:
    """The fill after a payload."""
    return bytes([FILL]) * (filled(size) - size)


class Place(NamedTuple):
    """What the writer knows of a record's place in the log."""

    mark: bytes
    group: int
    group_end: int
    previous: bytes


def encode_head(draft: Draft, place: Place) -> bytes:
    """The head of `draft` at `place`."""
    length = head_length(len(draft.tenant), len(draft.subject))
    fixed = _HEAD.pack(
        place.mark,
        VERSION,
        draft.kind,
        draft.flags,
        length,
        draft.seq,
        draft.part,
        draft.parts,
        draft.items,
        len(draft.payload),
        draft.arrival,
        place.group,
        place.group_end,
        len(draft.tenant),
        len(draft.subject),
        draft.digest,
        place.previous,
    )
    body = (fixed + draft.tenant + draft.subject).ljust(length - _CHECK.size, b"\0")
    return body + _CHECK.pack(zlib.crc32(body))


def decode_head(view: bytes | memoryview, mark: bytes) -> Head | None:
    """The head at the start of `view`; None where no whole, undamaged head of this segment is."""
    if len(view) < SHORTEST_HEAD or view[:8] != mark:
        return None
    fields = _HEAD.unpack_from(view)
    length, tenant, subject = fields[4], fields[13], fields[14]
    if length != head_length(tenant, subject) or len(view) < length:
        return None
    if zlib.crc32(view[: length - _CHECK.size]) != _CHECK.unpack_from(view, length - _CHECK.size)[0]:
        return None
    names = bytes(view[_HEAD.size : _HEAD.size + tenant + subject])
    return Head._make((*fields[2:13], *fields[15:], names[:tenant], names[tenant:]))


def claimed_length(view: bytes | memoryview, mark: bytes) -> int:
    """How long a head says it is, where its checksum need not hold; the shortest where it contradicts itself."""
    if len(view) < SHORTEST_HEAD or view[:8] != mark:
        return SHORTEST_HEAD
    fields = _HEAD.unpack_from(view)
    length = head_length(fields[13], fields[14])
    return length if length == fields[4] else SHORTEST_HEAD


def _prelude_1(body: bytes) -> Prelude:
    _, version, _, log_id, mark, first, group, since, previous = _PRELUDE.unpack_from(body)
    return Prelude(log_id, mark, first, group, since, previous, version)


class Layout(NamedTuple):
    """How segments of one version are read."""

    prelude: Callable[[bytes], Prelude]
    head: Callable[[bytes | memoryview, bytes], Head | None]


LAYOUTS: dict[int, Layout] = {VERSION: Layout(_prelude_1, decode_head)}
"""Every version that can be read. A new version adds its line and keeps the older ones, which need no rewriting."""


def decode_prelude(body: bytes, file: str) -> Prelude:
    """The prelude of a segment.

    Raises:
        DamagedLog: these bytes are not what was written.
        StorageError: they are, by a newer Pollux.
    """
    if len(body) < PRELUDE or body[:8] != MAGIC:
        raise DamagedLog("expected the beginning of a log segment, got other bytes", file=file, byte=0)
    if zlib.crc32(body[: PRELUDE - _CHECK.size]) != _CHECK.unpack_from(body, PRELUDE - _CHECK.size)[0]:
        raise DamagedLog("expected the checksum of the segment's prelude to hold, got another", file=file, byte=0)
    version = int.from_bytes(body[8:12], "little")
    if version not in LAYOUTS:
        raise StorageError(
            f"expected a log of format {VERSION} or older, got format {version}",
            at=file,
            hint="it was written by a newer Pollux: open it with that one",
        )
    return LAYOUTS[version].prelude(body)
