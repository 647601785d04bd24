"""Payloads that speak of several twins, taken apart: one payload for each twin, for a door that must know whose it is.

CSV lines and Arrow streams have a column `twin`, SenML names begin with the twin: `Pump/P-7/temp`. What comes out is
MessagePack that says the same; all else that the payload says is looked at where every payload is.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from pollux.check.faults import Fault
from pollux.check.naming import by_device, by_row
from pollux.check.payload import Reading, read_columns, read_records
from pollux.check.senml import Record, by_time
from pollux.check.times import Nanoseconds
from pollux.columns.frames import Encoding
from pollux.columns.quality import Reason

TAKEN: Final = (Encoding.CSV, Encoding.ARROW, Encoding.SENML_JSON, Encoding.SENML_CBOR)
"""The encodings that can name twins."""

_TWIN: Final = "twin"
_CELLS: Final = 50_000
"""Of one payload: numbers of nine bytes each stay well below the bound of a payload."""


def apart(payload: bytes, encoding: int, *, arrival: int, texts: Collection[str] = ()) -> list[tuple[str, bytes]]:
    """Twin and MessagePack payload, in the order in which the twins appear; raises `Fault` for what names none.

    >>> [(twin, msgspec.msgpack.decode(data)) for twin, data in apart(b"twin,temp\\nPump/P-7,300.5\\n", 9, arrival=0)]
    [('Pump/P-7', {'temp': [300.5]})]
    """
    about = Reading(arrival, texts=texts)
    if encoding in (Encoding.CSV, Encoding.ARROW):
        said = _by_column(read_columns(payload, encoding, about))
    else:
        said = _by_name(read_records(payload, encoding, about))
    try:
        return [(twin, msgspec.msgpack.encode(document)) for twin, document in said]
    except (OverflowError, ValueError):
        raise Fault(Reason.MALFORMED, "expected whole numbers of 64 bits and texts of Unicode, got others") from None


def _by_name(records: Sequence[Record]) -> list[tuple[str, Any]]:
    return [
        (twin, [document | {"t": int(document["t"])} for document in by_time(own)])
        for twin, own in by_device(records).items()
    ]


def _by_column(columns: Mapping[str, list[Any]]) -> list[tuple[str, Any]]:
    if _TWIN not in columns:
        raise Fault(Reason.MALFORMED, f"expected a column {_TWIN!r} of names such as Pump/P-7, got none")
    return [(twin, piece) for twin, own in by_row(columns, _TWIN).items() for piece in _pieces(own)]


def _pieces(columns: Mapping[str, list[Any]]) -> Iterator[dict[str, list[Any]]]:
    """Columns in stretches of rows, so that a long upload becomes payloads of a size that is taken."""
    rows = max((len(cells) for cells in columns.values()), default=0)
    stretch = max(1, _CELLS // max(1, len(columns)))
    for start in range(0, rows, stretch):
        yield {name: [_plain(cell) for cell in cells[start : start + stretch]] for name, cells in columns.items()}


def _plain(cell: Any) -> Any:
    """A time of a format is a whole number for MessagePack."""
    return int(cell) if isinstance(cell, Nanoseconds) else cell
