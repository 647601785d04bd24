"""The mapping functions of drafts: formats that topics do not name, twins and signals in several levels, own times."""

from collections.abc import Mapping, Sequence
from typing import Any

from pollux.check.faults import Fault
from pollux.check.mapping import Reader
from pollux.check.naming import named
from pollux.check.payload import Reading, read_payload
from pollux.check.shapes import is_list, is_object
from pollux.columns.encodings import SUFFIXES
from pollux.columns.frames import Encoding
from pollux.site.survey.places import plain_id


def reader(
    encoding: str = "json",
    *,
    ids: Sequence[int] = (),
    id: str = "",
    signals: Sequence[int] = (),
    owner: str = "",
    rename: Mapping[str, str] | None = None,
    columns: Sequence[str] = (),
) -> Reader:
    """A function for `px.mqtt(read=)`, as drafts of `pollux survey` use it.

    `encoding` is how payloads are written, as topics name it: `json`, `cbor`, `msgpack`, `csv`. The twin stands in the
    levels `ids` of the topic (counted from 0; several are joined by hyphens), or is `id`, or stands under the key
    `owner` of payloads. `signals` are the levels that name the signal of a payload of one value. `rename` gives keys of
    payloads other names, `t` for their time; `columns` are those of CSV lines without a header.

    >>> read = reader(ids=(1,), rename={"ts": "t"})
    >>> read("plant/P-7/data", b'{"ts": 1795430536, "temp": 21.5}')
    [{'t': 1795430536, 'temp': 21.5, 'id': 'P-7'}]
    """
    how = SUFFIXES[encoding]
    about, names = Reading(columns=columns), dict(rename or {})

    def read(topic: str, payload: bytes) -> list[dict[str, Any]]:
        levels = topic.split("/")
        if owner:
            told = named(payload, how, about, owner)
            return [_renamed(one, names) for one in told]
        twin: dict[str, Any] = {"id": id or plain_id("-".join(levels[place] for place in ids))} if ids or id else {}
        signal = "_".join(levels[place] for place in signals)
        signal = names.get(signal, signal)
        return [_said(one, signal, names) | twin for one in _several(_document(payload, how, about, signal))]

    return read


def _document(payload: bytes, how: Encoding, about: Reading, signal: str) -> Any:
    try:
        return read_payload(payload, how, about)
    except Fault:
        if not signal:
            raise
        return read_payload(payload, Encoding.TEXT)


def _several(document: Any) -> Sequence[Any]:
    return document if is_list(document) else [document]


def _said(one: Any, signal: str, names: Mapping[str, str]) -> dict[str, Any]:
    if not is_object(one):
        return {signal or "value": one}
    if not signal:
        return _renamed(one, names)
    quantity = {name: one[name] for name in ("value", "unit", "quality") if name in one}
    rest = {name: value for name, value in one.items() if name not in quantity}
    return {signal: quantity if len(quantity) > 1 else one.get("value"), **rest}


def _renamed(one: Mapping[Any, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {str(names.get(name, name)): value for name, value in one.items()}
