"""Lives: whose counter a message carries, as small numbers for a whole batch."""

from typing import Final, final

import numpy as np

from pollux.check.raw import Raw
from pollux.columns.arrays import I32
from pollux.columns.batch import NO_SEQUENCE, Life
from pollux.columns.frames import Frames, Origin

NO_BOOT: Final = -1
_MOST: Final = 1 << 20


@final
class Lives:
    """The lives of counters met so far; names of boots are numbered once."""

    __slots__ = ("_known", "_numbers", "generation", "names")

    def __init__(self) -> None:
        self.generation = 0
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._known: dict[tuple[int, int], tuple[Origin, Life]] = {}

    def begin(self) -> None:
        """Begin a batch: when very many were met all are forgotten, and a new generation begins."""
        if len(self.names) + len(self._known) > _MOST:
            self.generation += 1
            self.names.clear()
            self._numbers.clear()
            self._known.clear()

    def number(self, boot: str | None) -> int:
        """The number of a boot."""
        if boot is None:
            return NO_BOOT
        found = self._numbers.get(boot)
        if found is None:
            found = self._numbers[boot] = len(self.names)
            self.names.append(boot)
        return found

    def of(self, frames: Frames, raw: Raw) -> tuple[tuple[Life, ...], I32]:
        """The lives that messages with a sequence number belong to, and which each one does (0 for the others)."""
        counted = np.flatnonzero(raw.seq != NO_SEQUENCE)
        life = np.zeros(len(raw.seq), np.int32)
        if not len(counted):
            return (), life
        base = len(self.names) + 1
        keys = frames.origin[raw.frame[counted]].astype(np.int64) * base + (raw.boot[counted] + 1)
        distinct, which = np.unique(keys, return_inverse=True)
        life[counted] = which
        named = tuple(self._life(frames.origins[key // base], key % base - 1) for key in distinct.tolist())
        return named, life

    def _life(self, origin: Origin, boot: int) -> Life:
        key = (id(origin), boot)
        found = self._known.get(key)
        if found is None or found[0] is not origin:
            name = (origin.boot or "") if boot == NO_BOOT else self.names[boot]
            # The origin is kept with its life, so that its id stays its own.
            found = self._known[key] = (origin, Life(origin.tenant, origin.device, name))
        return found[1]
