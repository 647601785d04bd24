"""Integers, texts and binary data as MQTT writes them (OASIS MQTT 5.0, 1.5)."""

from typing import final

from pollux.connect.wire.reasons import malformed

LARGEST_VARINT = 268_435_455


@final
class Reader:
    """Reads one packet's body from front to back; every read past the end is a malformed packet.

    >>> reader = Reader(bytes([0, 2, 104, 105, 200, 1])); reader.text(), reader.varint(), reader.left()
    ('hi', 200, 0)
    """

    __slots__ = ("_at", "_body", "_end")

    def __init__(self, body: bytes) -> None:
        self._body, self._at, self._end = body, 0, len(body)

    def left(self) -> int:
        """How many bytes have not been read."""
        return self._end - self._at

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        start = self._at
        if count > self._end - start:
            raise malformed(f"expected {count} more bytes, got {self._end - start}")
        self._at = start + count
        return self._body[start : self._at]

    def u8(self) -> int:
        """A byte."""
        return self.take(1)[0]

    def u16(self) -> int:
        """Two bytes, big end first."""
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        """Four bytes, big end first."""
        return int.from_bytes(self.take(4), "big")

    def varint(self) -> int:
        """One to four bytes of seven bits each, in the shortest form."""
        value = 0
        for place in range(4):
            byte = self.u8()
            value |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                if place and not byte:
                    raise malformed("expected the shortest form of a variable integer")
                return value
        raise malformed("expected a variable integer of at most four bytes")

    def binary(self) -> bytes:
        """Binary data with their length before them."""
        return self.take(self.u16())

    def text(self) -> str:
        """A UTF-8 text: well formed, without the character U+0000."""
        return checked_text(self.binary())

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(self.left())

    def done(self) -> None:
        """Nothing may be left."""
        if self.left():
            raise malformed(f"expected the end of the packet, got {self.left()} more bytes")


def checked_text(raw: bytes) -> str:
    """The text of well-formed UTF-8 without U+0000; surrogates are not well formed."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise malformed("expected UTF-8 text") from None
    if "\0" in text:
        raise malformed("expected text without the character U+0000")
    return text


def u16(value: int) -> bytes:
    """Two bytes, big end first."""
    return value.to_bytes(2, "big")


def u32(value: int) -> bytes:
    """Four bytes, big end first."""
    return value.to_bytes(4, "big")


def varint(value: int) -> bytes:
    """A variable integer.

    >>> varint(127), varint(128), varint(LARGEST_VARINT).hex()
    (b'\\x7f', b'\\x80\\x01', 'ffffff7f')
    """
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def binary(value: bytes) -> bytes:
    """Binary data with their length before them."""
    return u16(len(value)) + value


def text(value: str) -> bytes:
    """A UTF-8 text with its length before it."""
    return binary(value.encode())
