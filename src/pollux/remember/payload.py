"""Frames as the payload of a record, and back.

A payload is `length of the preamble (u32) | preamble | columns | bytes`. The preamble is a MessagePack array
`[n, bases, widths, origins]`; where frames carried more than topic and payload, a map of that by their numbers follows.
Each of the seven columns (arrival, topic length, payload length, origin, encoding, qos, position) is a base and n
unsigned numbers of 0, 1, 2, 4 or 8 bytes that are added to it; a column that is the same for all frames takes no bytes.
The bytes are topic and payload of each frame, one after the other, and nothing else: what an arena holds beside its
frames (packets of others, for one) is never written.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar, final

import msgspec
import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import I32, I64
from pollux.columns.frames import Frames, Origin, moved
from pollux.errors import DataRefused

_LENGTH = struct.Struct("<I")
_WIDTH_OF_BITS: list[int] = [next(width for width in (0, 1, 2, 4, 8) if bits <= 8 * width) for bits in range(65)]
_TYPES: dict[int, np.dtype[np.unsignedinteger[Any]]] = {
    1: np.dtype("<u1"),
    2: np.dtype("<u2"),
    4: np.dtype("<u4"),
    8: np.dtype("<u8"),
}
_COLUMNS = 7
_WORD = 0xFFFFFFFFFFFFFFFF
_Number = TypeVar("_Number", bound=np.generic)
_NO_WIDTHS = (0,) * _COLUMNS
_encoder = msgspec.msgpack.Encoder()


class _Preamble(msgspec.Struct, array_like=True, frozen=True, gc=False):
    n: int
    bases: list[int]
    widths: list[int]
    origins: list[tuple[str, str | None, str | None]]
    said: dict[int, bytes] = {}


_decoder = msgspec.msgpack.Decoder(_Preamble)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The frames of one batch that belong to one tenant and one subject, with their places in the batch."""

    tenant: str
    subject: str | None
    frames: Frames
    position: I64 | None
    """None: the part is the whole batch"""


def checked(frames: Frames) -> Frames:
    """The same frames, once it is certain that they can be written.

    Raises:
        DataRefused: columns of different lengths, or an index that points outside the arena.
    """
    n = len(frames.arrival)
    columns = (frames.index, frames.origin, frames.encoding, frames.qos)
    if any(len(column) != n for column in columns) or frames.index.shape != (n, 4):
        raise DataRefused(f"expected columns of {n} frames, got {[len(column) for column in columns]}")
    if n and not (_inside(frames.index, len(frames.arena)) and frames.origin.min() >= 0):
        raise DataRefused("expected an index within the arena, got one outside")
    if n and int(frames.origin.max()) >= len(frames.origins):
        raise DataRefused(f"expected origins below {len(frames.origins)}, got {int(frames.origin.max())}")
    return frames


def _inside(index: I32, size: int) -> bool:
    # In 64 bits: the sum of an offset and a length may pass 2**31.
    ends = np.add(index[:, ::2], index[:, 1::2], dtype=np.int64)
    return int(index.min()) >= 0 and int(ends.max()) <= size


def parts_of(frames: Frames) -> list[Part]:
    """The batch cut by tenant and subject; a batch of one owner, as most are, is not touched."""
    owners = [(origin.tenant, origin.subject) for origin in frames.origins]
    known = {owner: number for number, owner in enumerate(dict.fromkeys(owners))}
    if len(known) <= 1:
        return [Part(*next(iter(known), ("", None)), frames, None)]
    owner = np.array([known[owner] for owner in owners])[frames.origin]
    order = np.argsort(owner, kind="stable")
    edges = np.searchsorted(owner[order], np.arange(len(known) + 1))
    whole = len(frames) == int(np.diff(edges).max(initial=0))
    return [
        Part(tenant, subject, _at(frames, places), None if whole else places)
        for (tenant, subject), start, end in zip(known, edges[:-1], edges[1:], strict=True)
        if len(places := order[start:end])
    ] or [Part("", None, frames, None)]


def _at(frames: Frames, places: I64) -> Frames:
    return Frames(
        arena=frames.arena,
        index=frames.index[places],
        origin=frames.origin[places],
        origins=frames.origins,
        arrival=frames.arrival[places],
        encoding=frames.encoding[places],
        qos=frames.qos[places],
        said=moved(frames.said, places),
    )


def pack(part: Part) -> bytes:
    """The payload of one part of a batch."""
    frames, n = part.frames, len(part.frames)
    if n == 1:
        return _pack_one(frames, 0 if part.position is None else int(part.position[0]))
    origins, codes = _origins_in_use(frames)
    table = [(origin.device, origin.subject, origin.boot) for origin in origins]
    columns = np.zeros((_COLUMNS, n), np.int64)
    columns[0] = frames.arrival
    columns[1] = frames.index[:, 1]
    columns[2] = frames.index[:, 3]
    columns[3] = codes
    columns[4] = frames.encoding
    columns[5] = frames.qos
    if part.position is not None:
        columns[6] = part.position
    bases, widths, packed = _packed(columns)
    preamble = _encoder.encode((n, bases, widths, table, *_more(frames)))
    return b"".join((_LENGTH.pack(len(preamble)), preamble, *packed, _texts(frames)))


