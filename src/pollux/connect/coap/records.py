"""Records of DTLS, as far as they must be known outside of the library: where each begins and ends. Pure.

The library reads from a stream of bytes and trusts that its datagrams are whole. A forged half of a record would be
glued to the next datagram and end the session, so what does not consist of whole records never reaches it.
"""

from collections.abc import Iterator
from typing import Final

LARGEST: Final = 1_200
"""Bytes of a datagram that leaves during a handshake: what passes nearly every path whole."""

_KINDS: Final = frozenset({20, 21, 22, 23})
_HANDSHAKE: Final = 22
_HELLO: Final = 1
_MOST: Final = (1 << 14) + 2048


def whole(data: bytes) -> bool:
    """Whether a datagram is a sequence of whole records.

    >>> whole(bytes([22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7])), whole(bytes([22, 254, 253, 0, 0]))
    (True, False)
    """
    at, end = 0, len(data)
    while at + 13 <= end:
        kind, major, length = data[at], data[at + 1], data[at + 11] << 8 | data[at + 12]
        if kind not in _KINDS or major != 0xFE or length > _MOST:
            return False
        at += 13 + length
    return at == end and end > 0


def is_hello(data: bytes) -> bool:
    """Whether a datagram of whole records begins with the hello of a client that has no session yet."""
    return len(data) > 13 and data[0] == _HANDSHAKE and data[3] == data[4] == 0 and data[13] == _HELLO


def mark(hello: bytes) -> bytes:
    """What tells the hello of one handshake from that of the next: the client's random number."""
    return hello[27:59]


def packed(flight: bytes, most: int = LARGEST) -> Iterator[bytes]:
    """Records that follow one another as datagrams of at most `most` bytes, each of whole records."""
    at = begin = 0
    while at < len(flight):
        size = 13 + (flight[at + 11] << 8 | flight[at + 12])
        if at > begin and at + size - begin > most:
            yield flight[begin:at]
            begin = at
        at += size
    if at > begin:
        yield flight[begin:at]
