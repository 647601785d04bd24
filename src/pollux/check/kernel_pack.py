"""Compiled reading of the heads of packed blocks, which are MessagePack; needs numba, imported by `cutter` only.

A head is a map of a few short names. Columns and boots are looked up by the bytes they are written in, so that no text
is read here: those that were taught were good. A name that is told twice, or that is unknown, and a number of another
type leave the head to Python.
"""

from typing import Final, NamedTuple, final

import numpy as np

from pollux.check.identity import SEQUENCE_LIMIT
from pollux.check.kernel_table import Seed, Table, find, same_bytes
from pollux.check.kernel_text import LEFT
from pollux.check.lives import NO_BOOT
from pollux.check.packed import TYPES
from pollux.columns.arrays import F64, I32, I64, U8
from pollux.columns.batch import NO_SEQUENCE
from pollux.columns.jit import inlined, jit

# Places in the row of a head.
FRAME: Final = 0
ENTRY: Final = 1
SEQ: Final = 2
BOOT: Final = 3
N: Final = 4
LAYOUT: Final = 5
TYPE: Final = 6
CLOCK: Final = 7
FIRST: Final = 8
STEP: Final = 9
NUMBERS: Final = 10
ROW: Final = 11

ARRIVAL: Final = 0
EACH: Final = 1
EVEN: Final = 2

_NIL: Final = 0xC0
_PAIR: Final = 0x92
_TEXT8: Final = 0xD9
_LIST16: Final = 0xDC


def _word(text: str) -> int:
    """A text of at most 7 bytes as one number, as `word` reads it; the 1 in front tells its length."""
    return int.from_bytes(b"\1" + text.encode(), "big")


_N: Final = _word("n")
_SIGNALS: Final = _word("signals")
_TYPE: Final = _word("type")
_T: Final = _word("t")
_SEQ: Final = _word("seq")
_BOOT: Final = _word("boot")
_EACH: Final = _word("each")
_TYPES: Final = tuple(_word(name) for name in TYPES)
_DEFAULT: Final = list(TYPES).index("f8")


@final
class Known(NamedTuple):
    """What was taught: columns by their bytes and vocabulary, and boots by theirs.

    The signals of columns i are `signal[first[i] : first[i + 1]]`, with `factor` and `offset`; `last` are the columns
    that each vocabulary spoke of last. `boot` are the numbers of the boots.
    """

    layouts: Table
    first: I64
    signal: I32
    factor: F64
    offset: F64
    last: I32
    boots: Table
    boot: I32


@inlined
def byte(a: U8, place: int) -> int:
    """A byte as a number that shifts and sums do not wrap."""
    return int(np.int64(a[place]))


@inlined
def whole(a: U8, place: int, end: int) -> tuple[int, int]:
    """The place after a whole number of any width, and the number; LEFT for all else and beyond 63 bits."""
    if place >= end:
        return LEFT, 0
    kind = byte(a, place)
    if kind < 0x80:
        return place + 1, kind
    if kind >= 0xE0:
        return place + 1, kind - 0x100
    size = 1 << (kind & 3)
    if not 0xCC <= kind <= 0xD3 or place + size >= end:
        return LEFT, 0
    value = 0
    for i in range(place + 1, place + 1 + size):
        value = value << 8 | byte(a, i)
    if kind >= 0xD0:
        spare = 64 - 8 * size
        return place + 1 + size, value << spare >> spare
    return (place + 1 + size, value) if value >= 0 else (LEFT, 0)


@inlined
def word(a: U8, place: int, end: int) -> tuple[int, int]:
    """The place after a text of at most 7 bytes, and the text as a number."""
    size = byte(a, place) - 0xA0 if place < end else -1
    if not 0 <= size <= 7 or place + size >= end:
        return LEFT, 0
    value = 1
    for i in range(place + 1, place + 1 + size):
        value = value << 8 | byte(a, i)
    return place + 1 + size, value


@inlined
def after_name(a: U8, place: int, end: int) -> int:
    """The place after a text of at most 255 bytes; LEFT for all else. What the text says is not looked at."""
    if place + 1 >= end:
        return LEFT
    kind = byte(a, place)
    if 0xA0 <= kind <= 0xBF:
        after = place + 1 + kind - 0xA0
    elif kind == _TEXT8:
        after = place + 2 + byte(a, place + 1)
    else:
        return LEFT
    return after if after <= end else LEFT


