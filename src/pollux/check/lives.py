"""Lives: whose counter a message carries, as small numbers, worked out once per device and boot."""

from typing import Final, final

import numpy as np

from pollux.check.raw import Raw
from pollux.columns.arrays import I32, I64
from pollux.columns.batch import NO_SEQUENCE, Life
from pollux.columns.frames import Frames, Origin

NO_BOOT: Final = -1

_UNKNOWN: Final = -2
_MOST: Final = 1 << 18


@final
class Lives:
    """The lives of counters met so far, and the names of boots, each numbered in the order it was met."""

    __slots__ = ("_boots", "_kept", "_last_boot", "_last_life", "_numbers", "_origins", "generation", "lives", "names")

    def __init__(self) -> None:
        self.generation = 0
        self._forget()

    def _forget(self) -> None:
        self.names: list[str] = []
        self.lives: list[Life] = []
        self._boots: dict[str, int] = {}
        self._numbers: dict[tuple[int, int], int] = {}
        self._origins: dict[int, int] = {}
        self._kept: list[Origin] = []
        self._last_boot = np.full(64, _UNKNOWN, np.int32)
        self._last_life = np.zeros(64, np.int32)

    def begin(self) -> None:
        """Begin a batch: when very many were met all are forgotten, and a new generation begins."""
        if max(len(self.names), len(self.lives), len(self._kept)) > _MOST:
            self.generation += 1
            self._forget()

    def number(self, boot: str | None) -> int:
        """The number of a boot."""
        if boot is None:
            return NO_BOOT
        found = self._boots.get(boot)
        if found is None:
            found = self._boots[boot] = len(self.names)
            self.names.append(boot)
        return found

    def of(self, frames: Frames, raw: Raw) -> I32:
        """The life of each message with a sequence number, counting into `lives`; 0 for the others."""
        counted = np.flatnonzero(raw.seq != NO_SEQUENCE)
        life = np.zeros(len(raw.seq), np.int32)
        if len(counted):
            origins = np.array([self._origin(one) for one in frames.origins], np.int64)
            self._room(len(self._kept))
            life[counted] = self._found(origins[frames.origin[raw.frame[counted]]], raw.boot[counted])
        return life

    def _found(self, origin: I64, boot: I32) -> I32:
        # Most devices live on: what a device had last is looked at first, for all at once.
        life = self._last_life[origin]
        for i in np.flatnonzero(self._last_boot[origin] != boot).tolist():
            whose, which = int(origin[i]), int(boot[i])
            number = self._numbers.get((whose, which))
            if number is None:
                number = self._numbers[whose, which] = len(self.lives)
                self.lives.append(self._life(self._kept[whose], which))
            life[i] = self._last_life[whose] = number
            self._last_boot[whose] = which
        return life

    def _life(self, origin: Origin, boot: int) -> Life:
        return Life(origin.tenant, origin.device, (origin.boot or "") if boot == NO_BOOT else self.names[boot])

    def _origin(self, origin: Origin) -> int:
        """The number of an origin; it is kept, so that no other can have its id."""
        found = self._origins.get(id(origin))
        if found is None:
            found = self._origins[id(origin)] = len(self._kept)
            self._kept.append(origin)
        return found

    def _room(self, origins: int) -> None:
        missing = origins - len(self._last_boot)
        if missing > 0:
            missing = max(missing, len(self._last_boot))
            self._last_boot = np.concatenate((self._last_boot, np.full(missing, _UNKNOWN, np.int32)))
            self._last_life = np.concatenate((self._last_life, np.zeros(missing, np.int32)))
