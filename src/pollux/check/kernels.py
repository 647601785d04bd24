"""The compiled scanner: flat numeric JSON straight from the arena to columns.

Needs numba, imported by `scanner` only. It takes what most devices send: objects of numbers and flags with `t`, `seq`
and `boot`, lists of those, and columns; whatever else it meets it leaves to the documents, which say the same of every
payload that both take. A payload is taken whole or not at all.
"""

from typing import Any, Final, NamedTuple, final

import numpy as np

from pollux.check.kernel_table import Seed, Table, find, same_bytes
from pollux.check.kernel_text import (
    EXACT,
    LEFT,
    NO_TIME,
    POWERS,
    QUOTE,
    after_space,
    after_text,
    event_time,
    iso_time,
    number,
)
from pollux.columns.arrays import F64, I32, I64, U8
from pollux.columns.jit import inlined, jit, short

NUMBER: Final = 0
FLAG: Final = 1
OTHER: Final = 2
IGNORE: Final = 3
TIME: Final = 4
SEQ: Final = 5
BOOT: Final = 6
VALUE: Final = 7

_COMMA: Final = 0x2C
_COLON: Final = 0x3A
_OPEN_LIST: Final = 0x5B
_CLOSE_LIST: Final = 0x5D
_OPEN: Final = 0x7B
_CLOSE: Final = 0x7D
_TRUE: Final = np.frombuffer(b"true", np.uint8)
_FALSE: Final = np.frombuffer(b"false", np.uint8)


@final
class Keys(NamedTuple):
    """The wire names of all vocabularies: `role` says what a name is, `follow` which name came after it last time."""

    table: Table
    role: I32
    follow: I32
    stamp: I64


@final
class Message(NamedTuple):
    """Whose payload is read: its frame and topic, the vocabulary, and the key that the topic names (-1 for none)."""

    frame: int
    entry: int
    group: int
    channel: int


@final
class Sheet(NamedTuple):
    """Where the scanner writes: samples, messages, the times of columns, counts, and the message under way."""

    key: I32
    value: F64
    time: I64
    frame: I32
    entry: I32
    seq: I64
    boot: I64
    boot_length: I32
    samples: I64
    times: I64
    here: I64


# Places in Sheet.here.
SAMPLES: Final = 0
MESSAGES: Final = 1
_TIME: Final = 2
_SEQ: Final = 3
_BOOT: Final = 4
_BOOT_LENGTH: Final = 5
_COLUMN: Final = 6
_CLOCKS: Final = 7
_STAMP: Final = 8
_NAMED: Final = 9
HERE: Final = 10

_SCALARS: Final = -2
_UNSET: Final = -1


@inlined
def key_at(a: U8, place: int, end: int, group: int, keys: Keys, expected: int, seed: Seed) -> tuple[int, int]:
    """The number of the name that begins at `place` and the place after its quote; devices repeat their order."""
    if expected >= 0:
        length = keys.table.lengths[expected]
        after = place + length
        if (
            after < end
            and a[after] == QUOTE
            and same_bytes(a, place, keys.table.bytes, keys.table.starts[expected], length)
        ):
            return expected, after + 1
    quote = after_text(a, place, end)
    if quote < 0:
        return LEFT, LEFT
    return find(keys.table, a, place, quote - place, group, seed), quote + 1


@inlined
def put(sheet: Sheet, key: int, value: float) -> bool:
    """One more sample."""
    i = sheet.here[SAMPLES]
    sheet.key[i] = key
    sheet.value[i] = value
    sheet.here[SAMPLES] = i + 1
    return True


@inlined
def put_number(a: U8, place: int, end: int, key: int, sheet: Sheet) -> int:
    """Read a number into a sample; the place after it, or LEFT."""
    place, mantissa, after = number(a, place, end)
    if place < 0 or abs(mantissa) >= EXACT:
        return LEFT
    put(sheet, key, mantissa / POWERS[after] if after > 0 else float(mantissa))
    return place


@jit
def put_column(a: U8, place: int, end: int, key: int, sheet: Sheet) -> int:
    """Read `[1, 2.5]` into samples; all columns of an object must be of one length."""
    first = sheet.here[SAMPLES]
    place = after_space(a, place + 1, end)
    if place < end and a[place] == _CLOSE_LIST:
        return LEFT
    while True:
        place = put_number(a, place, end, key, sheet)
        if place < 0:
            return LEFT
        place = after_space(a, place, end)
        if place >= end or (a[place] != _COMMA and a[place] != _CLOSE_LIST):
            return LEFT
        if a[place] == _CLOSE_LIST:
            return place + 1 if fits(sheet, _COLUMN, sheet.here[SAMPLES] - first) else LEFT
        place = after_space(a, place + 1, end)


