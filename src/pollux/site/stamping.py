"""What is written on every batch at the door: when it came by the site's clock, and of which person it speaks."""

from collections.abc import Callable
from dataclasses import replace
from typing import final

import numpy as np

from pollux.clock import Clock
from pollux.columns.frames import Frames, Origin
from pollux.remember import Ticket


@final
class Stamping:
    """A sink before the pipe.

    Doors measure their time-outs by the wall; what they hear arrives by the site's clock, which may be another one.
    Where a site holds persons, a device without a subject speaks of the person whose name it bears, so that nothing
    personal is ever written unsealed.
    """

    def __init__(self, push: Callable[[Frames], Ticket], clock: Clock, *, personal: bool) -> None:
        self._push = push
        self._clock = clock
        self._personal = personal

    def __call__(self, frames: Frames) -> Ticket:
        arrival = np.full(len(frames), self._clock.now(), np.int64)
        origins = tuple(map(self._owned, frames.origins)) if self._personal else frames.origins
        return self._push(replace(frames, arrival=arrival, origins=origins))

    @staticmethod
    def _owned(origin: Origin) -> Origin:
        return origin if origin.subject else replace(origin, subject=origin.device)
