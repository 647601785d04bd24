"""Content formats (RFC 7252, section 12.3), and whether a payload is what it says it is."""

from typing import Final

import cbor2
import msgspec

from pollux.columns.encodings import CONTENT_FORMATS
from pollux.columns.frames import Encoding
from pollux.connect.coap.codes import CBOR, JSON, CoapError, Code

_RAW: Final = msgspec.json.Decoder(msgspec.Raw)
_JSON: Final = frozenset({Encoding.JSON, Encoding.SENML_JSON})
_CBOR: Final = frozenset({Encoding.CBOR, Encoding.SENML_CBOR})
_DEEPEST: Final = 32


def encoding_of(format_: int | None, topic: Encoding) -> Encoding:
    """How a payload is written, by its content format, else by the topic; raises CoapError with 4.15.

    >>> encoding_of(60, Encoding.GUESS).name, encoding_of(None, Encoding.BINARY).name
    ('CBOR', 'BINARY')
    """
    if format_ is None:
        return topic
    if format_ not in CONTENT_FORMATS:
        known = ", ".join(str(one) for one in sorted(CONTENT_FORMATS))
        raise CoapError(Code.UNSUPPORTED_FORMAT, f"expected a content format of {known}, got {format_}")
    return CONTENT_FORMATS[format_]


def check(payload: bytes, encoding: Encoding) -> None:
    """Raises CoapError with 4.00 for a payload that is empty or not written as it says; what it means shows later."""
    if not payload:
        raise CoapError(Code.BAD_REQUEST, "expected a payload, got none")
    try:
        if encoding in _JSON:
            _RAW.decode(payload)
        elif encoding in _CBOR:
            cbor2.loads(payload, max_depth=_DEEPEST)
        elif encoding is Encoding.TEXT:
            payload.decode()
    except RecursionError:
        raise CoapError(Code.BAD_REQUEST, "expected data that are less deep") from None
    except (msgspec.DecodeError, cbor2.CBORError, UnicodeDecodeError, ValueError, OverflowError, TypeError) as error:
        raise CoapError(Code.BAD_REQUEST, f"expected {encoding.name}: {error}") from None


def drawn(body: bytes, accept: int | None) -> tuple[int, bytes]:
    """A JSON document in the format that is accepted; raises CoapError with 4.06 for one that is not offered."""
    if accept in (None, JSON):
        return JSON, body
    if accept == CBOR:
        return CBOR, cbor2.dumps(msgspec.json.decode(body))
    raise CoapError(Code.NOT_ACCEPTABLE, f"expected {JSON} or {CBOR} to be accepted, got {accept}")
