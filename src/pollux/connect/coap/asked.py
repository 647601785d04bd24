"""What the options of a request ask for (RFC 7252, section 5.4 and 5.10). Pure."""

from dataclasses import dataclass
from typing import Final, final

from pollux.connect.coap.blocks import Block
from pollux.connect.coap.codes import CoapError, Code, Number
from pollux.connect.coap.message import Options, to_uint

_LENGTHS: Final[dict[int, tuple[int, int]]] = {
    Number.IF_MATCH: (0, 8),
    Number.URI_HOST: (1, 255),
    Number.ETAG: (1, 8),
    Number.IF_NONE_MATCH: (0, 0),
    Number.OBSERVE: (0, 3),
    Number.URI_PORT: (0, 2),
    Number.URI_PATH: (0, 255),
    Number.CONTENT_FORMAT: (0, 2),
    Number.URI_QUERY: (0, 255),
    Number.ACCEPT: (0, 2),
    Number.BLOCK2: (0, 3),
    Number.BLOCK1: (0, 3),
    Number.SIZE2: (0, 4),
    Number.SIZE1: (0, 4),
    Number.NO_RESPONSE: (0, 1),
    Number.REQUEST_TAG: (0, 8),
}
_MANY: Final = frozenset({Number.IF_MATCH, Number.ETAG, Number.URI_PATH, Number.URI_QUERY, Number.REQUEST_TAG})
_PROXY: Final = frozenset({Number.PROXY_URI, Number.PROXY_SCHEME})


@final
@dataclass(frozen=True, slots=True)
class Asked:
    """The options of a request, read once: None for what is not said."""

    path: str
    queries: tuple[tuple[str, str], ...] = ()
    token: str | None = None
    name: str | None = None
    format: int | None = None
    accept: int | None = None
    observe: int | None = None
    block1: Block | None = None
    block2: Block | None = None
    etags: tuple[bytes, ...] = ()
    if_match: tuple[bytes, ...] | None = None
    if_none_match: bool = False
    silent: int = 0
    tag: tuple[bytes, ...] = ()
    size: int = 0


def asked(options: Options) -> Asked:
    """What some options ask for.

    Raises CoapError: 4.02 for an option that is critical and not known, given twice or of a wrong length; 5.05 for
    what a proxy would do; 4.00 for text that is no UTF-8. An elective option that is not known, or wrong, is ignored.

    >>> found = asked(((Number.URI_PATH, b"twins"), (Number.URI_PATH, b"Pump"), (Number.URI_QUERY, b"name=P-7")))
    >>> found.path, found.name, found.block1
    ('twins/Pump', 'P-7', None)
    """
    found = _sorted_out(options)
    if_match = found.get(Number.IF_MATCH)
    path = _texts(found.get(Number.URI_PATH, ()))
    if any("/" in segment for segment in path):
        raise CoapError(Code.BAD_REQUEST, "expected no slash within a segment of the path")
    queries = tuple(_pair(text) for text in _texts(found.get(Number.URI_QUERY, ())))
    return Asked(
        path="/".join(path),
        queries=queries,
        token=dict(queries).get("token"),
        name=dict(queries).get("name"),
        format=_uint(found, Number.CONTENT_FORMAT),
        accept=_uint(found, Number.ACCEPT),
        observe=_uint(found, Number.OBSERVE),
        block1=_block(found, Number.BLOCK1),
        block2=_block(found, Number.BLOCK2),
        etags=tuple(found.get(Number.ETAG, ())),
        if_match=None if if_match is None else tuple(if_match),
        if_none_match=Number.IF_NONE_MATCH in found,
        silent=_uint(found, Number.NO_RESPONSE) or 0,
        tag=tuple(found.get(Number.REQUEST_TAG, ())),
        size=_uint(found, Number.SIZE1) or 0,
    )


def _sorted_out(options: Options) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    for number, value in options:
        if number in _PROXY:
            raise CoapError(Code.PROXYING_NOT_SUPPORTED, "this is no proxy")
        low, high = _LENGTHS.get(number, (0, -1))
        if low <= len(value) <= high and (number in _MANY or number not in found):
            found.setdefault(number, []).append(value)
        elif number & 1:
            raise CoapError(Code.BAD_OPTION, f"expected no option {number}, or one of another length")
    return found


def _texts(values: "list[bytes] | tuple[bytes, ...]") -> list[str]:
    try:
        texts = [value.decode() for value in values]
    except UnicodeDecodeError:
        raise CoapError(Code.BAD_REQUEST, "expected UTF-8 in path and query") from None
    if any("\0" in text for text in texts):
        raise CoapError(Code.BAD_REQUEST, "expected no zero byte in path and query")
    return texts


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _uint(found: dict[int, list[bytes]], number: int) -> int | None:
    values = found.get(number)
    return to_uint(values[0]) if values else None


def _block(found: dict[int, list[bytes]], number: int) -> Block | None:
    values = found.get(number)
    return Block.read(values[0]) if values else None