@jit
def after_list(a: U8, place: int, end: int) -> int:
    """The place after a list of texts; LEFT for all else."""
    if place + 2 >= end:
        return LEFT
    kind = byte(a, place)
    if 0x90 <= kind <= 0x9F:
        count, place = kind - 0x90, place + 1
    elif kind == _LIST16:
        count, place = byte(a, place + 1) << 8 | byte(a, place + 2), place + 3
    else:
        return LEFT
    for _ in range(count):
        place = after_name(a, place, end)
        if place < 0:
            return LEFT
    return place


@inlined
def layout_at(a: U8, place: int, end: int, vocabulary: int, known: Known, seed: Seed) -> tuple[int, int]:
    """The place after the columns, and which they are; devices of a fleet are mostly alike."""
    last = int(known.last[vocabulary])
    if last >= 0:
        length, start = int(known.layouts.lengths[last]), int(known.layouts.starts[last])
        if place + length <= end and same_bytes(a, place, known.layouts.bytes, start, length):
            return place + length, last
    after = after_list(a, place, end)
    if after < 0:
        return LEFT, LEFT
    found = find(known.layouts, a, place, after - place, vocabulary, seed)
    if found >= 0:
        known.last[vocabulary] = found
    return (after, found) if found >= 0 else (LEFT, LEFT)


@jit
def boot_at(a: U8, place: int, end: int, known: Known, seed: Seed) -> tuple[int, int]:
    """The place after a boot, a text or a whole number, and its number."""
    after = after_name(a, place, end)
    if after < 0:
        after = whole(a, place, end)[0]
    if after < 0:
        return LEFT, LEFT
    found = find(known.boots, a, place, after - place, 0, seed)
    return (after, int(known.boot[found])) if found >= 0 else (LEFT, LEFT)


@inlined
def put_clock(a: U8, place: int, end: int, row: I64) -> int:
    """Read `t`: "each", or the first time and the step."""
    if place < end and a[place] == _PAIR:
        place, row[FIRST] = whole(a, place + 1, end)
        if place >= 0:
            place, row[STEP] = whole(a, place, end)
        row[CLOCK] = EVEN
        return place
    place, told = word(a, place, end)
    row[CLOCK] = EACH
    return place if told == _EACH else LEFT


@inlined
def put_type(a: U8, place: int, end: int, row: I64) -> int:
    """Read `type`."""
    place, told = word(a, place, end)
    for i in range(len(_TYPES)):
        if told == _TYPES[i]:
            row[TYPE] = i
            return place
    return LEFT


@inlined
def put_member(
    a: U8, place: int, end: int, name: int, row: I64, known: Known, vocabulary: int, seed: Seed
) -> tuple[int, int]:
    """Read the value of one name; the place after it, or LEFT, and a bit that stands for the name."""
    if name == _N:
        place, row[N] = whole(a, place, end)
        return place, 1
    if name == _SIGNALS:
        place, row[LAYOUT] = layout_at(a, place, end, vocabulary, known, seed)
        return place, 2
    if name == _TYPE:
        return put_type(a, place, end, row), 4
    if place < end and a[place] == _NIL:
        return (place + 1, 8 if name == _T else 16 if name == _SEQ else 32 if name == _BOOT else 0)
    if name == _T:
        return put_clock(a, place, end, row), 8
    if name == _SEQ:
        place, row[SEQ] = whole(a, place, end)
        return (place if 0 <= row[SEQ] < SEQUENCE_LIMIT else LEFT), 16
    if name == _BOOT:
        place, row[BOOT] = boot_at(a, place, end, known, seed)
        return place, 32
    return LEFT, 0


@jit
def read_head(a: U8, place: int, row: I64, known: Known, vocabulary: int, seed: Seed) -> bool:
    """Read the head that begins at `place` and ends where the numbers begin; False where it is left."""
    end = row[NUMBERS]
    row[SEQ], row[BOOT], row[TYPE], row[CLOCK] = NO_SEQUENCE, NO_BOOT, _DEFAULT, ARRIVAL
    if place >= end or not 0x80 <= a[place] <= 0x8F:
        return False
    members, seen = byte(a, place) - 0x80, 0
    place += 1
    for _ in range(members):
        place, name = word(a, place, end)
        if place < 0:
            return False
        place, bit = put_member(a, place, end, name, row, known, vocabulary, seed)
        if place < 0 or bit == 0 or seen & bit != 0:
            return False
        seen |= bit
    return bool(place == end and seen & 3 == 3)
