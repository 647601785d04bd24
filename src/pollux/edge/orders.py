"""Orders that the agent hears: raw windows, and actuators. Each is carried out once, answered as often as it comes."""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pollux.act import GUARDED
from pollux.clock import Clock, ClockError, instant
from pollux.edge.driving import Driving
from pollux.edge.stream import Stream
from pollux.guard.cose import CoseError
from pollux.guard.signing import SignedOrder, checked, differing

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
    issued_at: str = ""
    expires_at: str = ""
    target: str = ""
    signature: str = ""


@final
class Orders:
    """Answers orders by the command that a reading names in its capture, and those that set what the agent drives;
    leaves alone what is meant for others. An order to set something has a time at which it is over.

    With `keys` only orders are carried out that one of them has signed, for this twin, since the agent was started:
    one from before may have been carried out before, and never twice is kept.
    """

    def __init__(
        self,
        streams: Sequence[Stream],
        drivings: Sequence[Driving],
        clock: Clock,
        keys: Sequence[Ed25519PublicKey] = (),
    ) -> None:
        self._clock, self._keys, self._started = clock, keys, clock.now()
        self._ways: dict[tuple[str, str], Carry] = {
            (f"twins/{one.driven.twin}/commands", SET): one.obey for one in drivings
        }
        for stream in streams:
            capture = stream.reading.capture
            if capture is not None and capture.command is not None:
                self._ways[f"twins/{stream.reading.twin}/commands", capture.command.name] = _captured(stream)
        self._said: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._guarded = f"{'signature and limits' if keys else 'limits'} {GUARDED}"

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics to listen to."""
        return tuple(sorted({topic for topic, _ in self._ways}))

    def hear(self, topic: str, payload: bytes) -> list[tuple[str, bytes]]:
        """The answers to an order."""
        try:
            asked = msgspec.json.decode(payload, type=Asked)
            expires = instant(asked.expires_at) if asked.expires_at else None
        except (msgspec.MsgspecError, UnicodeDecodeError, ClockError):
            return []
        carry = self._ways.get((topic, asked.name))
        if carry is None:
            return []
        wrong = self._forged(topic, asked)
        if wrong:
            # Not remembered: whoever makes ids up could not make the agent forget those that it has carried out.
            return [_answer(topic, asked.id, "rejected", wrong)]
        if asked.id in self._said:
            return [_answer(topic, asked.id, *self._said[asked.id])]
        if expires is None and asked.name == SET:
            return [self._answered(topic, asked.id, "rejected", "expected a time at which it is over, got none")]
        if expires is not None and self._clock.now() >= expires:
            return [self._answered(topic, asked.id, "rejected", "its time is over")]
        state, reason = carry(asked.params)
        accepted = [] if state == "rejected" else [_answer(topic, asked.id, "accepted", self._guarded)]
        return [*accepted, self._answered(topic, asked.id, state, reason)]

    def _forged(self, topic: str, asked: Asked) -> str:
        """Why an order is not believed to be the site's; empty where it is, or where no key says whose orders are."""
        if not self._keys:
            return ""
        if not asked.signature:
            return "expected a signed order, got one without a signature"
        try:
            signed = checked(asked.signature, self._keys)
            old = instant(signed.issued_at) < self._started
        except (CoseError, ClockError) as error:
            return str(error)
        other = differing(signed, {name: getattr(asked, name) for name in SignedOrder.__struct_fields__})
        if other or topic != f"twins/{signed.target}/commands":
            return f"expected what was signed, got another {', '.join(other) or 'target'}"
        return "expected an order since the agent was started, got an older one" if old else ""

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
