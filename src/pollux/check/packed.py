"""Packed blocks: many samples of a few signals as plain arrays, the cheapest thing a device can send.

    b"PXB1" | length of the head u32 | head (MessagePack map) | times, n x i64, if "t" is "each" | n numbers per signal

Everything is little-endian. The head holds `n`, `signals` (wire names), `type` ("f4", "f8", "i2", "i4": one for all),
`t`: "each" (nanoseconds UTC follow), or [start, step] in nanoseconds, or absent for the time of arrival; and `seq` and
`boot` as in any payload. The block is one message.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from pollux.columns.arrays import F64, I64
from pollux.columns.batch import NO_SEQUENCE

MAGIC: Final = b"PXB1"

START: Final = struct.Struct("<4sI")
TYPES: Final = {name: np.dtype(f"<{name}") for name in ("f4", "f8", "i2", "i4")}


@final
@dataclass(frozen=True, slots=True, eq=False)
class PackedBlock:
    """A packed block as it was read: `values` is (signals, n); `times` is None where the arrival is meant."""

    signals: tuple[str, ...]
    values: F64
    times: I64 | None
    seq: Any
    boot: Any


@final
class Head(msgspec.Struct, forbid_unknown_fields=True):
    n: int
    signals: list[str]
    type: str = "f8"
    t: Any = None
    seq: Any = None
    boot: Any = None


def pack_block(
    signals: Sequence[str],
    values: ArrayLike,
    *,
    times: ArrayLike | None = None,
    even: tuple[int, int] | None = None,
    type: str = "f8",
    seq: int = NO_SEQUENCE,
    boot: str = "",
) -> bytes:
    """Samples as a packed block, for devices in Python and for tests; `values` is (signals, n).

    Times are each told, or follow from `even`, the first and the step, or are those of the arrival.

    >>> block = unpack_block(pack_block(["temp"], [[1.0, 2.0]], times=[5, 6], seq=3))
    >>> block.values.tolist(), block.times.tolist(), block.seq
    ([[1.0, 2.0]], [5, 6], 3)
    """
    numbers = np.atleast_2d(np.asarray(values)).astype(TYPES[type])
    head: dict[str, Any] = {"n": numbers.shape[1], "signals": list(signals), "type": type}
    head |= {"t": "each"} if times is not None else {"t": even} if even is not None else {}
    head |= {"seq": seq} if seq != NO_SEQUENCE else {}
    head |= {"boot": boot} if boot else {}
    told = msgspec.msgpack.encode(head)
    clock = b"" if times is None else np.asarray(times, "<i8").tobytes()
    return START.pack(MAGIC, len(told)) + told + clock + numbers.tobytes()


def unpack_block(data: bytes) -> PackedBlock:
    """The block in these bytes; `ValueError` when they are none, or are cut."""
    if len(data) < START.size or not data.startswith(MAGIC):
        raise ValueError(f"expected {MAGIC!r} and a length, got {data[:8]!r}")
    start = START.size + START.unpack_from(data)[1]
    head = msgspec.msgpack.decode(data[START.size : start], type=Head)
    if head.type not in TYPES or head.n < 0:
        raise ValueError(f"expected n of 0 or more and a type of {sorted(TYPES)}, got {head.n} and {head.type[:8]!r}")
    times, start = _times(head, data, start)
    numbers = TYPES[head.type]
    count = head.n * len(head.signals)
    if len(data) != start + count * numbers.itemsize:
        raise ValueError(f"expected {count} numbers of {numbers.itemsize} bytes, got {len(data) - start} bytes")
    values = np.frombuffer(data, numbers, count, start).reshape(len(head.signals), head.n)
    return PackedBlock(tuple(head.signals), as_floats(values), times, head.seq, head.boot)


def as_floats(values: NDArray[Any]) -> F64:
    """Numbers of any type as floats; a NaN that signals is a NaN."""
    with np.errstate(invalid="ignore"):
        return values.astype(np.float64)


def _times(head: Head, data: bytes, start: int) -> tuple[I64 | None, int]:
    if head.t is None:
        return None, start
    if head.t == "each":
        end = start + 8 * head.n
        if len(data) < end:
            raise ValueError(f"expected {head.n} times, got {len(data) - start} bytes")
        return np.frombuffer(data, "<i8", head.n, start).astype(np.int64), end
    first, step = msgspec.convert(head.t, tuple[int, int])
    last = first + step * max(head.n - 1, 0)
    if max(abs(first), abs(step), abs(last)) >= 2**63:
        raise ValueError("expected times within 64 bits, got larger ones")
    return first + step * np.arange(head.n, dtype=np.int64), start
