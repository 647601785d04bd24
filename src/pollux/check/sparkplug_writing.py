"""Sparkplug B payloads as they are written: what a host asks of a node or a device.

Source: Eclipse Sparkplug 3.0, 6.4 (datatypes and their fields); the field numbers of the Tahu schema.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, final

from pollux.check.faults import Fault, shown
from pollux.columns.quality import Reason

BOOLEAN: Final = 11
REBIRTH: Final = "Node Control/Rebirth"

_SIGNED: Final = {1: 8, 2: 16, 3: 32, 4: 64}
_UNSIGNED: Final = {5: 8, 6: 16, 7: 32, 8: 64, 13: 64}
_LONG: Final = (4, 8, 13)
_FLOAT, _DOUBLE = 9, 10
_TEXTS: Final = (12, 14, 15)
_SINGLE: Final = 3.4028234663852886e38


@final
@dataclass(frozen=True, slots=True)
class Wish:
    """One metric of a command: by `name`, or by `alias` alone where its birth gave one (6.4.6); `kind` the datatype."""

    name: str
    kind: int
    value: float | str | bool
    alias: int | None = None


def write_sparkplug(millis: int, wishes: Iterable[Wish]) -> bytes:
    """The payload of an NCMD or DCMD at `millis` since 1970, without a sequence number as commands have none.

    Raises `Fault` for a value that the datatype cannot hold.

    >>> from pollux.check.sparkplug import read_sparkplug
    >>> read_sparkplug(write_sparkplug(5, [Wish("speed", 3, -40.0)])).metrics[0].value
    -40
    """
    return _number(1, millis) + b"".join(_bytes(2, _metric(millis, wish)) for wish in wishes)


def rebirth(millis: int) -> bytes:
    """The payload that asks an edge node for all its births."""
    return write_sparkplug(millis, [Wish(REBIRTH, BOOLEAN, True)])


def as_kind(value: float | str | bool, kind: int) -> float | str | bool:
    """A value as a datatype holds it and gives it back: single floats are rounded.

    >>> as_kind(0.1, 9), as_kind(40.0, 5)
    (0.10000000149011612, 40)
    """
    if kind in _SIGNED or kind in _UNSIGNED:
        return _whole(value, kind)
    if kind == _FLOAT:
        number = _real(value)
        if abs(number) > _SINGLE:
            raise _misfit(value, "a float of 32 bits")
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    if kind == _DOUBLE:
        return _real(value)
    if kind == BOOLEAN:
        if value not in (True, False):
            raise _misfit(value, "true or false")
        return bool(value)
    if kind in _TEXTS and isinstance(value, str):
        return value
    raise _misfit(value, "a value of a datatype that can be set" if kind not in _TEXTS else "a text")


def _metric(millis: int, wish: Wish) -> bytes:
    called = _bytes(1, wish.name.encode()) if wish.alias is None else _number(2, wish.alias)
    return called + _number(3, millis) + _number(4, wish.kind) + _value(as_kind(wish.value, wish.kind), wish.kind)


def _value(value: float | str | bool, kind: int) -> bytes:
    if kind in _TEXTS:
        return _bytes(15, str(value).encode())
    if kind == BOOLEAN:
        return _number(14, int(value))
    if kind == _FLOAT:
        return b"\x65" + struct.pack("<f", value)
    if kind == _DOUBLE:
        return b"\x69" + struct.pack("<d", value)
    return _number(11, int(value) % (1 << 64)) if kind in _LONG else _number(10, int(value) % (1 << 32))


def _whole(value: float | str | bool, kind: int) -> int:
    number = _real(value)
    bits, least = _SIGNED.get(kind, 0), 0
    most = (1 << _UNSIGNED.get(kind, 0)) - 1
    if bits:
        least, most = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    nearest = round(number)
    if abs(number - nearest) > 1e-9 * max(1.0, abs(number)) or not least <= nearest <= most:
        raise _misfit(value, f"a whole number from {least} to {most}")
    return nearest


def _real(value: float | str | bool) -> float:
    if isinstance(value, bool | str) or value != value or value in (float("inf"), float("-inf")):
        raise _misfit(value, "a number")
    return float(value)


def _misfit(value: object, wanted: str) -> Fault:
    return Fault(Reason.WRONG_TYPE, f"expected {wanted}, got {shown(value)}")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(place: int, value: int) -> bytes:
    return _varint(place << 3) + _varint(value)


def _bytes(place: int, value: bytes) -> bytes:
    return _varint(place << 3 | 2) + _varint(len(value)) + value
