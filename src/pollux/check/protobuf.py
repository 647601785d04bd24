"""The wire format of protocol buffers, read field by field within bounds; groups are refused, as nobody sends them.

Source: Protocol Buffers documentation, "Encoding".
"""

import struct
from collections.abc import Iterator
from typing import Final

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5


def fields(message: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Number, wire type and raw value of each field: a whole number of 64 bits, or bytes; `ValueError` for cut ones.

    >>> list(fields(b"\\x08\\x96\\x01\\x12\\x02hi"))
    [(1, 0, 150), (2, 2, b'hi')]
    """
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise ValueError(f"expected a field number, got {number}")
        if kind == VARINT:
            value, at = _varint(message, at)
            yield number, kind, value
            continue
        if kind == BYTES:
            size, at = _varint(message, at)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
        else:
            raise ValueError(f"expected a wire type of 0, 1, 2 or 5, got {kind}")
        if size > end - at:
            raise ValueError(f"expected {size} bytes in field {number}, got {end - at}")
        yield number, kind, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise ValueError("expected a whole number, got the end")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
    raise ValueError("expected a whole number of at most ten bytes")


def whole(kind: int, value: int | bytes) -> int:
    """A field as a whole number; `ValueError` when it was written as something else."""
    if isinstance(value, int):
        return value
    raise ValueError(f"expected a whole number, got wire type {kind}")


def flag(kind: int, value: int | bytes) -> bool:
    """A field as true or false; `ValueError` when it was written as something else."""
    return bool(whole(kind, value))


def octets(kind: int, value: int | bytes) -> bytes:
    """A field as bytes; `ValueError` when it was written as something else."""
    if kind == BYTES and isinstance(value, bytes):
        return value
    raise ValueError(f"expected bytes, got wire type {kind}")


def text(kind: int, value: int | bytes) -> str:
    """A field as text; `ValueError` when it is not UTF-8."""
    return octets(kind, value).decode()


def real(kind: int, value: int | bytes) -> float:
    """A field as a number of 32 or 64 bits; `ValueError` when it was written as something else."""
    if kind == FIXED32 and isinstance(value, bytes):
        return float(struct.unpack("<f", value)[0])
    if kind == FIXED64 and isinstance(value, bytes):
        return float(struct.unpack("<d", value)[0])
    raise ValueError(f"expected a float or a double, got wire type {kind}")


def signed(value: int, bits: int) -> int:
    """The low bits of a whole number read as two's complement.

    >>> signed(0xFFFFFFFE, 32), signed(7, 32)
    (-2, 7)
    """
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value
