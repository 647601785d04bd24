"""Data values of OPC UA to what the log keeps: value, source time, status, unit."""

import datetime
from collections.abc import Sequence
from typing import Any, Final

from pollux.columns.field import Datum, FieldValue
from pollux.connect.opcua.stack import DataValue, is_list, ua

_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_NEVER: Final = datetime.datetime(1601, 1, 2, tzinfo=datetime.UTC)
_MICROSECOND: Final = datetime.timedelta(microseconds=1)
OVERFLOW: Final = 0x480
"""InfoType DataValue and the overflow bit (Part 4, 7.39.1): values before this one were lost in the server's queue."""


def nanos(moment: datetime.datetime | None) -> int | None:
    """A time of the server in nanoseconds UTC, None where it gives none; it carries microseconds here.

    >>> nanos(datetime.datetime(1970, 1, 1, 0, 0, 1))
    1000000000
    """
    if moment is None:
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)
    return None if aware < _NEVER else (aware - _EPOCH) // _MICROSECOND * 1_000


def moment_of(time: int) -> datetime.datetime:
    """Nanoseconds UTC as a time for the server.

    >>> moment_of(1_000_000_000).isoformat()
    '1970-01-01T00:00:01+00:00'
    """
    return _EPOCH + datetime.timedelta(microseconds=time // 1_000)


def status_of(value: DataValue) -> int:
    """The status code of a value; good where it says none."""
    return 0 if value.StatusCode is None else int(value.StatusCode.value)


def time_of(value: DataValue) -> int | None:
    """When a value was so: the source's own time, else the server's, None where neither is told."""
    source = nanos(value.SourceTimestamp)
    return nanos(value.ServerTimestamp) if source is None else source


def datum(signal: str, value: DataValue, unit: str | None, words: Sequence[str]) -> Datum:
    """What a value says of a signal. `words` are the names of an enumeration's numbers."""
    variant = value.Value
    told = None if variant is None else _plain(variant.Value, words)
    return Datum(signal, told, time_of(value), status_of(value), unit)


def _plain(value: Any, words: Sequence[str]) -> FieldValue:
    if value is None or isinstance(value, bool | float | str):
        return value
    if isinstance(value, int):
        return words[value] if words and 0 <= value < len(words) else int(value)
    if isinstance(value, ua.LocalizedText):
        return value.Text or ""
    if is_list(value) and len(value) in (2, 3) and all(isinstance(one, int | float) for one in value):
        return [float(one) for one in value]
    # What no signal can hold is told by its kind, so that it is refused with a word of what it was.
    return f"<{type(value).__name__}>"
