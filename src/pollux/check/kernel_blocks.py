"""The compiled cutter: packed blocks straight from the arena to columns.

Needs numba, imported by `cutter` only. It takes blocks whose columns and boot it was taught, by the bytes they are
written in, and whose head says nothing odd; whatever else it meets it leaves whole. So it never takes what the Python
reader refuses, and need not know why that refuses it.
"""

from typing import Any, Final, NamedTuple, final

import numpy as np

from pollux.check.kernel_frames import GUESS, Entries, named
from pollux.check.kernel_pack import (
    ARRIVAL,
    BOOT,
    CLOCK,
    EACH,
    ENTRY,
    EVEN,
    FIRST,
    FRAME,
    LAYOUT,
    NUMBERS,
    ROW,
    SEQ,
    STEP,
    TYPE,
    Known,
    N,
    byte,
    read_head,
)
from pollux.check.kernel_table import Seed
from pollux.check.kernel_text import NO_TIME
from pollux.check.packed import MAGIC, START, TYPES
from pollux.check.topics import IGNORED, NO_ENTRY
from pollux.columns.arrays import F64, I32, I64, U8, Mask
from pollux.columns.frames import Encoding
from pollux.columns.jit import inlined, jit, short

__all__ = ["ROW", "Columns", "Entries", "Known", "cut", "read_heads"]

_MAGIC: Final = int.from_bytes(MAGIC, "little")
_START: Final = START.size
_BINARY: Final = int(Encoding.BINARY)
_SIZES: Final = tuple(kind.itemsize for kind in TYPES.values())
_F4: Final = list(TYPES).index("f4")
_F8: Final = list(TYPES).index("f8")
_I2: Final = list(TYPES).index("i2")
# A step stays below this over the whole block, and so does the first time: then no time leaves 64 bits.
_FAR: Final = 2**62


@final
class Columns(NamedTuple):
    """The columns of `Raw` that the cutter fills."""

    frame: I32
    entry: I32
    seq: I64
    boot: I32
    samples: I64
    signal: I32
    value: F64
    time: I64


@inlined
def little(a: U8, place: int) -> int:
    """Four bytes as a number."""
    return byte(a, place) | byte(a, place + 1) << 8 | byte(a, place + 2) << 16 | byte(a, place + 3) << 24


@inlined
def may_be(entries: Entries, entry: int, encoding: int) -> bool:
    """Whether a frame of this topic, named so by its driver, may hold a block."""
    if entry == NO_ENTRY or entries.vocabulary[entry] == IGNORED or entries.channel[entry] >= 0:
        return False
    return named(entries, entry, encoding) in (GUESS, _BINARY)


@inlined
def size_of(row: I64, known: Known, end: int, most: int) -> int:
    """How many samples a block holds; 0 where its head and its length, or its times, are not as they should be."""
    n, layout = row[N], row[LAYOUT]
    wide = known.first[layout + 1] - known.first[layout]
    if not 0 < n <= most or n * wide > most:
        return 0
    if row[CLOCK] == EVEN and not (-_FAR < row[FIRST] < _FAR and -(_FAR // n) < row[STEP] < _FAR // n):
        return 0
    times = 8 * n if row[CLOCK] == EACH else 0
    return int(n * wide) if row[NUMBERS] + times + n * wide * _SIZES[row[TYPE]] == end else 0


@short
def read_heads(
    a: U8,
    index: I32,
    entry: I32,
    encoding: U8,
    entries: Entries,
    known: Known,
    longest: int,
    most: int,
    seed: Seed,
    left: Mask,
    told: I64,
    odd: I64,
) -> tuple[int, int, int]:
    """Read the heads of the blocks among the frames that are `left`, a row of `told` each; how many, and their samples.

    What begins as blocks do and is no such block is `odd`; the third number counts those.
    """
    blocks, samples, strange = 0, 0, 0
    for i in range(len(entry)):
        number, start, length = int(entry[i]), int(index[i, 2]), int(index[i, 3])
        if not left[i] or not _START <= length <= longest or not may_be(entries, number, encoding[i]):
            continue
        if little(a, start) != _MAGIC:
            continue
        head, end, row = start + _START, start + length, told[blocks]
        row[NUMBERS] = head + little(a, head - 4)
        found = 0
        if row[NUMBERS] <= end and read_head(a, head, row, known, int(entries.vocabulary[number]), seed):
            found = size_of(row, known, end, most)
        if found > 0:
            row[FRAME], row[ENTRY] = i, number
            blocks, samples, left[i] = blocks + 1, samples + found, False
        else:
            odd[strange] = i
            strange += 1
    return blocks, samples, strange


@inlined
def put(numbers: Any, value: F64, at: int) -> None:
    """Numbers of any type as floats."""
    for place in range(len(numbers)):
        value[at + place] = numbers[place]


@jit
def put_values(a: U8, place: int, n: int, type: int, value: F64, at: int) -> None:
    """The numbers of one signal; they stand anywhere in the arena, which the machines that numba knows can read."""
    numbers = a[place : place + n * _SIZES[type]]
    if type == _F4:
        put(numbers.view(np.float32), value, at)
    elif type == _F8:
        put(numbers.view(np.float64), value, at)
    elif type == _I2:
        put(numbers.view(np.int16), value, at)
    else:
        put(numbers.view(np.int32), value, at)


@inlined
def put_times(a: U8, row: I64, n: int, time: I64, at: int) -> None:
    """The times of one signal."""
    if row[CLOCK] == ARRIVAL:
        for place in range(n):
            time[at + place] = NO_TIME
    elif row[CLOCK] == EVEN:
        first, step = row[FIRST], row[STEP]
        for place in range(n):
            time[at + place] = first + step * place
    else:
        told = a[row[NUMBERS] : row[NUMBERS] + 8 * n].view(np.int64)
        for place in range(n):
            time[at + place] = told[place]


@inlined
def convert(value: F64, at: int, n: int, factor: float, offset: float) -> None:
    """Numbers of the wire in the unit of their signal."""
    if factor != 1.0 or offset != 0.0:
        for place in range(at, at + n):
            value[place] = value[place] * factor + offset


@inlined
def put_signal(column: I32, at: int, n: int, signal: int) -> None:
    """One signal, n times."""
    for place in range(at, at + n):
        column[place] = signal


@jit
def cut_block(a: U8, row: I64, known: Known, columns: Columns, at: int) -> int:
    """The samples of one block, from sample `at` on; where the next block begins."""
    n, layout, type = int(row[N]), int(row[LAYOUT]), int(row[TYPE])
    place = int(row[NUMBERS]) + (8 * n if row[CLOCK] == EACH else 0)
    for key in range(known.first[layout], known.first[layout + 1]):
        put_values(a, place, n, type, columns.value, at)
        convert(columns.value, at, n, known.factor[key], known.offset[key])
        put_times(a, row, n, columns.time, at)
        put_signal(columns.signal, at, n, known.signal[key])
        place, at = place + n * _SIZES[type], at + n
    return at


@short
def cut(a: U8, told: I64, known: Known, columns: Columns) -> None:
    """The blocks whose heads were read, as columns."""
    at = 0
    for block in range(len(columns.frame)):
        row, began = told[block], at
        at = cut_block(a, row, known, columns, began)
        columns.frame[block] = row[FRAME]
        columns.entry[block] = row[ENTRY]
        columns.seq[block] = row[SEQ]
        columns.boot[block] = row[BOOT]
        columns.samples[block] = at - began
