"""Frames on the two kinds of wire: with a header (TCP) and with a checksum (RTU)."""

import struct
from abc import ABC, abstractmethod
from typing import Final, NamedTuple, final

_HEADER: Final = struct.Struct(">HHHB")
_LONGEST: Final = 254
"""Bytes of unit and PDU together, at most."""


@final
class BrokenFrame(Exception):
    """Bytes that are no frame: where the next one begins is not known any more."""


@final
class Answered(NamedTuple):
    """A frame that came: the number of the request where the wire knows one, else -1, the unit, and the PDU."""

    number: int
    unit: int
    pdu: bytes


class AbstractFraming(ABC):
    """How one kind of wire wraps requests and answers."""

    @abstractmethod
    def wrap(self, number: int, unit: int, pdu: bytes) -> bytes:
        """The bytes of a request."""

    @abstractmethod
    def take(self, held: bytearray) -> Answered | None:
        """The first whole answer of what is held, which is taken out; raises BrokenFrame."""


@final
class Mbap(AbstractFraming):
    """Modbus TCP: seven bytes of header, the number of the request among them.

    >>> wire = Mbap()
    >>> wire.wrap(1, 3, b"\\x03\\x00\\x6b\\x00\\x03").hex()
    '0001000000060303006b0003'
    """

    def wrap(self, number: int, unit: int, pdu: bytes) -> bytes:
        return _HEADER.pack(number, 0, len(pdu) + 1, unit) + pdu

    def take(self, held: bytearray) -> Answered | None:
        if len(held) < _HEADER.size:
            return None
        number, protocol, length, unit = _HEADER.unpack_from(held)
        if protocol or not 3 <= length <= _LONGEST:
            raise BrokenFrame(f"expected a header of Modbus TCP, got {bytes(held[:7]).hex()}")
        end = 6 + length
        if len(held) < end:
            return None
        pdu = bytes(held[7:end])
        del held[:end]
        return Answered(number, unit, pdu)


@final
class Rtu(AbstractFraming):
    """Modbus RTU: a checksum behind, and no length but the one that the function implies.

    >>> wire = Rtu()
    >>> wire.wrap(0, 1, b"\\x03\\x00\\x00\\x00\\x02").hex()
    '010300000002c40b'
    """

    def wrap(self, number: int, unit: int, pdu: bytes) -> bytes:
        body = bytes((unit,)) + pdu
        return body + struct.pack("<H", crc16(body))

    def take(self, held: bytearray) -> Answered | None:
        if len(held) < 5:
            return None
        end = self._length(held)
        if len(held) < end:
            return None
        body = bytes(held[: end - 2])
        if struct.unpack_from("<H", held, end - 2)[0] != crc16(body):
            raise BrokenFrame("expected the checksum of what came, got another one")
        del held[:end]
        return Answered(-1, body[0], body[1:])

    @staticmethod
    def _length(held: bytearray) -> int:
        function = held[1]
        if function & 0x80:
            return 5
        if function in (1, 2, 3, 4):
            return 5 + held[2]
        if function in (5, 6, 15, 16):
            return 8
        raise BrokenFrame(f"expected an answer to what was asked, got function {function}")


def _table() -> tuple[int, ...]:
    found: list[int] = []
    for start in range(256):
        value = start
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
        found.append(value)
    return tuple(found)


_CRC: Final = _table()


def crc16(body: bytes) -> int:
    """The checksum of RTU (Modbus over serial line 1.02, section 6.2.2).

    >>> hex(crc16(b"\\x02\\x07"))
    '0x1241'
    """
    value = 0xFFFF
    for byte in body:
        value = value >> 8 ^ _CRC[(value ^ byte) & 0xFF]
    return value
