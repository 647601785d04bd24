"""Compressed bodies, unfolded as they come and never beyond a bound: gzip and deflate (RFC 9110, section 8.4.1)."""

import zlib
from typing import Final, final

from pollux.show.problems import Headers, Refused

CODINGS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""What `Content-Encoding` may say, with the bits of the window that zlib knows it by."""

ACCEPT: Final[Headers] = ((b"accept-encoding", b"gzip, deflate"),)


@final
class Inflater:
    """Unfolds one body; what would be larger than `largest` bytes is refused before it is unfolded.

    >>> Inflater("gzip", 100).feed(b"no gzip")
    Traceback (most recent call last):
        ...
    pollux.show.problems.Refused: expected a body in gzip
    """

    __slots__ = ("_coding", "_largest", "_left", "_stream")

    def __init__(self, coding: str, largest: int) -> None:
        self._coding, self._largest, self._left = coding, largest, largest
        self._stream = zlib.decompressobj(CODINGS[coding])

    def feed(self, piece: bytes) -> bytes:
        """The bytes that a piece unfolds to; raises Refused, 413 for too many and 400 for what is not this coding."""
        if self._stream.eof and piece:
            raise self._more()
        try:
            # One byte more than may come shows that there is more, whatever the bomb would unfold to.
            out = self._stream.decompress(piece, self._left + 1)
        except zlib.error:
            raise self._refused(400, f"expected a body in {self._coding}") from None
        self._left -= len(out)
        if self._left < 0:
            raise self._refused(413, f"expected at most {self._largest} bytes once unfolded")
        if self._stream.unused_data:
            raise self._more()
        return out

    def finish(self) -> None:
        """The body has ended; raises Refused when the coding has not."""
        if not self._stream.eof:
            raise self._refused(400, f"expected a whole body in {self._coding}, got a part")

    def _more(self) -> Refused:
        return self._refused(400, f"expected one body in {self._coding}, got more after its end")

    @staticmethod
    def _refused(status: int, detail: str) -> Refused:
        return Refused(status, detail, at="Content-Encoding")
