"""A CoAP message as bytes and back (RFC 7252, section 3). Pure; decoding raises CoapError and nothing else."""

from dataclasses import dataclass, field
from typing import Final, TypeAlias, final

from pollux.connect.coap.codes import Code, Kind, broken

Options: TypeAlias = tuple[tuple[int, bytes], ...]
"""Number and value of each option, in the order of their numbers."""

LONGEST_TOKEN: Final = 8
MOST_OPTIONS: Final = 64
"""Options of one message; a message needs about a dozen."""

_MARKER: Final = 0xFF


@final
@dataclass(frozen=True, slots=True)
class Message:
    """One message: its kind, code, message id, token, options and payload."""

    kind: Kind
    code: int
    id: int
    token: bytes = b""
    options: Options = field(default=())
    payload: bytes = b""


def encode(message: Message) -> bytes:
    """The bytes of a message.

    >>> encode(Message(Kind.CON, Code.GET, 7, b"t", ((11, b"a"),))).hex()
    '4101000774b161'
    """
    return head(message.kind, message.code, message.id, message.token) + tail(message.options, message.payload)


def head(kind: int, code: int, number: int, token: bytes = b"") -> bytes:
    """The first four bytes and the token."""
    return bytes((0x40 | kind << 4 | len(token), code, number >> 8, number & 0xFF)) + token


def tail(options: Options, payload: bytes) -> bytes:
    """What stands behind the token."""
    pieces = bytearray()
    last = 0
    for number, value in sorted(options, key=_number):
        delta, more_delta = _extended(number - last)
        length, more_length = _extended(len(value))
        pieces.append(delta << 4 | length)
        pieces += more_delta + more_length + value
        last = number
    if payload:
        pieces.append(_MARKER)
        pieces += payload
    return bytes(pieces)


def _number(option: tuple[int, bytes]) -> int:
    return option[0]


def _extended(value: int) -> tuple[int, bytes]:
    if value < 13:
        return value, b""
    if value < 269:
        return 13, bytes((value - 13,))
    return 14, (value - 269).to_bytes(2, "big")


def decode(data: bytes) -> Message:
    """A message from its bytes; raises CoapError with EMPTY for what is none.

    >>> decode(bytes.fromhex("4101000774b161")).options
    ((11, b'a'),)
    """
    kind, code, number, token = start(data)
    options, payload = body(data, 4 + len(token))
    if code == Code.EMPTY and len(data) > 4:
        raise broken("expected nothing behind the head of an empty message")
    return Message(Kind(kind), code, number, token, options, payload)


def start(data: bytes) -> tuple[int, int, int, bytes]:
    """Kind, code, message id and token; raises CoapError with EMPTY."""
    if len(data) < 4:
        raise broken(f"expected at least 4 bytes, got {len(data)}")
    first = data[0]
    if first >> 6 != 1:
        raise broken(f"expected version 1, got {first >> 6}")
    length = first & 15
    if length > LONGEST_TOKEN or len(data) < 4 + length:
        raise broken(f"expected a token of at most {LONGEST_TOKEN} bytes within the message, got {length}")
    return first >> 4 & 3, data[1], data[2] << 8 | data[3], data[4 : 4 + length]


def body(data: bytes, at: int) -> tuple[Options, bytes]:
    """The options that begin at a place, and the payload behind them; raises CoapError with EMPTY."""
    options: list[tuple[int, bytes]] = []
    number, end = 0, len(data)
    while at < end:
        first = data[at]
        at += 1
        if first == _MARKER:
            if at == end:
                raise broken("expected a payload behind its marker, got none")
            return tuple(options), data[at:]
        delta, at = _extension(data, first >> 4, at)
        length, at = _extension(data, first & 15, at)
        number += delta
        if at + length > end or number > 0xFFFF or len(options) >= MOST_OPTIONS:
            raise broken(f"expected at most {MOST_OPTIONS} options within the message")
        options.append((number, data[at : at + length]))
        at += length
    return tuple(options), b""


def _extension(data: bytes, nibble: int, at: int) -> tuple[int, int]:
    if nibble < 13:
        return nibble, at
    size = nibble - 12
    if nibble == 15 or at + size > len(data):
        raise broken("expected the length of an option, got a reserved one or the end")
    base = 13 if nibble == 13 else 269
    return base + int.from_bytes(data[at : at + size], "big"), at + size


def to_uint(value: bytes) -> int:
    """An option's value as a number (RFC 7252, section 3.2).

    >>> to_uint(b""), to_uint(bytes([1, 0]))
    (0, 256)
    """
    return int.from_bytes(value, "big")


def of_uint(value: int) -> bytes:
    """A number as an option's value, as short as it can be."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
