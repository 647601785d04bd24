"""A track: the samples of one signal that somebody follows one by one, for as long as a slow link may need them."""

from collections import deque
from typing import Final, final

import numpy as np

from pollux.show.compose.decimate import extremes
from pollux.show.facts import F64, I64, U8, Samples

MOST_CHUNKS: Final = 64
COLUMN: Final = 20_000_000
"""Nanoseconds: at most two samples in so long are worth sending."""


@final
class Track:
    """The newest samples of one signal, chunk by chunk; old chunks are forgotten."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self._chunks: deque[Samples] = deque(maxlen=MOST_CHUNKS)

    def take(self, samples: Samples) -> None:
        """Enter the samples that came after `seq`."""
        self.seq = max(self.seq, samples.seq)
        if len(samples.time):
            self._chunks.append(samples)

    def after(self, seq: int) -> tuple[I64, F64, U8] | None:
        """Times, values and qualities of what came after a position; the extremes alone where they lie dense."""
        found = [chunk for chunk in self._chunks if chunk.seq > seq]
        if not found:
            return None
        time = np.concatenate([chunk.time for chunk in found])
        value = np.concatenate([chunk.value for chunk in found])
        quality = np.concatenate([chunk.quality for chunk in found])
        order = np.argsort(time, kind="stable")
        time, value, quality = time[order], value[order], quality[order]
        stretch = int(time[-1] - time[0]) + COLUMN
        if len(time) > 2 * (stretch // COLUMN):
            places = extremes(time, value, COLUMN)
            time, value, quality = time[places], value[places], quality[places]
        return time, value, quality
