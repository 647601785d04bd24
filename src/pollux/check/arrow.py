"""Arrow IPC streams as columns: `t`, `seq`, `boot` and the wire names of signals, as a device would say them in JSON.

Read here, and not by the Arrow library, because the log keeps what was heard: a replay must read it wherever Pollux
runs, and hostile bytes must stay inside their bounds. Columns are whole numbers, floats of 32 and 64 bits, flags,
texts, time stamps and dictionaries of these; nested, decimal and compressed ones are refused by their name.

Source: Apache Arrow, "Arrow Columnar Format", sections "Serialization and Interprocess Communication" and
"Physical Memory Layout".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, final

import numpy as np

from pollux.check.faults import Fault, shown
from pollux.check.flatbuffers import FlatTable, number
from pollux.check.times import Nanoseconds
from pollux.columns.arrays import Mask
from pollux.columns.quality import Reason

MOST_CELLS: Final = 2_000_000
MOST_COLUMNS: Final = 4_096

_CONTINUES: Final = 0xFFFF_FFFF
_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3
_NULL, _INT, _FLOAT, _TEXT, _FLAG, _TIME, _LARGE_TEXT = 1, 2, 3, 5, 6, 10, 20
_UNITS: Final = (1_000_000_000, 1_000_000, 1_000, 1)
_FLOATS: Final = {1: "<f4", 2: "<f8"}


@final
@dataclass(frozen=True, slots=True)
class _Field:
    """One column: its name, its type, the numbers it lies in, the scale of a time, the dictionary it counts into."""

    name: str
    type: int
    dtype: str = ""
    scale: int = 0
    dictionary: int | None = None
    index: str = ""


@final
@dataclass(slots=True)
class _Batch:
    """A record batch that is being read: nodes and buffers in the order of the columns."""

    body: bytes
    rows: int
    nodes: Iterator[tuple[int, int]]
    buffers: Iterator[tuple[int, int]]

    def node(self) -> tuple[int, int]:
        """Length and count of nulls of the next column."""
        return _next(self.nodes, "node")

    def buffer(self) -> bytes:
        """The next buffer."""
        offset, size = _next(self.buffers, "buffer")
        if offset < 0 or size < 0 or offset + size > len(self.body):
            raise ValueError(f"expected a buffer inside a body of {len(self.body)} bytes, got {offset} and {size}")
        return self.body[offset : offset + size]


def read_arrow(payload: bytes) -> dict[str, list[Any]]:
    """The columns of an IPC stream, None where a cell is null; raises `Fault` and `ValueError` for what is none."""
    fields: list[_Field] = []
    columns: dict[str, list[Any]] = {}
    dictionaries: dict[int, list[Any]] = {}
    cells = 0
    for message, body in _messages(payload):
        kind, header = message.scalar(1, "B"), message.table(2)
        if header is None:
            raise ValueError("expected a header in an Arrow message, got none")
        if kind == _SCHEMA:
            fields = _fields(header)
            columns = {field.name: [] for field in fields}
            continue
        if not fields:
            raise ValueError("expected the schema first, got other messages")
        batch_table = header if kind == _BATCH else header.table(1) if kind == _DICTIONARY else None
        if batch_table is None:
            raise ValueError(f"expected a schema, a dictionary or a batch, got a message of kind {kind}")
        batch = _batch(batch_table, body)
        cells += batch.rows * (len(fields) if kind == _BATCH else 1)
        if cells > MOST_CELLS:
            raise Fault(Reason.TOO_MANY, f"expected at most {MOST_CELLS} cells, got more")
        if kind == _DICTIONARY:
            _learn(header, batch, fields, dictionaries)
        else:
            for field in fields:
                columns[field.name] += _column(field, batch, dictionaries)
    return columns


def _messages(payload: bytes) -> Iterator[tuple[FlatTable, bytes]]:
    """Metadata and body of each message, until the end or the mark of it."""
    at = 0
    while at < len(payload):
        if number(payload, "I", at) != _CONTINUES:
            raise ValueError("expected an Arrow IPC stream (not a file, not one of before version 0.15)")
        size = number(payload, "i", at + 4)
        if size == 0:
            return
        at += 8
        if not 0 < size <= len(payload) - at:
            raise ValueError(f"expected metadata of {size} bytes, got {len(payload) - at}")
        message = FlatTable.root(payload[at : at + size])
        at += size
        length = message.scalar(3, "q")
        if not 0 <= length <= len(payload) - at:
            raise ValueError(f"expected a body of {length} bytes, got {len(payload) - at}")
        yield message, payload[at : at + length]
        at += length


def _fields(schema: FlatTable) -> list[_Field]:
    if schema.scalar(0, "h"):
        raise ValueError("expected little-endian numbers, got big-endian ones")
    found = [_field(told) for told in schema.tables(1)]
    names = [field.name for field in found]
    if not 0 < len(names) <= MOST_COLUMNS or len(set(names)) < len(names):
        raise Fault(Reason.MALFORMED, f"expected 1 to {MOST_COLUMNS} columns, each name once, got {len(names)}")
    return found


def _field(told: FlatTable) -> _Field:
    name, type_, about, dictionary = told.text(0), told.scalar(2, "B"), told.table(3), told.table(4)
    dtype, scale = "", 0
    if type_ == _INT and about is not None:
        dtype = _whole(about, name)
    elif type_ == _FLOAT and about is not None:
        dtype = _FLOATS.get(about.scalar(0, "h"), "")
    elif type_ == _TIME and about is not None:
        unit = about.scalar(0, "h")
        dtype, scale = "<i8", _UNITS[unit] if 0 <= unit < len(_UNITS) else 0
    if type_ not in (_NULL, _TEXT, _LARGE_TEXT, _FLAG) and not (dtype and (scale or type_ != _TIME)):
        raise Fault(Reason.WRONG_TYPE, "expected numbers, flags, texts or time stamps", path=f"$.{name[:60]}")
    if dictionary is None:
        return _Field(name, type_, dtype, scale)
    index = dictionary.table(1)
    counted = "<i4" if index is None else _whole(index, name)
    return _Field(name, type_, dtype, scale, dictionary.scalar(0, "q"), counted)


def _whole(about: FlatTable, name: str) -> str:
    bits, signed = about.scalar(0, "i"), about.scalar(1, "B")
    if bits not in (8, 16, 32, 64):
        raise Fault(Reason.WRONG_TYPE, f"expected 8, 16, 32 or 64 bits, got {bits}", path=f"$.{name[:60]}")
    return f"<{'i' if signed else 'u'}{bits // 8}"


def _batch(told: FlatTable, body: bytes) -> _Batch:
    if told.table(3) is not None:
        raise Fault(Reason.MALFORMED, "expected buffers that are not compressed, got compressed ones")
    rows = told.scalar(0, "q")
    if not 0 <= rows <= MOST_CELLS:
        raise Fault(Reason.TOO_MANY, f"expected at most {MOST_CELLS} rows, got {rows}")
    return _Batch(body, rows, iter(told.pairs(1)), iter(told.pairs(2)))


def _learn(header: FlatTable, batch: _Batch, fields: list[_Field], dictionaries: dict[int, list[Any]]) -> None:
    """Take a dictionary in, or what is added to one."""
    number_ = header.scalar(0, "q")
    field = next((one for one in fields if one.dictionary == number_), None)
    if field is None:
        raise ValueError(f"expected a dictionary of a column, got number {number_}")
    values = _plain(_Field(field.name, field.type, field.dtype, field.scale), batch)
    dictionaries[number_] = dictionaries.get(number_, []) + values if header.scalar(2, "B") else values


def _column(field: _Field, batch: _Batch, dictionaries: dict[int, list[Any]]) -> list[Any]:
    if field.dictionary is None:
        return _plain(field, batch)
    meant = dictionaries.get(field.dictionary, [])
    places: list[Any] = _plain(_Field(field.name, _INT, field.index), batch)
    if any(place is not None and not 0 <= place < len(meant) for place in places):
        raise ValueError(f"expected a place in a dictionary of {len(meant)}, got one outside of {shown(field.name)}")
    return [None if place is None else meant[place] for place in places]


def _plain(field: _Field, batch: _Batch) -> list[Any]:
    """The cells of a column that lies in the batch itself."""
    rows, nulls = batch.node()
    if rows != batch.rows:
        raise ValueError(f"expected {batch.rows} rows in {shown(field.name)}, got {rows}")
    if field.type == _NULL:
        return [None] * rows
    valid = batch.buffer()
    cells = _cells(field, batch, rows)
    if nulls == 0 or not rows:
        return cells
    there: list[bool] = _bits(valid, rows).tolist()
    return [value if known else None for value, known in zip(cells, there, strict=True)]


def _cells(field: _Field, batch: _Batch, rows: int) -> list[Any]:
    if field.type == _FLAG:
        return list[Any](_bits(batch.buffer(), rows).tolist())
    if field.type in (_TEXT, _LARGE_TEXT):
        return _texts(batch, rows, "<i8" if field.type == _LARGE_TEXT else "<i4")
    values: list[Any] = _numbers(batch.buffer(), field.dtype, rows).tolist()
    return [Nanoseconds(value * field.scale) for value in values] if field.scale else values


def _texts(batch: _Batch, rows: int, dtype: str) -> list[Any]:
    offsets, data = batch.buffer(), batch.buffer()
    if not rows:
        return []
    ends: list[int] = _numbers(offsets, dtype, rows + 1).tolist()
    if ends[0] < 0 or ends[-1] > len(data) or any(a > b for a, b in pairwise(ends)):
        raise ValueError(f"expected texts inside {len(data)} bytes, got offsets outside")
    return [data[start:end].decode() for start, end in pairwise(ends)]


def _numbers(buffer: bytes, dtype: str, count: int) -> "np.ndarray[Any, Any]":
    if len(buffer) < count * np.dtype(dtype).itemsize:
        raise ValueError(f"expected {count} numbers, got {len(buffer)} bytes")
    return np.frombuffer(buffer, dtype, count)


def _bits(buffer: bytes, count: int) -> Mask:
    if 8 * len(buffer) < count:
        raise ValueError(f"expected {count} flags, got {len(buffer)} bytes")
    return np.unpackbits(np.frombuffer(buffer, np.uint8), count=count, bitorder="little").astype(np.bool_)


def _next(pairs: Iterator[tuple[int, int]], what: str) -> tuple[int, int]:
    found = next(pairs, None)
    if found is None:
        raise ValueError(f"expected one more {what}, got none")
    return found
