"""Payloads: bytes to documents, by encoding. Whatever the bytes are, a document or a `Fault` comes out."""

import io
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, final

import msgspec

from pollux.check.arrow import read_arrow
from pollux.check.faults import Fault
from pollux.check.lines import read_lines
from pollux.check.packed import MAGIC, unpack_block
from pollux.check.senml import Record, of_one_device, read_senml
from pollux.check.senml_cbor import read_pack
from pollux.check.sparkplug import documents, read_sparkplug
from pollux.check.xml import read_xml
from pollux.columns.field import unpack_field
from pollux.columns.frames import Encoding
from pollux.columns.quality import Reason

_T = TypeVar("_T")

_LITERALS: Final = (b"NaN", b"Infinity")
_FLAGS: Final = {"true": True, "false": False}
_DEEPEST: Final = 16

# Tags that compute (4, 5, 30: 2**(10**9)), compile (35), parse (36), refer (25, 28, 29, 256) or build other types.
_TAGS: Final = (4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000)


@final
@dataclass(frozen=True, slots=True)
class Reading:
    """What a payload does not say itself: when it arrived (nanoseconds UTC), from which SenML counts relative times;
    the columns of CSV lines without a header; the wire names whose values are texts, also where they look like numbers.
    """

    arrival: int = 0
    columns: Sequence[str] = ()
    texts: Collection[str] = ()


def read_payload(payload: bytes, encoding: int, reading: Reading | None = None) -> Any:
    """The document in a payload: a number, a text, an object, a list, columns; raises `Fault` when there is none.

    GUESS is JSON, or a packed block by its first bytes. JSON may hold NaN and Infinity, as many devices write them.

    >>> read_payload(b'{"temp": 21.5}', Encoding.JSON)
    {'temp': 21.5}
    """
    if encoding == Encoding.GUESS:
        encoding = Encoding.BINARY if payload.startswith(MAGIC) else Encoding.JSON
    reader = _READERS.get(encoding)
    if reader is None:
        raise Fault(Reason.MALFORMED, f"expected a known encoding, got {encoding}")
    return _read(reader, payload, encoding, reading or Reading())


def read_columns(payload: bytes, encoding: int, reading: Reading) -> dict[str, list[Any]]:
    """The columns of CSV lines or of an Arrow stream, by name; raises `Fault` when there are none."""
    return _read(_COLUMNS[encoding], payload, encoding, reading)


def read_records(payload: bytes, encoding: int, reading: Reading) -> list[Record]:
    """The resolved records of a SenML pack; raises `Fault` when it is none."""
    return _read(RECORDS[encoding], payload, encoding, reading)


def _read(reader: Callable[[bytes, Reading], _T], payload: bytes, encoding: int, reading: Reading) -> _T:
    try:
        return reader(payload, reading)
    except (msgspec.DecodeError, ValueError, RecursionError, OverflowError) as wrong:
        name = Encoding(encoding).name
        raise Fault(Reason.MALFORMED, f"expected {name}, got bytes that are not: {str(wrong)[:120]}") from None


def _json(payload: bytes) -> Any:
    try:
        return msgspec.json.decode(payload)
    except msgspec.DecodeError:
        if any(word in payload for word in _LITERALS):
            return json.loads(payload)
        raise


def _lines(payload: bytes) -> list[Any]:
    return [_json(line) for line in payload.split(b"\n") if line.strip()]


def _msgpack(payload: bytes) -> Any:
    return _MSGPACK.decode(payload)


def _cbor(payload: bytes) -> Any:
    # CBOR is the rarer guest; who does not use it does not load it.
    import cbor2

    try:
        source = io.BytesIO(payload)
        refused: dict[int, Any] = dict.fromkeys(_TAGS, _refuse)
        decoder = cbor2.CBORDecoder(source, max_depth=_DEEPEST, strict_hashable_types=True, semantic_decoders=refused)
        document = decoder.decode()
    except cbor2.CBORError as wrong:
        raise ValueError(str(wrong)) from None
    if source.tell() < len(payload):
        raise ValueError(f"{len(payload) - source.tell()} bytes after its end")
    return document


def _refuse(decoder: object, immutable: bool) -> Any:
    raise ValueError("expected plain data, got a tag that is work for whoever reads it")


def _plain(depth: int) -> Any:
    """The type of plain data nested this deep; names are texts only, since numbers can be chosen to collide."""
    plain: Any = None | bool | int | float | str
    for _ in range(depth):
        plain = None | bool | int | float | str | list[plain] | dict[str, plain]
    return plain


def _text(payload: bytes) -> Any:
    text = payload.decode()
    if text in _FLAGS:
        return _FLAGS[text]
    try:
        return float(text)
    except ValueError:
        return text


_COLUMNS: Final[Mapping[int, Callable[[bytes, Reading], dict[str, list[Any]]]]] = {
    Encoding.CSV: lambda payload, reading: read_lines(payload, reading.columns, reading.texts),
    Encoding.ARROW: lambda payload, _: read_arrow(payload),
}
RECORDS: Final[Mapping[int, Callable[[bytes, Reading], list[Record]]]] = {
    Encoding.SENML_JSON: lambda payload, reading: read_senml(_json(payload), reading.arrival),
    Encoding.SENML_CBOR: lambda payload, reading: read_senml(read_pack(payload), reading.arrival),
}
_READERS: Final[Mapping[int, Callable[[bytes, Reading], Any]]] = {
    **_COLUMNS,
    Encoding.JSON: lambda payload, _: _json(payload),
    Encoding.CBOR: lambda payload, _: _cbor(payload),
    Encoding.MSGPACK: lambda payload, _: _msgpack(payload),
    Encoding.BINARY: lambda payload, _: unpack_block(payload),
    Encoding.TEXT: lambda payload, _: _text(payload),
    Encoding.NDJSON: lambda payload, _: _lines(payload),
    Encoding.XML: lambda payload, reading: read_xml(payload, reading.texts),
    Encoding.SPARKPLUG: lambda payload, _: documents(read_sparkplug(payload)),
    Encoding.FIELD: lambda payload, _: unpack_field(payload),
    Encoding.SENML_JSON: lambda payload, reading: of_one_device(RECORDS[Encoding.SENML_JSON](payload, reading)),
    Encoding.SENML_CBOR: lambda payload, reading: of_one_device(RECORDS[Encoding.SENML_CBOR](payload, reading)),
}

_MSGPACK: Final = msgspec.msgpack.Decoder(_plain(_DEEPEST // 2))  # each level doubles the work of making it
