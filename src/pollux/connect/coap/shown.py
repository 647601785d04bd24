"""Representations that leave in blocks: kept for a while, so that all blocks are of the same one (RFC 7959, 2.4)."""

import hashlib
from collections.abc import Hashable
from typing import final

import msgspec

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_COUNTS = "seq"


def etag_of(body: bytes) -> bytes:
    """Four bytes that name the content of a JSON document; `seq`, which grows with everything on the site, left out.

    >>> etag_of(b'{"seq": 1, "temp": 2}') == etag_of(b'{"seq": 9, "temp": 2}')
    True
    """
    fields = _FIELDS.decode(body)
    fields.pop(_COUNTS, None)
    return hashlib.blake2b(msgspec.json.encode(fields), digest_size=4).digest()


@final
class Shown:
    """The last `most` bodies that were larger than a block, each for some seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._kept: dict[Hashable, tuple[float, bytes, bytes]] = {}

    def keep(self, key: Hashable, body: bytes, tag: bytes, now: float) -> None:
        """What was shown of a key."""
        self._kept.pop(key, None)
        if len(self._kept) >= self._most:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = now + self._seconds, body, tag

    def find(self, key: Hashable, now: float) -> tuple[bytes, bytes] | None:
        """Body and ETag, as they were shown not long ago."""
        found = self._kept.get(key)
        return None if found is None or found[0] < now else found[1:]

    def sweep(self, now: float) -> None:
        """Forget what is over."""
        for key in [key for key, one in self._kept.items() if one[0] < now]:
            del self._kept[key]
