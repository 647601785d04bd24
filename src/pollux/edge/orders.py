"""Orders for the agent itself: a raw window that is asked for. Each is carried out once, answered as often as asked."""

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final, final

import msgspec

from pollux.clock import Clock, ClockError, instant
from pollux.edge.stream import Stream

REMEMBERED: Final = 1_000
"""Orders whose answer is remembered; beyond that the oldest is forgotten, long after it has expired."""


class Asked(msgspec.Struct, frozen=True):
    """An order as it is read off the wire."""

    id: str
    name: str
    params: dict[str, Any] = {}
    expires_at: str = ""


@final
class Orders:
    """Answers orders by the command that a reading names in its capture; leaves alone what is meant for others."""

    def __init__(self, streams: Sequence[Stream], clock: Clock) -> None:
        self._clock = clock
        self._streams: Mapping[tuple[str, str], Stream] = {
            (f"twins/{stream.reading.twin}/commands", capture.command.name): stream
            for stream in streams
            if (capture := stream.reading.capture) is not None and capture.command is not None
        }
        self._said: OrderedDict[str, tuple[str, str]] = OrderedDict()

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics to listen to."""
        return tuple(sorted({topic for topic, _ in self._streams}))

    def hear(self, topic: str, payload: bytes) -> list[tuple[str, bytes]]:
        """The answers to an order."""
        try:
            asked = msgspec.json.decode(payload, type=Asked)
            late = bool(asked.expires_at) and self._clock.now() >= instant(asked.expires_at)
        except (msgspec.MsgspecError, ClockError):
            return []
        stream = self._streams.get((topic, asked.name))
        if stream is None:
            return []
        if asked.id in self._said:
            return [_answer(topic, asked.id, *self._said[asked.id])]
        if late:
            return [self._answered(topic, asked.id, "rejected", "its time is over")]
        stream.ask()
        return [_answer(topic, asked.id, "accepted", ""), self._answered(topic, asked.id, "done", "its samples follow")]

    def _answered(self, topic: str, order: str, state: str, reason: str) -> tuple[str, bytes]:
        self._said[order] = state, reason
        while len(self._said) > REMEMBERED:
            self._said.popitem(last=False)
        return _answer(topic, order, state, reason)


def _answer(topic: str, order: str, state: str, reason: str) -> tuple[str, bytes]:
    return f"{topic}/ack", json.dumps({"id": order, "state": state, "reason": reason}).encode()
