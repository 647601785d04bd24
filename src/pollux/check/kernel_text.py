"""Compiled reading of numbers and times out of JSON; needs numba, imported by `scanner` only.

A decimal of mantissa m with k digits after the point is m / 10**k, which is the nearest double as long as m < 2**53 and
k <= 22, since both are exact then; multiplying by 10**-k is not. Other numbers are left to the documents.
"""

from typing import Final

import numpy as np

from pollux.check.times import GREATEST, MICROS_BELOW, MILLIS_BELOW, SECONDS_BELOW
from pollux.columns.arrays import U8
from pollux.columns.jit import inlined, jit
from pollux.columns.memory import NEVER

LEFT: Final = -1
"""The place after what is left to the documents."""

NO_TIME: Final = int(NEVER)
EXACT: Final = 2**53
QUOTE: Final = 0x22

_MOST: Final = 18
POWERS: Final = np.array([float(10**k) for k in range(_MOST + 1)])
_LENGTHS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])

_PLUS: Final = 0x2B
_MINUS: Final = 0x2D
_POINT: Final = 0x2E
_ZERO: Final = 0x30
_NINE: Final = 0x39
_COLON: Final = 0x3A
_BACKSLASH: Final = 0x5C
_T: Final = 0x54
_Z: Final = 0x5A
_E: Final = 0x65
_TO_LOWER: Final = 0x20


@inlined
def after_space(a: U8, place: int, end: int) -> int:
    """The next place that is no white space."""
    while place < end and (a[place] == 0x20 or a[place] == 0x0A or a[place] == 0x0D or a[place] == 0x09):
        place += 1
    return place


@jit
def after_text(a: U8, place: int, end: int) -> int:
    """The place of the quote that ends a text of plain characters; LEFT for any other text."""
    while place < end and a[place] != QUOTE:
        if a[place] < 0x20 or a[place] >= 0x80 or a[place] == _BACKSLASH:
            return LEFT
        place += 1
    return place if place < end else LEFT


@inlined
def digits(a: U8, place: int, end: int, mantissa: int) -> tuple[int, int]:
    """The place after a run of digits, and the mantissa with them."""
    while place < end and _ZERO <= a[place] <= _NINE:
        if mantissa >= 10**_MOST // 10:
            return LEFT, 0
        mantissa = mantissa * 10 + (a[place] - _ZERO)
        place += 1
    return place, mantissa


@jit
def number(a: U8, place: int, end: int) -> tuple[int, int, int]:
    """The place after a JSON number, its signed mantissa, and the digits after its point (-1: no point).

    A negative zero is left, since only a decimal can hold it; so are exponents and more than 17 digits.
    """
    negative = place < end and a[place] == _MINUS
    if negative:
        place += 1
    first = place
    place, mantissa = digits(a, place, end, 0)
    if place <= first or (a[first] == _ZERO and place > first + 1):
        return LEFT, 0, 0
    after = -1
    if place < end and a[place] == _POINT:
        point = place + 1
        place, mantissa = digits(a, point, end, mantissa)
        if place <= point:
            return LEFT, 0, 0
        after = place - point
        if after > _MOST:
            return LEFT, 0, 0
    if place < end and (a[place] | _TO_LOWER) == _E:
        return LEFT, 0, 0
    if negative and mantissa == 0:
        return LEFT, 0, 0
    return place, (-mantissa if negative else mantissa), after


@jit
def event_time(mantissa: int, after: int) -> int:
    """A number as nanoseconds UTC, as `times.read_time` has it; NO_TIME where it is left."""
    size = abs(mantissa)
    if after < 0:
        factor = 1
        if size < SECONDS_BELOW:
            factor = 1_000_000_000
        elif size < MILLIS_BELOW:
            factor = 1_000_000
        elif size < MICROS_BELOW:
            factor = 1_000
        return mantissa * factor if size <= GREATEST // factor else NO_TIME
    # Only seconds with a fraction: the others are rare, and a float holds them less exactly.
    if size >= EXACT or size / POWERS[after] >= 9.0e9:
        return NO_TIME
    return int(np.rint(mantissa / POWERS[after] * 1e6)) * 1_000


@jit
def two(a: U8, place: int) -> int:
    """Two digits as a number; below zero where they are none."""
    tens, ones = int(a[place]) - _ZERO, int(a[place + 1]) - _ZERO
    return tens * 10 + ones if 0 <= tens <= 9 and 0 <= ones <= 9 else -1_000_000


@jit
def days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01; the year is taken to begin in March, so that leap days end it."""
    year = year - 1 if month <= 2 else year
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@jit
def date(a: U8, place: int) -> int:
    """`YYYY-MM-DD` as days since 1970; NO_TIME where it is left."""
    year, month, day = two(a, place) * 100 + two(a, place + 2), two(a, place + 5), two(a, place + 8)
    if a[place + 4] != _MINUS or a[place + 7] != _MINUS or not 1700 <= year <= 2261 or not 1 <= month <= 12:
        return NO_TIME
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return days(year, month, day) if 1 <= day <= _LENGTHS[month] + leap else NO_TIME


@jit
def iso_time(a: U8, place: int, end: int) -> int:
    """`YYYY-MM-DDTHH:MM:SS[.fraction](Z|+HH:MM|-HH:MM)` as nanoseconds UTC; NO_TIME where it is left."""
    if end - place < 20 or a[place + 10] != _T or a[place + 13] != _COLON or a[place + 16] != _COLON:
        return NO_TIME
    day, hour, minute, second = date(a, place), two(a, place + 11), two(a, place + 14), two(a, place + 17)
    if day == NO_TIME or not 0 <= hour < 24 or not 0 <= minute < 60 or not 0 <= second < 60:
        return NO_TIME
    place, nanos = fraction(a, place + 19, end)
    offset = zone(a, place, end)
    if nanos < 0 or offset == NO_TIME:
        return NO_TIME
    return (day * 86_400 + hour * 3_600 + minute * 60 + second - offset) * 1_000_000_000 + nanos


@jit
def fraction(a: U8, place: int, end: int) -> tuple[int, int]:
    """The place after a fraction of a second, and its nanoseconds; below zero where it is left."""
    if place >= end or a[place] != _POINT:
        return place, 0
    start = place + 1
    place, nanos = digits(a, start, end, 0)
    count = place - start
    if not 1 <= count <= 9:
        return end, -1
    for _ in range(9 - count):
        nanos *= 10
    return place, nanos


@jit
def zone(a: U8, place: int, end: int) -> int:
    """The seconds that a zone is ahead of UTC; NO_TIME where it is left."""
    if end - place == 1 and a[place] == _Z:
        return 0
    if end - place != 6 or a[place + 3] != _COLON or (a[place] != _PLUS and a[place] != _MINUS):
        return NO_TIME
    hours, minutes = two(a, place + 1), two(a, place + 4)
    if not 0 <= hours < 24 or not 0 <= minutes < 60:
        return NO_TIME
    ahead = hours * 3_600 + minutes * 60
    return ahead if a[place] == _PLUS else -ahead
