"""CSV lines (RFC 4180): a header of wire names and one sample of each per line, or lines of columns that are declared.

Cells are separated by commas, quoted by `"`, and in UTF-8; lines end in LF or CRLF. An empty cell is no sample. `t`,
`seq` and `boot` may be columns as in any payload; without a `seq` column all lines together are one message.
"""

import csv
import io
from collections.abc import Collection, Sequence
from typing import Any

from pollux.check.cells import cell
from pollux.check.faults import Fault, shown
from pollux.columns.quality import Reason

MOST_COLUMNS = 4_096


def read_lines(payload: bytes, columns: Sequence[str] = (), texts: Collection[str] = ()) -> dict[str, list[Any]]:
    """The columns of a CSV payload, by wire name; with `columns` declared there is no header line.

    Columns named in `texts` stay as they are written.

    >>> read_lines(b"t,temp,speed\\n1795430536,21.5,\\n1795430537,22,900\\n")
    {'t': [1795430536, 1795430537], 'temp': [21.5, 22], 'speed': [None, 900]}
    >>> read_lines(b"1795430536,21.5\\n", ("t", "temp"))
    {'t': [1795430536], 'temp': [21.5]}
    """
    rows = _rows(payload)
    names = [name.strip() for name in columns] if columns else [name.strip() for name in rows.pop(0)] if rows else []
    _check(names)
    for number, row in enumerate(rows, 1 if columns else 2):
        if len(row) != len(names):
            raise Fault(Reason.MALFORMED, f"expected {len(names)} cells, got {len(row)}", path=f"line {number}")
    return {
        name: [(row[place] or None) if name in texts else cell(row[place]) for row in rows]
        for place, name in enumerate(names)
    }


def _rows(payload: bytes) -> list[list[str]]:
    text = payload.decode("utf-8-sig")
    if "\0" in text:
        raise ValueError("expected text, got a zero byte")
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as wrong:
        raise ValueError(str(wrong)) from None


def _check(names: Sequence[str]) -> None:
    if not names or len(names) > MOST_COLUMNS:
        raise Fault(Reason.MALFORMED, f"expected 1 to {MOST_COLUMNS} columns, got {len(names)}", path="line 1")
    if not all(isinstance(cell(name), str) for name in names):
        raise Fault(
            Reason.MALFORMED,
            f"expected a header line of signal names, got {shown(','.join(names))}; or columns= of the mapping",
            path="line 1",
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Fault(Reason.MALFORMED, f"expected each column once, got {shown(twice)} twice", path="line 1")
