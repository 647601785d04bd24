"""The binary frames of the live wire, written and read in one place.

Little-endian. A control message is four zero bytes and then MessagePack. Every other message begins with 32 bytes:

    offset  type    field
    0       u8      kind: 1 state, 2 samples, 4 cycle, 5 cells
    1       u8      flags: 1 values are f64, 2 times, 4 sigma, 8 interval, 16 quality, 32 cells
    2       u16     channel
    4       u32     n
    8       u64     seq, the position in the log after which this holds
    16      f64     t0, seconds since 1970 UTC
    24      f64     dt, seconds
    32              values f32[n], or f64[n]

and then, each if flagged and each aligned to its own size: times f64[n], sigma f32[n], lo f32[n] and hi f32[n],
quality u8[n], cells u32[n]. NaN is "no value". web/src/wire/frames.ts reads the same; one file of bytes holds both.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Any, Final, final

import msgspec
import numpy as np
from numpy.typing import NDArray

from pollux.errors import DataRefused

HEADER: Final = struct.Struct("<BBHIQdd")
CONTROL: Final = b"\0\0\0\0"
PROTOCOL: Final = 1

Column = NDArray[Any]


@final
class FrameKind(IntEnum):
    """What a frame holds."""

    CONTROL = 0
    STATE = 1
    SAMPLES = 2
    CYCLE = 4
    CELLS = 5


@final
class FrameFlag(IntFlag):
    """What follows the values."""

    F64 = 1
    TIMES = 2
    SIGMA = 4
    INTERVAL = 8
    QUALITY = 16
    CELLS = 32


@final
@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One message of values; arrays of shape (n,), and None where nothing is known of the kind.

    >>> frame = Frame(FrameKind.STATE, channel=1, seq=7, t0=2.0, values=np.array([1.5], np.float32))
    >>> len(encode(frame)), read(encode(frame)).values
    (36, array([1.5], dtype=float32))
    """

    kind: FrameKind
    channel: int
    seq: int
    t0: float
    values: Column
    dt: float = 0.0
    times: Column | None = None
    sigma: Column | None = None
    low: Column | None = None
    high: Column | None = None
    quality: Column | None = None
    cells: Column | None = None

    @property
    def flags(self) -> FrameFlag:
        """What follows the values."""
        bits = (
            (self.values.dtype == np.float64, FrameFlag.F64),
            (self.times is not None, FrameFlag.TIMES),
            (self.sigma is not None, FrameFlag.SIGMA),
            (self.low is not None, FrameFlag.INTERVAL),
            (self.quality is not None, FrameFlag.QUALITY),
            (self.cells is not None, FrameFlag.CELLS),
        )
        return FrameFlag(sum(flag for there, flag in bits if there))


def encode(frame: Frame) -> bytes:
    """A frame as bytes; raises DataRefused when its columns do not fit together."""
    n = len(frame.values)
    if (frame.low is None) != (frame.high is None):
        raise DataRefused("expected both edges of an interval, got one", at="frame")
    head = HEADER.pack(frame.kind, frame.flags, frame.channel, n, frame.seq, frame.t0, frame.dt)
    wide = "<f8" if frame.values.dtype == np.float64 else "<f4"
    columns = (
        (frame.values, wide),
        (frame.times, "<f8"),
        (frame.sigma, "<f4"),
        (frame.low, "<f4"),
        (frame.high, "<f4"),
        (frame.quality, "<u1"),
        (frame.cells, "<u4"),
    )
    pieces, end = [head], len(head)
    for column, form in columns:
        if column is None:
            continue
        if len(column) != n:
            raise DataRefused(f"expected columns of {n} numbers, got one of {len(column)}", at="frame")
        body = np.ascontiguousarray(column, form).tobytes()
        gap = -end % int(form[2])
        pieces += [bytes(gap), body]
        end += gap + len(body)
    return b"".join(pieces)


def read(message: bytes) -> Frame:
    """The frame that a message holds; its arrays are views of the message. Raises DataRefused for anything else."""
    if len(message) < HEADER.size:
        raise DataRefused(f"expected a frame of at least {HEADER.size} bytes, got {len(message)}", at="byte 0")
    kind, bits, channel, n, seq, t0, dt = HEADER.unpack_from(message)
    if kind not in {1, 2, 4, 5}:
        raise DataRefused(f"expected a kind of frame, got {kind}", at="byte 0")
    flags, take = FrameFlag(bits), _Columns(message, n)
    return Frame(
        kind=FrameKind(kind),
        channel=channel,
        seq=seq,
        t0=t0,
        dt=dt,
        values=take.column("<f8" if FrameFlag.F64 in flags else "<f4"),
        times=take.column("<f8") if FrameFlag.TIMES in flags else None,
        sigma=take.column("<f4") if FrameFlag.SIGMA in flags else None,
        low=take.column("<f4") if FrameFlag.INTERVAL in flags else None,
        high=take.column("<f4") if FrameFlag.INTERVAL in flags else None,
        quality=take.column("<u1") if FrameFlag.QUALITY in flags else None,
        cells=take.column("<u4") if FrameFlag.CELLS in flags else None,
    )


@final
class _Columns:
    def __init__(self, message: bytes, n: int) -> None:
        self._message, self._n, self._end = message, n, HEADER.size

    def column(self, form: str) -> Column:
        size = int(form[2])
        start = self._end + -self._end % size
        self._end = start + size * self._n
        if self._end > len(self._message):
            raise DataRefused(f"expected {self._end} bytes, got {len(self._message)}", at=f"byte {start}")
        return np.frombuffer(self._message, form, self._n, start)


def control(message: msgspec.Struct) -> bytes:
    """A control message as bytes."""
    return CONTROL + msgspec.msgpack.encode(message)
