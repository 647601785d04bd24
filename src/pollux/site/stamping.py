"""What is written on every batch at the door: when it came by the site's clock, and of which person it speaks."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final, final

import numpy as np

from pollux.clock import Clock
from pollux.columns.frames import Frames, Origin
from pollux.connect.wire.rights import Translate, native
from pollux.remember import Ticket

REMEMBERED: Final = 100_000
"""Topics whose person is remembered."""


@final
class Stamping:
    """A sink before the pipe.

    Doors measure their time-outs by the wall; what they hear arrives by the site's clock, which may be another one.
    What speaks for a twin of a personal type speaks of the person of that twin's id, whoever sends it: a device of
    that name, a gateway, a service. So nothing personal is written unsealed, and all of it is found, and erased, under
    one name. An account that names its subject speaks of that one. Topics that no layout knows count as personal, and
    as the sender's own, where a site has any personal type, because only decoding could tell.
    """

    def __init__(
        self,
        push: Callable[[Frames], Ticket],
        clock: Clock,
        *,
        types: Collection[str],
        personal: Collection[str],
        translate: Translate = native,
    ) -> None:
        self._push, self._clock, self._translate = push, clock, translate
        self._types, self._personal = frozenset(types), frozenset(personal)
        self._known: dict[bytes, str | None] = {}

    def __call__(self, frames: Frames) -> Ticket:
        stamped = replace(frames, arrival=np.full(len(frames), self._clock.now(), np.int64))
        return self._push(self._owned(stamped) if self._personal else stamped)

    def _owned(self, frames: Frames) -> Frames:
        """The frames with an origin for each sender and person."""
        numbers: dict[Origin, int] = {}
        own = np.empty(len(frames), np.int32)
        senders: list[int] = frames.origin.tolist()
        for index, number in enumerate(senders):
            origin = frames.origins[int(number)]
            if not origin.subject:
                of = self._person(bytes(frames.topic(index)))
                origin = origin if of is None else replace(origin, subject=of or origin.device)
            own[index] = numbers.setdefault(origin, len(numbers))
        return replace(frames, origin=own, origins=tuple(numbers))

    def _person(self, topic: bytes) -> str | None:
        """The person that a topic speaks of: None for nobody, empty where only the sender can tell."""
        if topic not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[topic] = self._looked_up(topic)
        return self._known[topic]

    def _looked_up(self, topic: bytes) -> str | None:
        reach = self._translate(topic.decode(errors="replace"))
        if reach is None:
            return ""
        type_, _, id_ = reach.twin.partition("/")
        if type_ in self._personal:
            return "" if id_ == "*" else id_
        return None if type_ in self._types else ""