@inlined
def fits(sheet: Sheet, what: int, length: int) -> bool:
    """Note the length of a column, or that there are none; False when it is not that of the others."""
    if sheet.here[what] == _UNSET:
        sheet.here[what] = length
    return bool(sheet.here[what] == length)


@jit
def put_flag(a: U8, place: int, end: int, key: int, sheet: Sheet) -> int:
    """Read true or false into a sample; the place after it, or LEFT."""
    if place + 4 <= end and same_bytes(a, place, _TRUE, 0, 4):
        put(sheet, key, 1.0)
        return place + 4
    if place + 5 <= end and same_bytes(a, place, _FALSE, 0, 5):
        put(sheet, key, 0.0)
        return place + 5
    return LEFT


@inlined
def put_value(a: U8, place: int, end: int, key: int, role: int, sheet: Sheet) -> int:
    """Read the value of a signal: a number, a flag, or a column of numbers."""
    if role == NUMBER and a[place] == _OPEN_LIST:
        return put_column(a, place, end, key, sheet)
    if not fits(sheet, _COLUMN, _SCALARS):
        return LEFT
    if role == NUMBER:
        return put_number(a, place, end, key, sheet)
    return put_flag(a, place, end, key, sheet) if role == FLAG else LEFT


@jit
def put_time(a: U8, place: int, end: int, sheet: Sheet) -> int:
    """Read `t`: a number, a text, or a list of either for columns."""
    if a[place] != _OPEN_LIST:
        place, sheet.here[_TIME] = one_time(a, place, end)
        return place if sheet.here[_TIME] != NO_TIME else LEFT
    count = 0
    place = after_space(a, place + 1, end)
    while place < end and place != LEFT:
        place, sheet.times[count] = one_time(a, place, end)
        if place < 0 or sheet.times[count] == NO_TIME:
            return LEFT
        count += 1
        place = after_space(a, place, end)
        if place < end and a[place] == _CLOSE_LIST:
            sheet.here[_CLOCKS] = count
            return place + 1
        if place >= end or a[place] != _COMMA:
            return LEFT
        place = after_space(a, place + 1, end)
    return LEFT


@jit
def one_time(a: U8, place: int, end: int) -> tuple[int, int]:
    """The place after one time, and the time."""
    if place < end and a[place] == QUOTE:
        quote = after_text(a, place + 1, end)
        return (quote + 1, iso_time(a, place + 1, quote)) if quote >= 0 else (LEFT, NO_TIME)
    place, mantissa, after = number(a, place, end)
    return (place, event_time(mantissa, after)) if place >= 0 else (LEFT, NO_TIME)


@jit
def put_boot(a: U8, place: int, end: int, sheet: Sheet) -> int:
    """Read `boot`, a text or a whole number, as the bytes it is written in."""
    start = place
    if a[place] == QUOTE:
        start = place + 1
        after = after_text(a, start, end)
        length = after - start
        after += 1
    else:
        after, _, point = number(a, place, end)
        length = after - start
        if point >= 0:
            return LEFT
    if after <= 0 or not 1 <= length <= 64:
        return LEFT
    sheet.here[_BOOT] = start
    sheet.here[_BOOT_LENGTH] = length
    return after


@jit
def skip(a: U8, place: int, end: int) -> int:
    """The place after a plain value that nobody wants."""
    if a[place] == QUOTE:
        after = after_text(a, place + 1, end)
        return after + 1 if after >= 0 else LEFT
    return number(a, place, end)[0]


@inlined
def member(a: U8, place: int, end: int, key: int, channel: int, keys: Keys, sheet: Sheet) -> int:
    """Read the value of one key; the place after it, or LEFT."""
    role = keys.role[key]
    if role == VALUE:
        # The topic names the signal; "value" stands for it.
        key, role = channel, (keys.role[channel] if channel >= 0 else OTHER)
        sheet.here[_NAMED] = 1
    if keys.stamp[key if key >= 0 else 0] == sheet.here[_STAMP] or key < 0:
        return LEFT
    keys.stamp[key] = sheet.here[_STAMP]
    if role <= FLAG:
        return put_value(a, place, end, key, role, sheet)
    if role == TIME:
        return put_time(a, place, end, sheet)
    if role == SEQ:
        place, sheet.here[_SEQ], after = number(a, place, end)
        return place if after < 0 and sheet.here[_SEQ] >= 0 else LEFT
    if role == BOOT:
        return put_boot(a, place, end, sheet)
    return skip(a, place, end) if role == IGNORE else LEFT


@inlined
def begin(sheet: Sheet) -> None:
    """Begin a message."""
    sheet.here[_TIME] = NO_TIME
    sheet.here[_SEQ] = -1
    sheet.here[_BOOT] = 0
    sheet.here[_BOOT_LENGTH] = 0
    sheet.here[_COLUMN] = _UNSET
    sheet.here[_CLOCKS] = _UNSET
    sheet.here[_STAMP] += 1
    sheet.here[_NAMED] = 0


