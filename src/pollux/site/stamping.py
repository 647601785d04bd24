"""What is written on every batch at the door: when it came by the site's clock, and of which person it speaks."""

from collections.abc import Callable, Collection
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
    A device without a subject that speaks for a twin of a personal type speaks of the person of its name, so that
    nothing personal is ever written unsealed. Topics of other layouts than the native one count as personal where a
    site has any personal type, because only decoding could tell.
    """

    def __init__(
        self, push: Callable[[Frames], Ticket], clock: Clock, *, types: Collection[str], personal: Collection[str]
    ) -> None:
        self._push = push
        self._clock = clock
        self._things = tuple(f"twins/{name}/".encode() for name in types if name not in personal)
        self._personal = bool(personal)

    def __call__(self, frames: Frames) -> Ticket:
        arrival = np.full(len(frames), self._clock.now(), np.int64)
        origins = self._owned(frames) if self._personal else frames.origins
        return self._push(replace(frames, arrival=arrival, origins=origins))

    def _owned(self, frames: Frames) -> tuple[Origin, ...]:
        of_persons: set[int] = set()
        for index, number in enumerate(frames.origin.tolist()):
            if number not in of_persons and not frames.topic(index).startswith(self._things):
                of_persons.add(number)
        return tuple(
            replace(origin, subject=origin.device) if number in of_persons and not origin.subject else origin
            for number, origin in enumerate(frames.origins)
        )
