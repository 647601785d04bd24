"""Event times as devices write them: ISO 8601, or a number of s, ms, us or ns told apart by size."""

import math
import re
from datetime import datetime
from typing import Final, final

from pollux.check.faults import Fault, shown
from pollux.clock import ClockError, instant
from pollux.columns.quality import Reason

SECONDS_BELOW: Final = 100_000_000_000
MILLIS_BELOW: Final = 100_000_000_000_000
MICROS_BELOW: Final = 100_000_000_000_000_000

GREATEST: Final = 2**63 - 1
# fromisoformat keeps microseconds; the digits after them are read here, so that nanoseconds survive.
_FRACTION: Final = re.compile(r"\.([0-9]{1,9})(?![0-9])")


@final
class Nanoseconds(int):
    """An event time of a format that says its own unit: nanoseconds UTC, whatever their size."""


def read_time(told: object) -> int:
    """An event time in nanoseconds UTC; `Fault` when it cannot be read.

    Below 1e11 a number counts seconds (that is until the year 5138), below 1e14 milliseconds, below 1e17 microseconds,
    else nanoseconds. Numbers with a fraction are rounded to microseconds, which is what they carry.

    >>> read_time("2026-11-23T10:42:16.5Z") == read_time(1795430536.5) == read_time(1795430536500)
    True
    """
    if isinstance(told, Nanoseconds):
        nanos = int(told)
    elif type(told) is int:
        nanos = _whole(told)
    elif type(told) is float:
        nanos = _broken(told)
    elif isinstance(told, str):
        nanos = _iso(told)
    elif isinstance(told, datetime):
        nanos = _iso(told.isoformat())
    else:
        raise Fault(Reason.BAD_TIME, f"expected an ISO 8601 time or a number, got {type(told).__name__}")
    if abs(nanos) > GREATEST:
        raise Fault(Reason.BAD_TIME, f"expected a time before the year 2262, got {shown(told)}")
    return nanos


def _whole(told: int) -> int:
    size = abs(told)
    if size < SECONDS_BELOW:
        return told * 1_000_000_000
    if size < MILLIS_BELOW:
        return told * 1_000_000
    return told * 1_000 if size < MICROS_BELOW else told


def _broken(told: float) -> int:
    size = abs(told)
    if not math.isfinite(told):
        raise Fault(Reason.BAD_TIME, f"expected a time, got {shown(told)}")
    if size < SECONDS_BELOW:
        return round(told * 1e6) * 1_000
    if size < MILLIS_BELOW:
        return round(told * 1e3) * 1_000
    return round(told) * 1_000 if size < MICROS_BELOW else round(told)


def _iso(told: str) -> int:
    fraction = _FRACTION.search(told)
    nanos = int(fraction[1].ljust(9, "0")) if fraction else 0
    whole = told if fraction is None else told[: fraction.start()] + told[fraction.end() :]
    try:
        return instant(whole) + nanos
    except (ClockError, OverflowError):
        raise Fault(Reason.BAD_TIME, f"expected an ISO 8601 time, got {shown(told)}") from None
