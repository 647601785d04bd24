"""Which twins there are, what they are, and whether they are heard."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, final

import numpy as np

from pollux.clock import ScaledClock
from pollux.mirror.presence import OFFLINE_AFTER, Presence
from pollux.show.facts import DeviceFact, PresenceFact, Table, TwinType
from pollux.site.estate import Estate
from pollux.site.rooms.tables import table_of, type_of

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

WORDS = {
    Presence.NEVER: "nothing was ever heard",
    Presence.ONLINE: "",
    Presence.LATE: "later than usual",
    Presence.OFFLINE: "silent",
}


@final
class TwinsRoom:
    """The twins as they are, or as known at a moment."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self._types = {name: type_of(declared) for name, declared in live.site.declared.items()}
        self._ids: dict[str, tuple[int, tuple[str, ...]]] = {}

    def types(self) -> Sequence[TwinType]:
        return tuple(self._types.values())

    def ids(self, type_: str) -> Sequence[str]:
        live = self._live
        with live.pipe.lock:
            block = live.estate.blocks.get(type_)
            if block is None:
                return ()
            known = self._ids.get(type_)
            if known is None or known[0] != len(block.row_of) + 1_000_003 * block.epoch:
                known = (len(block.row_of) + 1_000_003 * block.epoch, tuple(sorted(block.row_of)))
                self._ids[type_] = known
            return known[1]

    def read(self, type_: str, ids: Sequence[str] | None, *, at: int | None = None, seq: int | None = None) -> Table:
        live = self._live
        if at is None and (seq is None or seq >= live.estate.seq):
            with live.pipe.lock:
                return table_of(self._types[type_], live.estate, ids, live.clock.now())
        estate = live.as_of.estate(at, seq)
        return table_of(self._types[type_], estate, ids, at if at is not None else estate.time)

    def presence(self, type_: str, ids: Sequence[str], *, at: int | None = None) -> Sequence[PresenceFact]:
        live = self._live
        estate = live.estate if at is None else live.as_of.estate(at, None)
        now = live.clock.now() if at is None else at
        clock = live.clock
        # Over as long as a twin must keep still to be called silent: a calendar that ran fast a moment ago counts too.
        speed = clock.pace(OFFLINE_AFTER) if isinstance(clock, ScaledClock) else 1.0
        with live.pipe.lock:
            return [presence_of(estate, type_, one, now, speed=speed) for one in ids]


def presence_of(estate: Estate, type_: str, twin: str, now: int, *, speed: float = 1.0) -> PresenceFact:
    """Whether a twin is heard, by its own rhythm, on a clock of this speed."""
    row = estate.blocks[type_].row(twin)
    state = Presence(int(estate.mirror.presence(type_, np.array([row], np.int64), now=now, speed=speed)[0]))
    heard = int(estate.mirror.populations[type_].rhythm.heard[row])
    online = state in (Presence.ONLINE, Presence.LATE)
    last = max(heard, 0)
    return PresenceFact(online, last, WORDS[state], (DeviceFact(twin, twin, online, last),))
