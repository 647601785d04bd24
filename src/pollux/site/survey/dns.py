"""Messages of multicast DNS, read in bounds (RFC 1035, 4.1; RFC 6762, 18; service discovery RFC 6763)."""

import ipaddress
import struct
from dataclasses import dataclass
from typing import Final, final

LONGEST: Final = 9_000
"""Bytes of a message: RFC 6762, section 17."""
MOST_RECORDS: Final = 256
_LONGEST_NAME: Final = 255
_MOST_JUMPS: Final = 32
_HEAD: Final = struct.Struct(">HHHHHH")
_FIXED: Final = struct.Struct(">HHIH")
_SRV: Final = struct.Struct(">HHH")
_ANSWER: Final = 0x8000
A, PTR, TXT, AAAA, SRV = 1, 12, 16, 28, 33
SERVICES: Final = "_services._dns-sd._udp.local"


@final
@dataclass(frozen=True, slots=True)
class Resource:
    """One record: its name, its type, its time to live in seconds, and what it says.

    `text` is a name for PTR, `host:port` for SRV, an address for A and AAAA, empty for others; `pairs` those of TXT.
    """

    name: str
    type: int
    ttl: int
    text: str
    pairs: tuple[str, ...] = ()


def read_records(message: bytes) -> list[Resource]:
    """The records of an answer; an empty list for a question. Raises ValueError for what is no message.

    >>> read_records(question())
    []
    """
    if not _HEAD.size <= len(message) <= LONGEST:
        raise ValueError(f"expected {_HEAD.size} to {LONGEST} bytes, got {len(message)}")
    _, flags, questions, answers, authorities, others = _HEAD.unpack_from(message)
    if not flags & _ANSWER:
        return []
    count = answers + authorities + others
    if questions > MOST_RECORDS or count > MOST_RECORDS:
        raise ValueError(f"expected at most {MOST_RECORDS} records, got {count}")
    try:
        at = _HEAD.size
        for _ in range(questions):
            at = _name(message, at)[1] + 4
        found: list[Resource] = []
        for _ in range(count):
            one, at = _record(message, at)
            found.append(one)
    except (struct.error, IndexError):
        raise ValueError("expected a whole message, got a cut one") from None
    return found


def question(name: str = SERVICES) -> bytes:
    """The one question of a survey, answered by unicast where a responder does so: which services are there."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return _HEAD.pack(0, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", PTR, 0x8001)


def _record(message: bytes, at: int) -> tuple[Resource, int]:
    name, at = _name(message, at)
    kind, _, ttl, size = _FIXED.unpack_from(message, at)
    at += _FIXED.size
    end = at + size
    if end > len(message):
        raise ValueError("expected a whole record, got a cut one")
    text, pairs = _said(message, at, end, kind)
    return Resource(name, kind, ttl, text, pairs), end


def _said(message: bytes, at: int, end: int, kind: int) -> tuple[str, tuple[str, ...]]:
    if kind == PTR:
        return _name(message, at)[0], ()
    if kind == SRV:
        port = _SRV.unpack_from(message, at)[2]
        return f"{_name(message, at + _SRV.size)[0]}:{port}", ()
    if (kind, end - at) in ((A, 4), (AAAA, 16)):
        return str(ipaddress.ip_address(message[at:end])), ()
    return ("", _pairs(message[at:end])) if kind == TXT else ("", ())


def _pairs(data: bytes) -> tuple[str, ...]:
    pairs: list[str] = []
    at = 0
    while at < len(data):
        size = data[at]
        if size:
            pairs.append(_plain(data[at + 1 : at + 1 + size]))
        at += 1 + size
    return tuple(pairs)


def _name(message: bytes, at: int) -> tuple[str, int]:
    """A name, and where it ends; what points to itself, or is too long, is refused."""
    labels: list[str] = []
    end, jumps, size = -1, 0, 0
    while (length := message[at]) != 0:
        if length >= 0xC0:
            jumps += 1
            end = at + 2 if end < 0 else end
            at = (length & 0x3F) << 8 | message[at + 1]
            if jumps > _MOST_JUMPS:
                raise ValueError("expected a name, got pointers in a circle")
            continue
        size += length + 1
        if length > 63 or size > _LONGEST_NAME or at + length >= len(message):
            raise ValueError("expected a name of at most 255 bytes in labels of at most 63")
        labels.append(_plain(message[at + 1 : at + 1 + length]))
        at += length + 1
    return ".".join(labels), at + 1 if end < 0 else end


def _plain(data: bytes) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in data.decode(errors="replace"))
