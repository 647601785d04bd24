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
    return msgspec.msgpack.decode(payload)


def _cbor(payload: bytes) -> Any:
    # CBOR is the rarer guest; who does not use it does not load it.
    import cbor2

    try:
        return cbor2.loads(payload)
    except cbor2.CBORDecodeError as wrong:
        raise ValueError(str(wrong)) from None


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
