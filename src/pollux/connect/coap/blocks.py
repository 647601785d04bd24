"""Block-wise transfer (RFC 7959): the option's value, slicing what leaves, and putting together what comes. Pure."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final, final

from pollux.connect.coap.codes import CoapError, Code, Number
from pollux.connect.coap.message import Options, of_uint, to_uint

LARGEST: Final = 6
"""The size exponent of the largest block: 1,024 bytes."""


@final
@dataclass(frozen=True, slots=True)
class Block:
    """Which block of a body: its number, whether more follow, and its size as an exponent.

    >>> Block.read(Block(3, True, 6).value), Block(3, True, 6).size
    (Block(number=3, more=True, exponent=6), 1024)
    """

    number: int
    more: bool
    exponent: int

    @staticmethod
    def read(value: bytes) -> "Block":
        """From an option's value; raises CoapError with 4.00 for the reserved size."""
        if len(value) > 3 or (value[-1:] and value[-1] & 7 == 7):
            raise CoapError(Code.BAD_REQUEST, "expected a block of 16 to 1024 bytes, in an option of at most 3 bytes")
        found = to_uint(value)
        return Block(found >> 4, bool(found & 8), found & 7)

    @property
    def value(self) -> bytes:
        """As an option's value."""
        return of_uint(self.number << 4 | self.more << 3 | self.exponent)

    @property
    def size(self) -> int:
        """Bytes of a full block."""
        return 16 << self.exponent


def cut(body: bytes, asked: Block | None) -> tuple[Options, bytes]:
    """The block of a body that was asked for, with its options; the whole where it fits and nobody asked.

    Raises CoapError with 4.00 for a block behind the end.

    >>> options, piece = cut(bytes(3000), Block(2, False, 6))
    >>> len(piece), Block.read(dict(options)[Number.BLOCK2])
    (952, Block(number=2, more=False, exponent=6))
    """
    if asked is None:
        if len(body) <= 16 << LARGEST:
            return (), body
        asked = Block(0, False, LARGEST)
    begin = asked.number * asked.size
    if begin and begin >= len(body):
        raise CoapError(Code.BAD_REQUEST, f"expected a block within {len(body)} bytes, got number {asked.number}")
    piece = body[begin : begin + asked.size]
    block = Block(asked.number, begin + len(piece) < len(body), asked.exponent)
    size = ((Number.SIZE2.value, of_uint(len(body))),) if asked.number == 0 else ()
    return ((Number.BLOCK2.value, block.value), *size), piece


@final
@dataclass(slots=True)
class _Body:
    """A body on its way in."""

    owner: Hashable
    heard: float
    parts: bytearray = field(default_factory=bytearray)


@final
class Assemblies:
    """Bodies that come in blocks, one after the other.

    At most `most` at a time, `each` of one owner, `total` bytes together, each of at most `largest` bytes and none
    silent for longer than `seconds`: beyond that the one longest silent is given up, and its next block gets 4.08.

    >>> bodies = Assemblies(largest=4096, total=8192, most=8, each=2, seconds=60)
    >>> bodies.add("P-7", "a", Block(0, True, 0), bytes(16), 0.0)
    >>> len(bodies.add("P-7", "a", Block(1, False, 0), b"end", 0.1) or b"")
    19
    """

    def __init__(self, *, largest: int, total: int, most: int, each: int, seconds: float) -> None:
        self._largest, self._total, self._most = largest, total, most
        self._each, self._seconds = each, seconds
        self._bodies: dict[tuple[Hashable, Hashable], _Body] = {}
        self.held = self.given_up = 0

    def __len__(self) -> int:
        return len(self._bodies)

    def add(self, owner: Hashable, what: Hashable, block: Block, data: bytes, now: float) -> bytes | None:
        """Take a block; the whole body with the last one, else None.

        Raises CoapError: 4.08 where a block before it is missing, 4.13 beyond the largest body, 4.00 for a block that
        is not of its size.
        """
        key = owner, what
        if block.number == 0:
            self._drop(key)
            self._make_room(owner, now)
            self._bodies[key] = _Body(owner, now)
        found = self._bodies.pop(key, None)
        if found is None or len(found.parts) != block.number * block.size:
            self.held -= len(found.parts) if found else 0
            raise CoapError(Code.INCOMPLETE, f"expected the blocks from 0 on, one after the other, got {block.number}")
        self.held -= len(found.parts)
        if block.more and len(data) != block.size:
            raise CoapError(Code.BAD_REQUEST, f"expected {block.size} bytes in this block, got {len(data)}")
        if len(found.parts) + len(data) > self._largest:
            size = (Number.SIZE1.value, of_uint(self._largest))
            raise CoapError(Code.TOO_LARGE, f"expected at most {self._largest} bytes", (size,))
        found.parts += data
        if not block.more:
            return bytes(found.parts)
        found.heard = now
        self._bodies[key] = found
        self.held += len(found.parts)
        while self.held > self._total:
            self._give_up(next(iter(self._bodies)))
        return None

    def sweep(self, now: float) -> None:
        """Give up what has been silent for too long."""
        for key in [key for key, one in self._bodies.items() if now - one.heard > self._seconds]:
            self._give_up(key)

    def forget(self, owner: Hashable) -> None:
        """Give up what an owner has begun."""
        for key in [key for key in self._bodies if key[0] == owner]:
            self._drop(key)

    def _make_room(self, owner: Hashable, now: float) -> None:
        self.sweep(now)
        own = [key for key in self._bodies if key[0] == owner]
        if len(own) >= self._each:
            self._give_up(own[0])
        elif len(self._bodies) >= self._most:
            self._give_up(next(iter(self._bodies)))

    def _give_up(self, key: tuple[Hashable, Hashable]) -> None:
        self.given_up += 1
        self._drop(key)

    def _drop(self, key: tuple[Hashable, Hashable]) -> None:
        found = self._bodies.pop(key, None)
        if found is not None:
            self.held -= len(found.parts)
