"""The way to the sink: batches in order, kept while it has no room, offered by sender when it refuses somebody's."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import final

import numpy as np

from pollux.clock import stopwatch
from pollux.columns.frames import Frames
from pollux.connect.driver import Sink, TicketLike
from pollux.connect.mqtt.intake import Turn
from pollux.connect.mqtt.memory import number_in, place_of
from pollux.connect.mqtt.message import Message
from pollux.connect.wire.splitter import I32, Gathered
from pollux.errors import DataRefused, Overloaded

_LOG = logging.getLogger("pollux.connect.mqtt")
PAUSE = 0.05


@final
@dataclass(slots=True, eq=False)
class Batch:
    """What was handed over in one go, until it is durable: the turn, its sizes and the answers that wait.

    `open` has one entry for each part that is not durable yet; `messages` go to those who hear them afterwards;
    `exactly` names what came at QoS 2: the number of its sender in the turn, and the packet identifier. `entries` says
    under which entry of the log a message stands that a lasting session may hear, `last` is the last of them all.
    """

    turn: Turn
    sizes: I32
    answers: Gathered
    messages: list[Message] = field(default_factory=list[Message])
    open: list[int] = field(default_factory=list[int])
    exactly: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    entries: dict[int, int] = field(default_factory=dict[int, int])
    last: int = 0
    durable: bool = False

    def stands(self, frames: Frames, entry: int) -> None:
        """Some frames of it are in the log under an entry, 0 where they are not."""
        self.last = max(self.last, entry)
        for content in frames.said.values():
            self.entries[number_in(content)] = entry

    def place(self) -> None:
        """Tell its messages where they stand."""
        for message in self.messages if self.entries else ():
            number = ~message.place
            message.place = place_of(entry, number) if (entry := self.entries.get(number, 0)) else 0


@final
class Outlet:
    """Gives Frames to the sink and tells when a batch is wholly durable.

    Overloaded means "not now": the batch is offered again, and what comes behind waits. DataRefused means that some
    sender's data may not be kept: the batch is offered sender by sender, and `refused` is told who it was. Anything
    else is final: `failure` says why, nothing more is given, and nothing that was not durable is acknowledged.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        durable: Callable[[Batch], None],
        refused: Callable[[Batch, int, str], None],
        entry: Callable[[TicketLike], int],
    ) -> None:
        self._sink, self._durable, self._refused, self._entry = sink, durable, refused, entry
        self._waiting: deque[tuple[Frames, Batch]] = deque()
        self._again = 0.0
        self.failure = ""

    @property
    def busy(self) -> bool:
        """Whether batches wait because the sink has no room."""
        return bool(self._waiting)

    def give(self, frames: Frames, batch: Batch) -> None:
        """Offer a batch, behind those that wait."""
        batch.open.append(len(frames))
        self._waiting.append((frames, batch))
        self.retry(at_once=len(self._waiting) == 1)

    def retry(self, *, at_once: bool = False) -> None:
        """Offer what waits, unless that was tried a moment ago."""
        if not at_once and stopwatch() < self._again:
            return
        while self._waiting and not self.failure:
            frames, batch = self._waiting.popleft()
            try:
                ticket = self._sink(frames)
            except Overloaded:
                self._waiting.appendleft((frames, batch))
                self._again = stopwatch() + PAUSE
                return
            except DataRefused as error:
                self._one_by_one(frames, batch, str(error))
            except Exception as error:  # noqa: BLE001  whatever it is, these messages are not stored
                _LOG.exception("the sink has failed")
                self.failure = str(error) or type(error).__name__
            else:
                batch.stands(frames, self._entry(ticket))
                ticket.then(self._done, batch)

    def _one_by_one(self, frames: Frames, batch: Batch, why: str) -> None:
        senders = np.unique(frames.origin).tolist()
        if len(senders) == 1:
            self._refused(batch, senders[0], why)
            self._done(batch)
            return
        parts = [(frames.select(frames.origin == sender), batch) for sender in senders]
        batch.open.extend(len(part) for part, _ in parts[1:])
        self._waiting.extendleft(reversed(parts))

    def _done(self, batch: Batch) -> None:
        # Taking from a list is one step of the interpreter: two tickets that end at once cannot both miss the last.
        batch.open.pop()
        if not batch.open:
            self._durable(batch)
