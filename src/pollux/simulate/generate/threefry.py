"""Random numbers inside a kernel: a counter-based generator, the same for a member wherever it is computed.

Threefry-2x64 with 20 rounds turns a key of two words and a counter of two words into 128 random bits by additions,
rotations and exclusive ors, which vectorise (Salmon, Moraes, Dror & Shaw 2011, Parallel random numbers: as easy as 1,
2, 3, SC'11). Two words make two normal numbers by the transform of Box and Muller.
"""

import math
from typing import Final, TypeAlias

from pollux.simulate.generate.lines import Lines, Term

Words: TypeAlias = tuple[Term, Term]

_PARITY: Final = 0x1BD11BDAA9FC1A22
_ROTATIONS: Final = (16, 42, 12, 31, 16, 32, 24, 21)
_ROUNDS: Final = 20
_ONE: Final = 0x3FF0_0000_0000_0000
_HALF_STEP: Final = 2.0**-53
"""Half the distance of the uniform numbers, so that none of them is 0."""


def threefry(key: Words, counter: Words) -> Words:
    """The two words that belong to a key and a counter."""
    lines = key[0].lines
    keys = (*key, lines.term(_PARITY) ^ key[0] ^ key[1])
    x, y = counter[0].wrapped(keys[0]), counter[1].wrapped(keys[1])
    for number in range(_ROUNDS):
        x = x.wrapped(y)
        y = _rotated(y, _ROTATIONS[number % 8]) ^ x
        if number % 4 == 3:
            turn = number // 4 + 1
            x, y = x.wrapped(keys[turn % 3]), y.wrapped(keys[(turn + 1) % 3]).plus(turn)
    return x, y


def normals(key: Words, counter: Words) -> tuple[Term, Term]:
    """Two independent standard normal numbers."""
    first, second = (_uniform(word) for word in threefry(key, counter))
    lines = first.lines
    radius = _call(lines, "sqrt", -2.0 * _call(lines, "log", first))
    angle = second * (2.0 * math.pi)
    return radius * _call(lines, "cos", angle), radius * _call(lines, "sin", angle)


def _rotated(word: Term, count: int) -> Term:
    return (word << count) | (word >> (64 - count))


def _uniform(word: Term) -> Term:
    """A number between 0 and 1 from the upper 52 bits."""
    return ((word >> 12) | _ONE).unbits - (1.0 - _HALF_STEP)


def _call(lines: Lines, op: str, x: Term) -> Term:
    return lines.term(lines.emit(op, x.arg))
