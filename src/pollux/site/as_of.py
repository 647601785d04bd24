"""Estates of the past, kept a while: who drags a cursor asks for the same moment again."""

import threading
from collections import OrderedDict
from typing import final

from pollux.site.estate import Estate
from pollux.site.recover import Past

KEPT = 8


@final
class AsOf:
    """The estate of a tenant as known at a moment or after a position; the last eight are remembered."""

    def __init__(self, past: Past, tenant: str) -> None:
        self._past = past
        self._tenant = tenant
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._known: OrderedDict[tuple[int | None, int | None], Estate] = OrderedDict()

    def estate(self, at: int | None, seq: int | None) -> Estate:
        """The estate; nobody may change it. Who asks for one that is known does not wait for one that is being read."""
        found = self._remembered(at, seq)
        if found is not None:
            return found
        # One after the other: each reads a stretch of the log, and who waited may find what he wanted.
        with self._reading:
            found = self._remembered(at, seq)
            if found is None:
                found = self._past.estates(at, until_seq=seq)[self._tenant]
                with self._lock:
                    self._known[at, seq] = found
                    while len(self._known) > KEPT:
                        self._known.popitem(last=False)
        return found

    def _remembered(self, at: int | None, seq: int | None) -> Estate | None:
        with self._lock:
            found = self._known.get((at, seq))
            if found is not None:
                self._known.move_to_end((at, seq))
            return found
