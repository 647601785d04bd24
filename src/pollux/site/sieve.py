"""A sink that takes some topics aside before the log: a protocol in topics of its own is told otherwise there.

The log keeps what was understood, each frame complete in itself, so that a replay needs no state of any conversation.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from pollux.columns.arrays import Mask
from pollux.columns.batch import Refusal
from pollux.columns.frames import Frames, Message
from pollux.columns.quality import Reason
from pollux.connect.driver import Sink, TicketLike
from pollux.errors import DataRefused

Digest = Callable[[Frames], Sequence[Message]]
"""What the log is told instead of some messages; each message is given once, in order."""


@final
@dataclass(slots=True)
class _Held:
    """A batch that is on its way: offered again until the sink has taken every part."""

    frames: Frames
    parts: deque[Frames]
    ticket: TicketLike | None = None


@final
class _Nothing:
    """The ticket of a batch of which nothing goes to the log."""

    def then(self, callback: Callable[..., object], *args: object) -> None:
        callback(*args)


@final
class Sieve:
    """Gives a sink what it is given, with `digest` of the messages whose topics begin with one of `prefixes` instead.

    One door has one sieve: it is called by one thread, and after Overloaded with the same batch again, which is not
    digested twice. Where the sink refuses a batch that was digested, its messages are offered one by one, and `told`
    hears of those that may not be kept; other batches are the door's to divide.
    """

    def __init__(self, sink: Sink, prefixes: Sequence[bytes], digest: Digest, told: Callable[[Refusal], None]) -> None:
        self._sink, self._prefixes, self._digest, self._told = sink, tuple(prefixes), digest, told
        self._first = np.array(sorted({prefix[0] for prefix in prefixes}), np.uint8)
        self._held: _Held | None = None

    def __call__(self, frames: Frames) -> TicketLike:
        held = self._held
        if held is None or held.frames is not frames:
            aside = self._aside(frames)
            if aside is None:
                return self._sink(frames)
            held = self._held = self._sifted(frames, aside)
        while held.parts:
            self._offer(held)
        self._held = None
        return held.ticket or _Nothing()

    def _sifted(self, frames: Frames, aside: Mask) -> _Held:
        told = self._digest(frames.select(aside))
        parts = [frames.select(~aside), Frames.of(told)]
        whole = Frames.join([part for part in parts if len(part)])
        return _Held(frames, deque([whole] if len(whole) else []))

    def _offer(self, held: _Held) -> None:
        """Give the next part; raises Overloaded where the sink has no room."""
        part = held.parts[0]
        try:
            held.ticket = self._sink(part)
        except DataRefused as error:
            held.parts.popleft()
            if len(part) == 1:
                self._told(_refusal(part, str(error)))
            else:
                places = np.arange(len(part))
                held.parts.extendleft(part.select(places == place) for place in reversed(range(len(part))))
            return
        held.parts.popleft()

    def _aside(self, frames: Frames) -> Mask | None:
        """Which messages are taken aside, None for none: a look at the first letter is all that most of them cost."""
        arena = np.frombuffer(frames.arena, np.uint8)
        index = frames.index
        maybe = np.flatnonzero(index[:, 1] > 0)
        maybe = maybe[np.isin(arena[index[maybe, 0]], self._first)]
        found = [row for row in maybe.tolist() if frames.topic(row).startswith(self._prefixes)]
        if not found:
            return None
        aside = np.zeros(len(frames), np.bool_)
        aside[found] = True
        return aside


def _refusal(frames: Frames, why: str) -> Refusal:
    detail, topic, payload = why.partition("\n")[0], bytes(frames.topic(0)), bytes(frames.payload(0))
    return Refusal.of(
        0, int(frames.arrival[0]), frames.sender(0), Reason.NOT_ALLOWED, detail, topic=topic, payload=payload
    )
