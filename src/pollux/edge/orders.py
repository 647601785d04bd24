"""Orders that the agent hears: raw windows, and actuators. Each is carried out once, answered as often as it comes."""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, final

import msgspec

from pollux.clock import Clock, ClockError, instant
from pollux.edge.driving import Driving
from pollux.edge.stream import Stream

SET: Final = "set"
REMEMBERED: Final = 1_000
"""Orders whose answer is remembered; beyond that the oldest is forgotten, long after it has expired."""


Carry: TypeAlias = Callable[[Mapping[str, Any]], tuple[str, str]]
"""Carries out an order, given its parameters: its state, and why."""


class Asked(msgspec.Struct, frozen=True):
    """An order as it is read off the wire."""

    id: str
    name: str
    params: dict[str, Any] = {}
    expires_at: str = ""


@final
class Orders:
    """Answers orders by the command that a reading names in its capture, and those that set what the agent drives;
    leaves alone what is meant for others. An order to set something has a time at which it is over.
    """

    def __init__(self, streams: Sequence[Stream], drivings: Sequence[Driving], clock: Clock) -> None:
        self._clock = clock
        self._ways: dict[tuple[str, str], Carry] = {
            (f"twins/{one.driven.twin}/commands", SET): one.obey for one in drivings
        }
        for stream in streams:
            capture = stream.reading.capture
            if capture is not None and capture.command is not None:
                self._ways[f"twins/{stream.reading.twin}/commands", capture.command.name] = _captured(stream)
        self._said: OrderedDict[str, tuple[str, str]] = OrderedDict()

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics to listen to."""
        return tuple(sorted({topic for topic, _ in self._ways}))

    def hear(self, topic: str, payload: bytes) -> list[tuple[str, bytes]]:
        """The answers to an order."""
        try:
            asked = msgspec.json.decode(payload, type=Asked)
            expires = instant(asked.expires_at) if asked.expires_at else None
        except (msgspec.MsgspecError, ClockError):
            return []
        carry = self._ways.get((topic, asked.name))
        if carry is None:
            return []
        if asked.id in self._said:
            return [_answer(topic, asked.id, *self._said[asked.id])]
        if expires is None and asked.name == SET:
            return [self._answered(topic, asked.id, "rejected", "expected a time at which it is over, got none")]
        if expires is not None and self._clock.now() >= expires:
            return [self._answered(topic, asked.id, "rejected", "its time is over")]
        state, reason = carry(asked.params)
        accepted = [] if state == "rejected" else [_answer(topic, asked.id, "accepted", "")]
        return [*accepted, self._answered(topic, asked.id, state, reason)]

    def _answered(self, topic: str, order: str, state: str, reason: str) -> tuple[str, bytes]:
        self._said[order] = state, reason
        while len(self._said) > REMEMBERED:
            self._said.popitem(last=False)
        return _answer(topic, order, state, reason)


def _captured(stream: Stream) -> Carry:
    def carry(_: Mapping[str, Any]) -> tuple[str, str]:
        stream.ask()
        return "done", "its samples follow"

    return carry


def _answer(topic: str, order: str, state: str, reason: str) -> tuple[str, bytes]:
    return f"{topic}/ack", json.dumps({"id": order, "state": state, "reason": reason}).encode()
