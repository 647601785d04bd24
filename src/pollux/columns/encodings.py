"""The encodings of payloads and how each protocol names them: the one table of content types, numbers and suffixes.

MQTT 5 and HTTP name an encoding by media type, CoAP by a content format (RFC 7252, 12.3, and the registry that it
opened), and a topic by one more level. A name that is not here is not an error: the first bytes decide then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from pollux.columns.frames import Encoding


@final
@dataclass(frozen=True, slots=True)
class Form:
    """One encoding: its `suffix` in topics, its media types with the preferred one first, its CoAP content format."""

    encoding: Encoding
    suffix: str
    media: tuple[str, ...]
    coap: int | None = None


FORMS: Final = (
    Form(Encoding.JSON, "json", ("application/json",), 50),
    Form(Encoding.CBOR, "cbor", ("application/cbor",), 60),
    Form(Encoding.MSGPACK, "msgpack", ("application/msgpack", "application/vnd.msgpack", "application/x-msgpack")),
    Form(Encoding.BINARY, "binary", ("application/octet-stream",), 42),
    Form(Encoding.TEXT, "text", ("text/plain",), 0),
    Form(Encoding.NDJSON, "ndjson", ("application/x-ndjson",)),
    Form(Encoding.SENML_JSON, "senml", ("application/senml+json",), 110),
    Form(Encoding.SENML_CBOR, "senml-cbor", ("application/senml+cbor",), 112),
    Form(Encoding.CSV, "csv", ("text/csv",)),
    Form(Encoding.XML, "xml", ("application/xml", "text/xml"), 41),
    Form(Encoding.SPARKPLUG, "sparkplug", ("application/x-sparkplug-b",)),
    Form(Encoding.ARROW, "arrow", ("application/vnd.apache.arrow.stream",)),
    Form(Encoding.SEALED, "cose", ("application/cose",), 16),
)

SUFFIXES: Final[Mapping[str, Encoding]] = {form.suffix: form.encoding for form in FORMS}
MEDIA: Final[Mapping[str, Encoding]] = {media: form.encoding for form in FORMS for media in form.media}
CONTENT_FORMATS: Final[Mapping[int, Encoding]] = {form.coap: form.encoding for form in FORMS if form.coap is not None}


def encoding_of(content_type: str | None) -> Encoding:
    """The encoding that a content type names; GUESS for one that is not known.

    >>> encoding_of("application/cbor").name, encoding_of("text/plain; charset=utf-8").name, encoding_of(None).name
    ('CBOR', 'TEXT', 'GUESS')
    """
    return MEDIA.get((content_type or "").partition(";")[0].strip().lower(), Encoding.GUESS)
