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
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[int | None, int | None], Estate] = OrderedDict()

    def estate(self, at: int | None, seq: int | None) -> Estate:
        """The estate; nobody may change it."""
        key = (at, seq)
        with self._lock:
            found = self._known.get(key)
            if found is None:
                found = self._past.estates(at, until_seq=seq)[self._tenant]
                self._known[key] = found
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)
            self._known.move_to_end(key)
        return found
