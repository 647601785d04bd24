"""Payloads that name their twins themselves, where no level of the topic does: a gateway's, of many devices at once.

The name stands under a key: in an object, in each object of a list, or as a column. In SenML the device of a name is
the twin. What comes out are the documents of a mapping function: objects with `id`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pollux.check.faults import Fault, shown
from pollux.check.payload import RECORDS, Reading, read_payload, read_records
from pollux.check.senml import Record, by_time
from pollux.check.shapes import is_list, is_object
from pollux.columns.quality import Reason


def named(payload: bytes, encoding: int, about: Reading | None, key: str) -> list[dict[Any, Any]]:
    """The documents of a payload, each with the name of its twin under `id`; raises `Fault` where one names none.

    >>> named(b'[{"sensor": "P-7", "temp": 1}, {"sensor": "P-8", "temp": 2}]', 1, Reading(), "sensor")
    [{'id': 'P-7', 'temp': 1}, {'id': 'P-8', 'temp': 2}]
    """
    if encoding in RECORDS:
        records = by_device(read_records(payload, encoding, about or Reading()))
        return [{"id": _last(device), **document} for device, own in records.items() for document in by_time(own)]
    document: object = read_payload(payload, encoding, about)
    several: Sequence[object] = document if is_list(document) else [document]
    return [one for told in several for one in _whose(told, key)]


def by_device(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Records by the device of their names, in the order in which these appear."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.device, []).append(record)
    return found


def by_row(columns: Mapping[str, list[Any]], key: str) -> dict[str, dict[str, list[Any]]]:
    """Columns by the names in one of them; of each twin those in which it has a cell. Raises `Fault` for no names."""
    rows: dict[str, list[int]] = {}
    for number, twin in enumerate(columns[key]):
        if not isinstance(twin, str):
            raise Fault(Reason.BAD_ID, f"expected the name of a twin, got {shown(twin)}", path=f"$.{key}[{number}]")
        rows.setdefault(twin, []).append(number)
    return {twin: _picked(columns, places, key) for twin, places in rows.items()}


def _picked(columns: Mapping[str, list[Any]], places: Sequence[int], key: str) -> dict[str, list[Any]]:
    picked = {name: [cells[i] for i in places] for name, cells in columns.items() if name != key}
    return {name: cells for name, cells in picked.items() if any(cell is not None for cell in cells)}


def _whose(told: object, key: str) -> list[dict[Any, Any]]:
    if not is_object(told) or key not in told:
        raise Fault(Reason.BAD_ID, f"expected an object that names its twin in {key!r}, got {shown(told)}")
    if not is_list(told[key]):
        return [{"id": told[key], **{name: value for name, value in told.items() if name != key}}]
    columns = {name: cells for name, cells in told.items() if is_list(cells)}
    if len(columns) < len(told) or len({len(cells) for cells in columns.values()}) > 1:
        raise Fault(Reason.MALFORMED, f"expected columns of one length beside {key!r}, got others")
    return [{"id": twin, **own} for twin, own in by_row(columns, key).items()]


def _last(device: str) -> str:
    return device[max(device.rfind("/"), device.rfind(":")) + 1 :]
