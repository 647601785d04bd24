"""Which entries of the accounts' spool stand in the log: what a crash has left in both is not taken over twice."""

from collections import deque
from typing import Final, final

import msgspec

BATCH: Final = 256
"""Entries that are taken over at a time; the next ones only when these are durable and no longer in the spool."""


@final
class Taken:
    """The keys of the newest entries, enough to hold whatever may still be in the spool."""

    def __init__(self) -> None:
        self._keys: deque[str] = deque(maxlen=2 * BATCH)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def add(self, key: str) -> None:
        """An entry stands in the log."""
        if key:
            self._keys.append(key)

    def freeze(self) -> bytes:
        """As bytes, for a snapshot."""
        return msgspec.msgpack.encode(list(self._keys))

    def restore(self, frozen: bytes) -> None:
        """Go on from what was frozen."""
        self._keys.extend(msgspec.msgpack.decode(frozen, type=list[str]))
