"""Payloads that speak of several twins, taken apart: one payload for each twin, for a door that must know whose it is.

CSV lines and Arrow streams have a column `twin`, SenML names begin with the twin: `Pump/P-7/temp`. What comes out is
MessagePack that says the same; all else that the payload says is looked at where every payload is.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec

from pollux.check.faults import Fault, shown
from pollux.check.payload import Reading, read_columns, read_records
from pollux.check.senml import Record, by_time
from pollux.columns.frames import Encoding
from pollux.columns.quality import Reason

TAKEN: Final = (Encoding.CSV, Encoding.ARROW, Encoding.SENML_JSON, Encoding.SENML_CBOR)
"""The encodings that can name twins."""

_TWIN: Final = "twin"


def apart(payload: bytes, encoding: int, *, arrival: int, texts: Collection[str] = ()) -> list[tuple[str, bytes]]:
    """Twin and MessagePack payload, in the order in which the twins appear; raises `Fault` for what names none.

    >>> [(twin, msgspec.msgpack.decode(data)) for twin, data in apart(b"twin,temp\\nPump/P-7,300.5\\n", 9, arrival=0)]
    [('Pump/P-7', {'temp': [300.5]})]
    """
    about = Reading(arrival, texts=texts)
    if encoding in (Encoding.CSV, Encoding.ARROW):
        said: Mapping[str, Any] = _by_column(read_columns(payload, encoding, about))
    else:
        said = _by_name(read_records(payload, encoding, about))
    try:
        return [(twin, msgspec.msgpack.encode(document)) for twin, document in said.items()]
    except (OverflowError, ValueError):
        raise Fault(Reason.MALFORMED, "expected whole numbers of 64 bits and texts of Unicode, got others") from None


def _by_name(records: Sequence[Record]) -> Mapping[str, Any]:
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.device, []).append(record)
    return {twin: [_plain(document) for document in by_time(own)] for twin, own in found.items()}


def _plain(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"t": int(document["t"])}


def _by_column(columns: Mapping[str, list[Any]]) -> Mapping[str, Any]:
    whose = columns.get(_TWIN)
    if whose is None:
        raise Fault(Reason.MALFORMED, f"expected a column {_TWIN!r} of names such as Pump/P-7, got none")
    rows: dict[str, list[int]] = {}
    for number, twin in enumerate(whose):
        if not isinstance(twin, str):
            raise Fault(Reason.BAD_ID, f"expected the name of a twin, got {shown(twin)}", path=f"$.twin[{number}]")
        rows.setdefault(twin, []).append(number)
    return {twin: _rows(columns, places) for twin, places in rows.items()}


def _rows(columns: Mapping[str, list[Any]], places: Sequence[int]) -> dict[str, list[Any]]:
    """The rows of one twin; a column of which it has no cell is a signal of the others."""
    picked = {name: [_number(cells[i]) for i in places] for name, cells in columns.items() if name != _TWIN}
    return {name: cells for name, cells in picked.items() if any(cell is not None for cell in cells)}


def _number(cell: Any) -> Any:
    return int(cell) if isinstance(cell, int) and not isinstance(cell, bool) else cell
