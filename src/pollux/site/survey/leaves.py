"""Documents to leaves: each value with the path to it, and the unit that stands beside it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, final

from pollux.check.packed import PackedBlock
from pollux.check.shapes import is_list, is_object
from pollux.site.survey.formats import Read

Kind = Literal["number", "flag", "text", "null", "position", "list"]
WHOLE: Final = ""
"""The path of a payload that is one value."""

DEEPEST: Final = 8
MOST: Final = 2_000
_QUANTITY: Final = frozenset(("value", "unit", "quality"))
_UNITS: Final = ("unit", "units", "uom", "unit_of_measurement")
_PLACES: Final = (frozenset(("lat", "lon")), frozenset(("latitude", "longitude")), frozenset(("x", "y", "z")))
_HEIGHT: Final = frozenset(("height",))


@final
@dataclass(frozen=True, slots=True)
class Leaf:
    """One value: its path (levels joined by a dot), its kind, itself, and the unit that is told beside it.

    `quantity` says that it stood in an object of `value` and `unit`, which Pollux reads as one value.
    """

    path: str
    kind: Kind
    value: Any
    unit: str = ""
    quantity: bool = False


def leaves(read: Read) -> list[Leaf]:
    """The values in what a payload says, at most 2,000 of them.

    >>> from pollux.columns.frames import Encoding
    >>> read = Read(Encoding.JSON, {"a": {"value": 1, "unit": "K"}, "b": 2})
    >>> [(one.path, one.value, one.unit) for one in leaves(read)]
    [('a', 1, 'K'), ('b', 2, '')]
    """
    if read.records:
        return [Leaf(one.wire, kind_of(one.value), one.value, one.unit or "", True) for one in read.records[:MOST]]
    found: list[Leaf] = []
    for one in documents(read.document):
        for leaf in _within(one, WHOLE, 0):
            if len(found) == MOST:
                return found
            found.append(leaf)
    return found


def documents(document: Any) -> Sequence[Any]:
    """The documents of a payload: those of a list of objects, the rows of columns, else itself."""
    if isinstance(document, PackedBlock):
        return [dict(zip(document.signals, column, strict=True)) for column in document.values.T[:MOST].tolist()]
    if is_list(document) and document and all(is_object(one) for one in document):
        return document
    if is_object(document) and _is_columns(document):
        length = max(len(column) for column in document.values() if is_list(column))
        return [_row(document, place) for place in range(min(length, MOST))]
    return [document]


def kind_of(value: object) -> Kind:
    """What kind of value it is; `list` is all that no signal holds: lists, bytes, times of CBOR.

    >>> kind_of(True), kind_of(2), kind_of("on"), kind_of([1, 2]), kind_of(b"x")
    ('flag', 'number', 'text', 'list', 'list')
    """
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float):
        return "number"
    return "null" if value is None else "text" if isinstance(value, str) else "list"


def _is_columns(told: Mapping[Any, Any]) -> bool:
    """Whether an object is columns: lists of one length; beside a column `t` also one `seq` and `boot` for all."""
    lists = [one for one in told.values() if is_list(one)]
    rest = {name: one for name, one in told.items() if not is_list(one)}
    if is_list(told.get("t")):
        rest = {name: one for name, one in rest.items() if not _beside(name, one)}
    return bool(lists) and not rest and len({len(one) for one in lists}) == 1 and not any(map(_nested, lists))


def _beside(name: object, told: object) -> bool:
    """Whether a value is the count or the life that a message of columns has once."""
    return (name == "seq" and type(told) is int and told >= 0) or (name == "boot" and isinstance(told, str))


def _nested(column: Sequence[Any]) -> bool:
    return any(is_list(one) or is_object(one) for one in column)


def _row(columns: Mapping[Any, Any], place: int) -> dict[Any, Any]:
    row = {name: column[place] if is_list(column) else column for name, column in columns.items()}
    return {name: cell for name, cell in row.items() if cell is not None}


def _within(told: Any, path: str, depth: int) -> Iterator[Leaf]:
    if not is_object(told):
        yield Leaf(path, kind_of(told), told)
        return
    if path and "value" in told and told.keys() <= _QUANTITY:
        yield Leaf(path, kind_of(told["value"]), told["value"], _text(told.get("unit")), "unit" in told)
        return
    if path and any(place <= told.keys() <= place | _HEIGHT for place in _PLACES):
        yield Leaf(path, "position", told)
        return
    if depth < DEEPEST:
        for name, value in told.items():
            inner = f"{path}.{name}" if path else str(name)
            for leaf in _within(value, inner, depth + 1):
                yield leaf if leaf.unit else _with_unit(leaf, str(name), told)


def _with_unit(leaf: Leaf, name: str, beside: Mapping[Any, Any]) -> Leaf:
    """A value whose unit stands beside it: `temp` and `temp_unit`, or `value` and `unit`."""
    if leaf.kind != "number" or name.rpartition("_")[2] in _UNITS:
        return leaf
    keys = [f"{name}_unit", f"{name}_units", f"{name}Unit", *(_UNITS if name in ("value", "val", "v") else ())]
    unit = next((_text(beside[key]) for key in keys if key in beside), "")
    return Leaf(leaf.path, leaf.kind, leaf.value, unit) if unit else leaf


def _text(told: object) -> str:
    return told[:32] if isinstance(told, str) else ""
