"""Which format a payload has, and what it says: found out by trying the readers of `check`, the surest signs first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, final

from pollux.check.faults import Fault
from pollux.check.packed import MAGIC
from pollux.check.payload import Reading, read_payload, read_records
from pollux.check.senml import Record
from pollux.check.shapes import is_list, is_object
from pollux.columns.encodings import SUFFIXES
from pollux.columns.frames import Encoding
from pollux.site.survey.heard import Said
from pollux.site.survey.sparkplug import metrics

SPARKPLUG: Final = "spBv1.0/"
_SIGNS: Final = (
    (b"\x1f\x8b", "compressed with gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89PNG", "a PNG image"),
    (b"\xd0\x83\x43", "sealed (COSE)"),
    (b"\xd0\x84\x43", "sealed (COSE)"),
)
_CONTROLS: Final = frozenset(range(32)) - {9, 10, 13}


@final
@dataclass(frozen=True, slots=True)
class Read:
    """What a payload is: an encoding and its document, or GUESS and `why` it could not be read.

    `records` are those of a SenML pack. `told` says whether topic or content type name the encoding; `columns` is how
    many cells CSV lines have that come without a header.
    """

    encoding: Encoding
    document: Any = None
    why: str = ""
    records: tuple[Record, ...] = ()
    told: bool = False
    columns: int = 0

    @property
    def name(self) -> str:
        """How the format is called.

        >>> read_said("a/b", Said(b'{"temp": 1}', 0)).name
        'JSON'
        """
        return _NAMES.get(self.encoding, "unreadable")


def read_said(topic: str, said: Said) -> Read:
    """What one payload says. Never raises: what cannot be read has a reason.

    >>> read_said("a/b", Said(b"21.5", 0)).document, read_said("a/b", Said(b"", 0)).why
    (21.5, 'empty')
    """
    payload = said.payload
    if not payload:
        return Read(Encoding.GUESS, why="empty")
    suffix = SUFFIXES.get(topic.rpartition("/")[2], Encoding.GUESS)
    named = said.encoding if said.encoding is not Encoding.GUESS else suffix
    if named is not Encoding.GUESS:
        return _named(payload, named, said.arrival)
    for name, sign in ((sign, found) for sign, found in _SIGNS if payload.startswith(sign)):
        return Read(Encoding.GUESS, why=f"{sign}, begins with {name.hex()}")
    for encoding in _likely(topic, payload):
        found = _bare(payload) if encoding is Encoding.TEXT else None
        found = found or _tried(payload, encoding, said.arrival)
        if found is not None:
            return found
    return Read(Encoding.GUESS, why=f"no format that Pollux reads; begins with {payload[:8].hex()}")


def _named(payload: bytes, encoding: Encoding, arrival: int) -> Read:
    try:
        return _read(payload, encoding, arrival, told=True)
    except Fault as fault:
        return Read(Encoding.GUESS, why=f"named {encoding.name}: {fault.detail[:120]}")


def _likely(topic: str, payload: bytes) -> list[Encoding]:
    if topic.startswith(SPARKPLUG) and not payload.startswith(b"{"):
        return [Encoding.SPARKPLUG]
    if payload.startswith(MAGIC):
        return [Encoding.BINARY]
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return [Encoding.SENML_CBOR, Encoding.CBOR, Encoding.MSGPACK]
    if not _CONTROLS.isdisjoint(map(ord, text)):
        return [Encoding.SENML_CBOR, Encoding.CBOR, Encoding.MSGPACK]
    if text.lstrip().startswith("<"):
        return [Encoding.XML]
    # One NaN is no JSON, and is what a device writes that cannot measure.
    return [Encoding.SENML_JSON, Encoding.JSON, Encoding.NDJSON, Encoding.CSV, Encoding.TEXT]


def _tried(payload: bytes, encoding: Encoding, arrival: int) -> Read | None:
    try:
        read = _read(payload, encoding, arrival)
    except Fault:
        return None
    return read if _SURE.get(encoding, _anything)(read) else None


def _bare(payload: bytes) -> Read | None:
    """Lines of numbers without a header."""
    cells = payload.split(b"\n", 1)[0].count(b",") + 1
    if cells < 2:
        return None
    names = [f"c{number}" for number in range(1, cells + 1)]
    try:
        columns = read_payload(payload, Encoding.CSV, Reading(columns=names))
    except Fault:
        return None
    numbers = all(isinstance(cell, int | float) for column in columns.values() for cell in column)
    return Read(Encoding.CSV, columns, columns=cells) if numbers else None


def _read(payload: bytes, encoding: Encoding, arrival: int, *, told: bool = False) -> Read:
    reading = Reading(arrival)
    if encoding in (Encoding.SENML_JSON, Encoding.SENML_CBOR):
        records = tuple(read_records(payload, encoding, reading))
        return Read(encoding, None, "", records, told)
    records = metrics(payload) if encoding is Encoding.SPARKPLUG else ()
    return Read(encoding, read_payload(payload, encoding, reading), "", records, told)


def _anything(read: Read) -> bool:
    return True


def _objects(read: Read) -> bool:
    """Whether the document is one of objects: a byte that happens to be a number is no sign of a format."""
    found = read.document
    several: list[Any] = list(found) if is_list(found) else [found]
    return bool(several) and all(is_object(one) and bool(one) for one in several)


def _table(read: Read) -> bool:
    """Whether lines look like CSV: two columns or more, at least a line of them, and numbers in it."""
    columns: dict[str, list[Any]] = read.document
    numbers = any(isinstance(cell, int | float) for column in columns.values() for cell in column)
    return len(columns) > 1 and numbers


_SURE: Final[dict[Encoding, Callable[[Read], bool]]] = {
    Encoding.SENML_JSON: lambda read: bool(read.records),
    Encoding.SENML_CBOR: lambda read: bool(read.records),
    Encoding.CBOR: _objects,
    Encoding.MSGPACK: _objects,
    Encoding.NDJSON: lambda read: len(read.document) > 1 and _objects(read),
    Encoding.SPARKPLUG: lambda read: bool(read.document),
    Encoding.CSV: _table,
}

_NAMES: Final = {
    Encoding.JSON: "JSON",
    Encoding.CBOR: "CBOR",
    Encoding.MSGPACK: "MessagePack",
    Encoding.BINARY: "packed block",
    Encoding.TEXT: "text",
    Encoding.NDJSON: "lines of JSON",
    Encoding.SENML_JSON: "SenML (JSON)",
    Encoding.SENML_CBOR: "SenML (CBOR)",
    Encoding.CSV: "CSV",
    Encoding.XML: "XML",
    Encoding.SPARKPLUG: "Sparkplug B",
    Encoding.ARROW: "Arrow",
}
