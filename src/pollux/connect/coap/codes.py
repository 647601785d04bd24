"""The numbers of CoAP: kinds of messages, codes, options, content formats; and the one error of this driver."""

from enum import IntEnum
from typing import Final, final

from pollux.errors import PolluxError


@final
class Kind(IntEnum):
    """The type of a message (RFC 7252, section 3)."""

    CON = 0
    NON = 1
    ACK = 2
    RST = 3


@final
class Code(IntEnum):
    """Methods and response codes (RFC 7252, section 12.1; RFC 7959, section 6)."""

    EMPTY = 0x00
    GET = 0x01
    POST = 0x02
    PUT = 0x03
    DELETE = 0x04

    VALID = 0x43
    CHANGED = 0x44
    CONTENT = 0x45
    CONTINUE = 0x5F

    BAD_REQUEST = 0x80
    UNAUTHORIZED = 0x81
    BAD_OPTION = 0x82
    NOT_FOUND = 0x84
    METHOD_NOT_ALLOWED = 0x85
    NOT_ACCEPTABLE = 0x86
    INCOMPLETE = 0x88
    PRECONDITION_FAILED = 0x8C
    TOO_LARGE = 0x8D
    UNSUPPORTED_FORMAT = 0x8F

    INTERNAL_ERROR = 0xA0
    UNAVAILABLE = 0xA3
    PROXYING_NOT_SUPPORTED = 0xA5


@final
class Number(IntEnum):
    """Option numbers; odd ones are critical (RFC 7252, section 5.10; 7641, 7959, 7967, 9175)."""

    IF_MATCH = 1
    URI_HOST = 3
    ETAG = 4
    IF_NONE_MATCH = 5
    OBSERVE = 6
    URI_PORT = 7
    LOCATION_PATH = 8
    URI_PATH = 11
    CONTENT_FORMAT = 12
    MAX_AGE = 14
    URI_QUERY = 15
    ACCEPT = 17
    LOCATION_QUERY = 20
    BLOCK2 = 23
    BLOCK1 = 27
    SIZE2 = 28
    PROXY_URI = 35
    PROXY_SCHEME = 39
    SIZE1 = 60
    NO_RESPONSE = 258
    REQUEST_TAG = 292


LINKS: Final = 40
JSON: Final = 50
CBOR: Final = 60


def dotted(code: int) -> str:
    """A code as people write it.

    >>> dotted(Code.NOT_FOUND)
    '4.04'
    """
    return f"{code >> 5}.{code & 31:02}"


@final
class CoapError(PolluxError):
    """What a request is refused with; the text becomes the diagnostic payload. EMPTY stands for a broken message.

    >>> str(CoapError(Code.BAD_REQUEST, "expected JSON"))
    'expected JSON - at 4.00'
    """

    def __init__(self, code: Code, message: str, options: tuple[tuple[int, bytes], ...] = ()) -> None:
        super().__init__(message, at=dotted(code))
        self.code = code
        self.options = options


def broken(message: str) -> CoapError:
    """A message that is not CoAP at all."""
    return CoapError(Code.EMPTY, message)
