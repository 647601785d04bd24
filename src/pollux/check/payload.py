"""Payloads: bytes to documents, by encoding. Whatever the bytes are, a document or a `Fault` comes out."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from pollux.check.faults import Fault
from pollux.check.packed import MAGIC, unpack_block
from pollux.columns.frames import Encoding
from pollux.columns.quality import Reason

_LITERALS: Final = (b"NaN", b"Infinity")
_FLAGS: Final = {"true": True, "false": False}
_DEEPEST: Final = 16

# Tags that compute (4, 5, 30: 2**(10**9)), compile (35), parse (36), refer (25, 28, 29, 256) or build other types.
_TAGS: Final = (4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000)


def read_payload(payload: bytes, encoding: int) -> Any:
    """The document in a payload: a number, a text, an object, a list; raises `Fault` when there is none.

    GUESS is JSON, or a packed block by its first bytes. JSON may hold NaN and Infinity, as many devices write them.

    >>> read_payload(b'{"temp": 21.5}', Encoding.JSON)
    {'temp': 21.5}
    """
    if encoding == Encoding.GUESS:
        encoding = Encoding.BINARY if payload.startswith(MAGIC) else Encoding.JSON
    reader = _READERS.get(encoding)
    if reader is None:
        raise Fault(Reason.MALFORMED, f"expected a known encoding, got {encoding}")
    try:
        return reader(payload)
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


def _msgpack(payload: bytes) -> Any:
    return _MSGPACK.decode(payload)


def _cbor(payload: bytes) -> Any:
    # CBOR is the rarer guest; who does not use it does not load it.
    import cbor2

    try:
        return cbor2.loads(
            payload, max_depth=_DEEPEST, strict_hashable_types=True, semantic_decoders=dict.fromkeys(_TAGS, _refuse)
        )
    except cbor2.CBORError as wrong:
        raise ValueError(str(wrong)) from None


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


_READERS: Final[Mapping[int, Callable[[bytes], Any]]] = {
    Encoding.JSON: _json,
    Encoding.CBOR: _cbor,
    Encoding.MSGPACK: _msgpack,
    Encoding.BINARY: unpack_block,
    Encoding.TEXT: _text,
}

_MSGPACK: Final = msgspec.msgpack.Decoder(_plain(_DEEPEST))
