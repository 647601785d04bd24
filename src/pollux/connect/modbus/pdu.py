"""Requests and responses of Modbus, the parts that are the same on every wire (Modbus Application Protocol 1.1b3)."""

import struct
from enum import IntEnum
from typing import Final, final

import numpy as np

from pollux.connect.modbus.decoding import U16
from pollux.connect.modbus.registers import FLAGS, Table

MOST_REGISTERS: Final = 125
MOST_BITS: Final = 2000
READS: Final[dict[Table, int]] = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
_ON: Final = 0xFF00
_REFUSED: Final = 0x80


@final
class ExceptionCode(IntEnum):
    """Why a device refuses a request (section 7 of the specification)."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_DATA_ADDRESS = 2
    ILLEGAL_DATA_VALUE = 3
    SERVER_DEVICE_FAILURE = 4
    ACKNOWLEDGE = 5
    SERVER_DEVICE_BUSY = 6
    MEMORY_PARITY_ERROR = 8
    GATEWAY_PATH_UNAVAILABLE = 10
    GATEWAY_TARGET_DEVICE_FAILED_TO_RESPOND = 11


@final
class Refused(Exception):
    """The device answered with an exception."""

    def __init__(self, code: int) -> None:
        super().__init__(exception_text(code))
        self.code = code


@final
class BrokenAnswer(Exception):
    """The device answered with something that is no answer to what was asked."""


def exception_text(code: int) -> str:
    """An exception as people read it.

    >>> exception_text(2), exception_text(99)
    ('exception 2, illegal data address', 'exception 99')
    """
    known = code in ExceptionCode.__members__.values()
    return f"exception {code}" + (f", {ExceptionCode(code).name.lower().replace('_', ' ')}" if known else "")


def most(table: Table) -> int:
    """How many cells of a table one request may read."""
    return MOST_BITS if table in FLAGS else MOST_REGISTERS


def read_request(table: Table, first: int, count: int) -> bytes:
    """The request for some cells (functions 1 to 4).

    >>> read_request("holding", 107, 3).hex()
    '03006b0003'
    """
    return struct.pack(">BHH", READS[table], first, count)


def read_answer(table: Table, count: int, pdu: bytes) -> U16:
    """The cells (count,) of the answer to a read; raises Refused and BrokenAnswer.

    >>> read_answer("coil", 10, bytes([1, 2, 0b10000001, 0b10])).tolist()
    [1, 0, 0, 0, 0, 0, 0, 1, 0, 1]
    """
    _check_function(READS[table], pdu)
    length = (count + 7) // 8 if table in FLAGS else 2 * count
    if len(pdu) != length + 2 or pdu[1] != length:
        raise BrokenAnswer(f"expected {length} bytes of {table} cells, got {len(pdu) - 2}")
    if table in FLAGS:
        bits = np.frombuffer(pdu, np.uint8, offset=2)
        return np.unpackbits(bits, bitorder="little")[:count].astype(np.uint16)
    return np.frombuffer(pdu, ">u2", offset=2).astype(np.uint16)


def write_request(table: Table, first: int, cells: U16, *, single: bool) -> bytes:
    """The request that sets cells: function 5 or 6 for one, else 15 or 16.

    >>> write_request("holding", 1, np.array([3], np.uint16), single=True).hex()
    '0600010003'
    >>> write_request("coil", 172, np.array([1], np.uint16), single=True).hex()
    '0500acff00'
    """
    bits = table == "coil"
    if single:
        value = (_ON if cells[0] else 0) if bits else int(cells[0])
        return struct.pack(">BHH", 5 if bits else 6, first, value)
    packed = np.packbits(cells.astype(np.uint8), bitorder="little").tobytes() if bits else cells.astype(">u2").tobytes()
    return struct.pack(">BHHB", 15 if bits else 16, first, len(cells), len(packed)) + packed


def check_written(request: bytes, pdu: bytes) -> None:
    """See that a write was answered as written: the answer repeats the beginning of the request."""
    _check_function(request[0], pdu)
    if pdu != request[:5]:
        raise BrokenAnswer("expected the answer to a write to repeat its address and count")


def _check_function(function: int, pdu: bytes) -> None:
    if len(pdu) == 2 and pdu[0] == function | _REFUSED:
        raise Refused(pdu[1])
    if len(pdu) < 2 or pdu[0] != function:
        raise BrokenAnswer(f"expected an answer to function {function}, got {pdu[:1].hex() or 'nothing'}")
