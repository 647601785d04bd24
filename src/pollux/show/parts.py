"""What a body of telemetry holds: messages, each of one twin, as bytes that travel on as they came.

Whatever can be split without being understood is: lines, members of a list. What must be understood to know whose it is
(CSV, Arrow, SenML of several twins) is taken apart by the house.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, final

import cbor2
import msgspec

from pollux.columns.encodings import MEDIA
from pollux.columns.frames import Encoding
from pollux.show.problems import Refused
from pollux.show.routes import JSON

MOST_MESSAGES: Final = 10_000
NDJSON: Final = "application/x-ndjson"

ENCODINGS: Final[Mapping[str, Encoding]] = {
    media: encoding for media, encoding in MEDIA.items() if encoding not in (Encoding.TEXT, Encoding.NDJSON)
}
"""What a body of one twin may be written in, besides lines of JSON."""

NAMING: Final = (Encoding.CSV, Encoding.ARROW, Encoding.SENML_JSON, Encoding.SENML_CBOR)
"""The encodings in which a payload itself names its twins."""

LISTED: Final = (Encoding.JSON, Encoding.CBOR, Encoding.MSGPACK)
"""Those in which a body of several twins is a list of `{"twin", "data"}`."""

Apart = Callable[[bytes, Encoding], Sequence[tuple[str, bytes]]]
"""Takes a payload of several twins apart into MessagePack of one twin each; raises DataRefused."""

_T = TypeVar("_T")
_JSON: Final = msgspec.json.Decoder(dict[str, msgspec.Raw] | list[msgspec.Raw])


@final
@dataclass(frozen=True, slots=True)
class Part:
    """One message: where it stands in the body, the twin's full name, the bytes, how they are written."""

    at: str
    twin: str
    data: bytes
    encoding: Encoding


@final
class LeftOut(msgspec.Struct, frozen=True):
    """One message that was not taken: where it stands, and why."""

    at: str
    detail: str


@final
class Accepted(msgspec.Struct, frozen=True, omit_defaults=True):
    """How many messages are durable; with `partial` also those that were not taken, by their place."""

    accepted: int
    refused: list[LeftOut] | None = None


@final
class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One message of a batch: `twin` is "Type/id", `data` what the twin's own route would take."""

    twin: str
    data: msgspec.Raw