@inlined
def finish(sheet: Sheet, first: int, message: Message) -> bool:
    """End a message: give its samples their times; False when its columns do not fit together."""
    column, clocks, last = sheet.here[_COLUMN], sheet.here[_CLOCKS], sheet.here[SAMPLES]
    if clocks >= 0 and column != clocks:
        return False
    if column > 0 and sheet.here[_TIME] != NO_TIME:
        return False
    for i in range(first, last):
        sheet.time[i] = sheet.times[(i - first) % column] if clocks > 0 else sheet.here[_TIME]
    m = sheet.here[MESSAGES]
    sheet.frame[m] = message.frame
    sheet.entry[m] = message.entry
    sheet.seq[m] = sheet.here[_SEQ]
    sheet.boot[m] = sheet.here[_BOOT]
    sheet.boot_length[m] = sheet.here[_BOOT_LENGTH]
    sheet.samples[m] = last - first
    sheet.here[MESSAGES] = m + 1
    return True


@jit
def scan_object(a: U8, place: int, end: int, message: Message, keys: Keys, sheet: Sheet, seed: Seed) -> int:
    """Read one object, a message; the place after it, or LEFT."""
    begin(sheet)
    first, before = sheet.here[SAMPLES], len(keys.role) + message.group
    place = after_space(a, place + 1, end)
    if place < end and a[place] == _CLOSE:
        return place + 1 if message.channel < 0 and finish(sheet, first, message) else LEFT
    while place < end and a[place] == QUOTE:
        key, place = key_at(a, place + 1, end, message.group, keys, keys.follow[before], seed)
        if key < 0 or place < 0:
            return LEFT
        keys.follow[before] = key
        before = key
        place = after_space(a, place, end)
        if place >= end or a[place] != _COLON:
            return LEFT
        place = after_space(a, place + 1, end)
        if place >= end:
            return LEFT
        place = member(a, place, end, key, message.channel, keys, sheet)
        if place < 0:
            return LEFT
        place = after_space(a, place, end)
        if place < end and a[place] == _CLOSE:
            named = message.channel < 0 or sheet.here[_NAMED] == 1
            return place + 1 if named and finish(sheet, first, message) else LEFT
        if place >= end or a[place] != _COMMA:
            return LEFT
        place = after_space(a, place + 1, end)
    return LEFT


@jit
def scan_payload(a: U8, place: int, end: int, message: Message, keys: Keys, sheet: Sheet, seed: Seed) -> bool:
    """Read one payload; False where it is left."""
    place = after_space(a, place, end)
    if place >= end:
        return False
    if a[place] == _OPEN:
        place = scan_object(a, place, end, message, keys, sheet, seed)
    elif a[place] == _OPEN_LIST and message.channel < 0:
        place = scan_list(a, place, end, message, keys, sheet, seed)
    elif message.channel >= 0 and keys.role[message.channel] == NUMBER:
        begin(sheet)
        first = sheet.here[SAMPLES]
        place = put_number(a, place, end, message.channel, sheet)
        if place >= 0:
            finish(sheet, first, message)
    else:
        return False
    return place >= 0 and after_space(a, place, end) == end


@jit
def scan_list(a: U8, place: int, end: int, message: Message, keys: Keys, sheet: Sheet, seed: Seed) -> int:
    """Read a list of objects, each a message."""
    place = after_space(a, place + 1, end)
    while place < end and a[place] == _OPEN:
        place = scan_object(a, place, end, message, keys, sheet, seed)
        if place < 0:
            return LEFT
        place = after_space(a, place, end)
        if place < end and a[place] == _CLOSE_LIST:
            return place + 1
        if place >= end or a[place] != _COMMA:
            return LEFT
        place = after_space(a, place + 1, end)
    return LEFT


@short
def scan(
    a: U8, index: I32, entry: I32, group: I32, channel: I32, keys: Keys, sheet: Sheet, most: int, seed: Seed, left: Any
) -> None:
    """Read the payloads of a batch; `group` is the vocabulary of each frame, below zero for frames not to be read.

    `left[i]` says whether frame i was left; nothing of it is on the sheet then.
    """
    for i in range(len(entry)):
        if group[i] < 0:
            continue
        samples, messages = sheet.here[SAMPLES], sheet.here[MESSAGES]
        start = int(index[i, 2])
        end = start + int(index[i, 3])
        message = Message(i, int(entry[i]), int(group[i]), int(channel[i]))
        taken = scan_payload(a, start, end, message, keys, sheet, seed)
        if not taken or sheet.here[SAMPLES] - samples > most or sheet.here[MESSAGES] - messages > most:
            sheet.here[SAMPLES] = samples
            sheet.here[MESSAGES] = messages
            left[i] = True
