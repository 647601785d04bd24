"""The CBOR (RFC 8949) of keys and signatures: written deterministically, read without anything that is not needed.

Telemetry is read elsewhere; here every byte decides whether somebody is believed. So there are no tags, no indefinite
lengths, no key twice, and no more than a few levels.
"""

import struct
from typing import Any, Final, final

DEEPEST: Final = 4
MOST: Final = 256
"""Members of a map: names can be chosen to collide."""

_FLOATS: Final = {25: ">e", 26: ">f", 27: ">d"}
_SIMPLE: Final = {20: False, 21: True, 22: None}
_SIZES: Final = {24: 1, 25: 2, 26: 4, 27: 8}


def encoded(value: Any) -> bytes:
    """A value by the core deterministic rules (RFC 8949, section 4.2.1).

    >>> encoded({"b": 1.5, "a": [True, None]}).hex()
    'a2616182f5f66162f93e00'
    """
    # Who neither seals nor signs does not load it.
    import cbor2

    return cbor2.dumps(value, canonical=True)


def string(data: bytes) -> bytes:
    """A byte string with its head: what `encoded` writes, for whoever writes it for each message.

    >>> string(bytes(300)) == encoded(bytes(300)), string(b"") == encoded(b"")
    (True, True)
    """
    size = len(data)
    if size < 24:
        return bytes((0x40 | size,)) + data
    if size < 256:
        return bytes((0x58, size)) + data
    return (b"\x59" + size.to_bytes(2, "big") if size < 65536 else b"\x5a" + size.to_bytes(4, "big")) + data


def read_string(data: bytes, place: int) -> tuple[bytes, int]:
    """The byte string that begins at a place, as `string` writes it, and where it ends; raises ValueError for none.

    >>> read_string(string(b"abc") + b"rest", 0)
    (b'abc', 4)
    """
    head = data[place] if place < len(data) else 0
    size, begin = head - 0x40, place + 1
    if 0x58 <= head <= 0x5A:
        begin += 1 << (head - 0x58)
        size = int.from_bytes(data[place + 1 : begin], "big")
    elif not 0x40 <= head < 0x58:
        raise ValueError(f"expected a byte string at byte {place}, got {head:#04x}")
    if begin + size > len(data):
        raise ValueError(f"expected {size} bytes at byte {begin}, got {max(0, len(data) - begin)}")
    return data[begin : begin + size], begin + size


def decoded(data: bytes) -> Any:
    """The one value that some bytes are; raises ValueError for anything else.

    >>> decoded(encoded({"b": 1.5, "a": [True, None, -3, b"x"]}))
    {'a': [True, None, -3, b'x'], 'b': 1.5}
    """
    reader = _Reader(data)
    value = reader.value(DEEPEST)
    if reader.place < len(data):
        raise ValueError(f"expected nothing after its end, got {len(data) - reader.place} bytes")
    return value


@final
class _Reader:
    __slots__ = ("data", "place")

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def value(self, depth: int) -> Any:
        kind, rest = divmod(self._bytes(1)[0], 32)
        if kind == 7:
            return self._simple(rest)
        count = self._count(rest)
        match kind:
            case 0:
                return count
            case 1:
                return -1 - count
            case 2:
                return self._bytes(count)
            case 3:
                return self._bytes(count).decode()
            case 4 | 5 if depth:
                self._fits(count)
                return self._map(count, depth - 1) if kind == 5 else [self.value(depth - 1) for _ in range(count)]
            case _:
                raise ValueError("expected plain data of a few levels, got a tag or more levels")

    def _map(self, count: int, depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        if count > MOST:
            raise ValueError(f"expected at most {MOST} members, got {count}")
        for _ in range(count):
            name = self.value(0)
            if not isinstance(name, int | str) or isinstance(name, bool) or name in found:
                raise ValueError("expected names that are texts or whole numbers, each once")
            found[name] = self.value(depth)
        return found

    def _simple(self, rest: int) -> Any:
        if rest in _FLOATS:
            return struct.unpack(_FLOATS[rest], self._bytes(_SIZES[rest]))[0]
        if rest not in _SIMPLE:
            raise ValueError(f"expected true, false, null or a float, got the simple value {rest}")
        return _SIMPLE[rest]

    def _count(self, rest: int) -> int:
        if rest < 24:
            return rest
        if rest not in _SIZES:
            raise ValueError("expected a length that is told, got an indefinite one")
        return int.from_bytes(self._bytes(_SIZES[rest]), "big")

    def _bytes(self, count: int) -> bytes:
        self._fits(count)
        self.place += count
        return self.data[self.place - count : self.place]

    def _fits(self, count: int) -> None:
        if count > len(self.data) - self.place:
            raise ValueError(f"expected {count} more at byte {self.place}, got {len(self.data) - self.place}")