def _pack_one(frames: Frames, position: int) -> bytes:
    """The same for a single frame, as interactive devices send them, in a tenth of the time."""
    topic, topic_size, body, body_size = frames.index[0].tolist()
    origin = frames.origins[int(frames.origin[0])]
    one = (int(frames.arrival[0]), topic_size, body_size, 0, int(frames.encoding[0]), int(frames.qos[0]), position)
    table = ((origin.device, origin.subject, origin.boot),)
    preamble = _encoder.encode((1, one, _NO_WIDTHS, table, *_more(frames)))
    arena = frames.arena
    return b"".join(
        (_LENGTH.pack(len(preamble)), preamble, arena[topic : topic + topic_size], arena[body : body + body_size])
    )


def _more(frames: Frames) -> tuple[Mapping[int, bytes], ...]:
    return (dict(frames.said),) if frames.said else ()


def _origins_in_use(frames: Frames) -> tuple[Sequence[Origin], I32]:
    used = np.zeros(len(frames.origins), np.bool_)
    used[frames.origin] = True
    if used.all():
        return frames.origins, frames.origin
    codes = (np.cumsum(used) - 1).astype(np.int32)
    return [frames.origins[i] for i in np.flatnonzero(used)], codes[frames.origin]


def _packed(columns: I64) -> tuple[list[int], list[int], list[bytes]]:
    if columns.shape[1] == 0:
        return [0] * _COLUMNS, [0] * _COLUMNS, []
    bases: list[int] = columns.min(axis=1).tolist()
    highest: list[int] = columns.max(axis=1).tolist()
    spans = [high - low for low, high in zip(bases, highest, strict=True)]
    widths = [_WIDTH_OF_BITS[int(span).bit_length()] for span in spans]
    # The difference may pass 2**63; unsigned arithmetic wraps round, and wraps back when it is read.
    packed = [
        (column.view(np.uint64) - np.uint64(base & _WORD)).astype(_TYPES[width]).tobytes()
        for column, base, width in zip(columns, bases, widths, strict=True)
        if width
    ]
    return bases, widths, packed


def _texts(frames: Frames) -> bytes:
    """Topic and payload of each frame, one after the other."""
    if not len(frames):
        return b""
    starts = frames.index[:, ::2].ravel()
    ends = starts + frames.index[:, 1::2].ravel()
    gaps = starts[1:] - ends[:-1]
    first, last = int(starts[0]), int(ends[-1])
    if (gaps < 0).any():
        arena, places = frames.arena, zip(starts.tolist(), ends.tolist(), strict=True)
        return b"".join([arena[start:end] for start, end in places])
    if not gaps.any():
        return frames.arena[first:last]
    return _without_gaps(frames.arena, first, last, ends, gaps)


def _without_gaps(arena: bytes, first: int, last: int, ends: I32, gaps: I32) -> bytes:
    """The bytes from `first` to `last` less what lies between the pieces: half the time of joining slices."""
    after = np.cumsum(gaps)
    shift = np.repeat(ends[:-1] - first - (after - gaps), gaps)
    keep = np.ones(last - first, np.bool_)
    keep[shift + np.arange(len(shift))] = False
    kept: NDArray[np.uint8] = np.frombuffer(arena, np.uint8)[first:last][keep]
    return kept.tobytes()


@final
@dataclass(frozen=True, slots=True, eq=False)
class Unpacked:
    """One part of a batch as it was read."""

    frames: Frames
    position: I64


def unpack(payload: bytes | memoryview, tenant: str) -> Unpacked:
    """The part of a batch that a payload holds."""
    length = _LENGTH.unpack_from(payload)[0]
    at = _LENGTH.size + length
    preamble = _decoder.decode(payload[_LENGTH.size : at])
    n = preamble.n
    columns: list[I64 | int] = []
    for base, width in zip(preamble.bases, preamble.widths, strict=True):
        columns.append(_column(payload, at, n, base, width) if width else base)
        at += n * width
    arrival, topic, body, origin, encoding, qos, position = columns
    index = np.empty((n, 4), np.int32)
    index[:, 1] = topic
    index[:, 3] = body
    lengths = index[:, 1::2].ravel()
    ends = lengths.cumsum(dtype=np.int32)
    index[:, ::2] = (ends - lengths).reshape(n, 2)
    frames = Frames(
        arena=bytes(payload[at:]),
        index=index,
        origin=_full(n, origin, np.int32),
        origins=tuple([_origin(tenant, *row) for row in preamble.origins]),
        arrival=_full(n, arrival, np.int64),
        encoding=_full(n, encoding, np.uint8),
        qos=_full(n, qos, np.uint8),
        said=preamble.said,
    )
    return Unpacked(frames, _full(n, position, np.int64))


def _column(payload: bytes | memoryview, at: int, n: int, base: int, width: int) -> I64:
    stored: NDArray[np.unsignedinteger[Any]] = np.frombuffer(payload, dtype=_TYPES[width], count=n, offset=at)
    found = stored.astype(np.uint64)
    found += np.uint64(base & _WORD)
    return found.view(np.int64)


def _full(n: int, values: I64 | int, kind: type[_Number]) -> NDArray[_Number]:
    column = np.empty(n, kind)
    column[:] = values
    return column


@lru_cache(maxsize=1 << 16)
def _origin(tenant: str, device: str, subject: str | None, boot: str | None) -> Origin:
    """The same devices come in every batch; making the object anew costs more than all else of their frames."""
    return Origin(tenant, device, subject, boot)


def assemble(parts: Sequence[Unpacked]) -> Frames:
    """The batch of its parts, each frame in its old place; parts that were erased leave no hole."""
    if len(parts) == 1:
        return parts[0].frames
    joined = Frames.join([part.frames for part in parts])
    if not parts:
        return joined
    order = np.argsort(np.concatenate([part.position for part in parts]), kind="stable")
    return _at(joined, order)