@final
class SentValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same where the data cannot stay the bytes that came."""

    twin: str
    data: Any


_Decoder = msgspec.json.Decoder[_T] | msgspec.msgpack.Decoder[_T]
_ONE: Final[Mapping[Encoding, "_Decoder[Sent]"]] = {
    Encoding.JSON: msgspec.json.Decoder(Sent),
    Encoding.MSGPACK: msgspec.msgpack.Decoder(Sent),
}
_LISTS: Final[Mapping[Encoding, "_Decoder[list[msgspec.Raw]]"]] = {
    Encoding.JSON: msgspec.json.Decoder(list[msgspec.Raw]),
    Encoding.MSGPACK: msgspec.msgpack.Decoder(list[msgspec.Raw]),
}


def alone(twin: str, body: bytes, media: str) -> list[Part]:
    """The messages of one twin: the body, or each line of it. JSON must be an object or an array.

    >>> alone("Pump/P-7", b'{"temp": 300}\\n{"temp": 301}\\n', NDJSON)[1].data
    b'{"temp": 301}'
    """
    encoding = ENCODINGS.get(media, Encoding.JSON)
    pieces = _lines(body) if media == NDJSON else [("$", body)]
    if encoding is Encoding.JSON:
        for at, piece in pieces:
            _checked(_JSON, piece, at)
    return [Part(at, twin, piece, encoding) for at, piece in pieces]


def together(body: bytes, media: str, apart: Apart, left_out: list[LeftOut] | None = None) -> list[Part]:
    """The messages of a batch, each with its twin; the data stay the bytes that came.

    One that cannot be read refuses the whole, unless `left_out` is there to hold it. Raises Refused and DataRefused.
    """
    if media == NDJSON:
        lines = _lines(body)
        return list(_each(lines, lambda at, line: _sent(_ONE[Encoding.JSON], line, at, Encoding.JSON), left_out))
    encoding = ENCODINGS[media]
    if encoding in NAMING:
        found = apart(body, encoding)
        _count(found)
        return [Part("$", twin, data, Encoding.MSGPACK) for twin, data in found]
    if encoding not in LISTED:
        raise Refused(415, f"expected {JSON} or another type that names twins, got {media}", at="Content-Type",
                      hint="send it to /twins/{type}/{id}/telemetry")  # fmt: skip
    if encoding is Encoding.CBOR:
        return list(_each(_numbered(_cbor_list(body)), _sent_cbor, left_out))
    members: list[msgspec.Raw] = _checked(_LISTS[encoding], body, "$")
    raws = _numbered(members)
    return list(_each(raws, lambda at, raw: _sent(_ONE[encoding], raw, at, encoding), left_out))


def _each(
    pieces: Sequence[tuple[str, _T]], read: Callable[[str, _T], Part], left_out: list[LeftOut] | None
) -> Iterator[Part]:
    for at, piece in pieces:
        try:
            yield read(at, piece)
        except Refused as refused:
            if left_out is None:
                raise
            left_out.append(LeftOut(refused.at or at, refused.detail))


def _lines(body: bytes) -> list[tuple[str, bytes]]:
    lines = [(f"line {number}", line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    _count(lines)
    return lines


def _numbered(members: Sequence[_T]) -> list[tuple[str, _T]]:
    _count(members)
    return [(f"$[{place}]", member) for place, member in enumerate(members)]


def _sent(decoder: "_Decoder[Sent]", piece: bytes | msgspec.Raw, at: str, encoding: Encoding) -> Part:
    one = _checked(decoder, piece, at)
    return Part(at, one.twin, bytes(one.data), encoding)


def _sent_cbor(at: str, member: object) -> Part:
    try:
        one = msgspec.convert(member, SentValue)
        return Part(at, one.twin, cbor2.dumps(one.data), Encoding.CBOR)
    except msgspec.ValidationError as error:
        raise _invalid(error, at) from None
    except (cbor2.CBORError, ValueError, RecursionError, OverflowError, TypeError) as error:
        raise Refused(400, f"expected CBOR: {error}", at=at) from None


def _no_tag(decoder: object, immutable: bool) -> object:
    raise Refused(422, "expected plain CBOR, got a regular expression or a shared reference", at="$")


_TAGS: Final[Mapping[int, Callable[[object, bool], object]]] = {28: _no_tag, 29: _no_tag, 35: _no_tag}
"""Tags that are work or cycles for whoever decodes them, and never data."""


def _cbor_list(body: bytes) -> list[object]:
    try:
        source = io.BytesIO(body)
        said: object = cbor2.CBORDecoder(
            source, max_depth=32, strict_hashable_types=True, semantic_decoders=_TAGS
        ).decode()
        if source.tell() < len(body):
            raise ValueError(f"{len(body) - source.tell()} bytes after its end")
        return msgspec.convert(said, list[object])
    except msgspec.ValidationError as error:
        raise _invalid(error, "$") from None
    except (cbor2.CBORError, ValueError, RecursionError, OverflowError, TypeError) as error:
        raise Refused(400, f"expected CBOR: {error}", at="$") from None


def _checked(decoder: "_Decoder[_T]", body: bytes | msgspec.Raw, at: str) -> _T:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(error, at) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        kind = "MessagePack" if isinstance(decoder, msgspec.msgpack.Decoder) else "JSON"
        raise Refused(400, f"expected {kind}: {error}", at=at) from None
    except RecursionError:
        raise Refused(400, "expected data that are less deep", at=at) from None


def _invalid(error: msgspec.ValidationError, at: str) -> Refused:
    """What msgspec found, with the place of the message before the place inside of it."""
    detail, _, place = str(error).partition(" - at `")
    return Refused(422, detail, at=at + place.strip("`").removeprefix("$"))


def _count(messages: Sequence[object]) -> None:
    if not 0 < len(messages) <= MOST_MESSAGES:
        raise Refused(422, f"expected 1 to {MOST_MESSAGES} messages, got {len(messages)}", at="$")
