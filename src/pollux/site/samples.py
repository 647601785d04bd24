"""Sample messages for trying mappings: JSON lines, or what `mosquitto_sub` has written."""

import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, final

import msgspec

from pollux.check.shapes import is_object
from pollux.clock import ClockError, instant
from pollux.columns.encodings import SUFFIXES, encoding_of
from pollux.columns.frames import Encoding

LONGEST: Final = 8 << 20
"""Bytes of one line."""


@final
@dataclass(frozen=True, slots=True)
class Sample:
    """One message: the line it stands on, topic, payload, encoding, and its arrival where the line says it."""

    line: int
    topic: str
    payload: bytes
    encoding: Encoding = Encoding.GUESS
    arrival: int | None = None


@final
@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that is no message, and why."""

    line: int
    detail: str


class _Line(msgspec.Struct):
    """A JSON line: ours, or of `mosquitto_sub -F %j` (payload as text) and `-F %J` (payload as JSON)."""

    topic: str
    payload: msgspec.Raw = msgspec.Raw(b"")
    payload_base64: str | None = None
    content_type: str | None = None
    arrival: str | None = None
    tst: str | None = None
    properties: object = None


_JSON: Final = msgspec.json.Decoder(_Line)
_TEXT: Final = msgspec.json.Decoder(str)


def read_samples(lines: Iterable[bytes]) -> Iterator[Sample | Unreadable]:
    """The messages of a file, line by line; blank lines say nothing.

    >>> [one.topic for one in read_samples([b'{"topic": "a/b", "payload": {"temp": 1}}', b"a/c 21.5"])]
    ['a/b', 'a/c']
    """
    for number, line in enumerate(lines, 1):
        text = line.strip(b"\r\n")
        if len(text) > LONGEST:
            yield Unreadable(number, f"expected a line of at most {LONGEST} bytes, got {len(text)}")
        elif text.startswith(b"{"):
            yield _json(number, text)
        elif text.strip():
            yield _verbose(number, text)


def _verbose(number: int, text: bytes) -> Sample | Unreadable:
    """A line of `mosquitto_sub -v`: the topic, a space, the payload."""
    topic, _, payload = text.partition(b" ")
    try:
        return Sample(number, topic.decode(), payload)
    except UnicodeDecodeError:
        return Unreadable(number, "expected a topic in UTF-8")


def _json(number: int, text: bytes) -> Sample | Unreadable:
    try:
        told = _JSON.decode(text)
        payload = _payload(told)
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error, RecursionError) as wrong:
        return Unreadable(number, f'expected {{"topic", "payload"}}: {wrong}')
    media = told.content_type or _property(told.properties)
    encoding = SUFFIXES.get(media, encoding_of(media)) if media else Encoding.GUESS
    return Sample(number, told.topic, payload, encoding, _time(told.arrival or told.tst))


def _payload(told: _Line) -> bytes:
    """A payload that is a text is that text; any other JSON is the payload itself."""
    if told.payload_base64 is not None:
        return base64.b64decode(told.payload_base64, validate=True)
    raw = bytes(told.payload)
    return _TEXT.decode(raw).encode() if raw.startswith(b'"') else raw


def _property(properties: object) -> str | None:
    found = properties.get("content-type") if is_object(properties) else None
    return found if isinstance(found, str) else None


def _time(told: str | None) -> int | None:
    """mosquitto writes Z and the zone; either is enough."""
    if told is None:
        return None
    try:
        return instant(told.replace("Z+0000", "Z").replace("+0000", "Z"))
    except ClockError:
        return None
