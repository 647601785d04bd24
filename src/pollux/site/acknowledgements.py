"""What devices answer to orders: `twins/{type}/{id}/commands/ack` with id, state and reason."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, final

import msgspec

from pollux.act import OrderBook, OrderState
from pollux.columns.frames import Frames
from pollux.errors import NotFound, OrderRefused

_TOPIC = re.compile(rb"twins/([^/]+)/([^/]+)/commands/ack")


class _Answer(msgspec.Struct, frozen=True):
    """The payload of an acknowledgement."""

    id: str
    state: Literal["accepted", "done", "rejected", "failed"]
    reason: str = ""


@final
@dataclass(frozen=True, slots=True)
class Told:
    """A device's word on an order of one twin."""

    type: str
    twin: str
    order: str
    state: OrderState
    reason: str
    device: str
    at: int


def acknowledgements(frames: Frames) -> Iterator[Told]:
    """The answers among some frames; what is none, or cannot be read, is left to the decoder's refusals."""
    if b"/commands/ack" not in frames.arena:
        return
    for index in range(len(frames)):
        match = _TOPIC.fullmatch(bytes(frames.topic(index)))
        if match is None:
            continue
        try:
            said = msgspec.json.decode(bytes(frames.payload(index)), type=_Answer)
        except msgspec.MsgspecError:
            continue
        device = frames.origins[int(frames.origin[index])].device
        yield Told(
            match[1].decode(), match[2].decode(), said.id, said.state, said.reason, device, int(frames.arrival[index])
        )


def answer(book: OrderBook, told: Told) -> str:
    """Take a device's word into the book: the id of the order that changed, empty when it changes nothing.

    An answer about another twin's order, one that comes too late and one that cannot follow are without effect.
    """
    try:
        order = book.find(told.order)
        if (order.type, order.twin) != (told.type, told.twin):
            return ""
        after = book.step(order.id, told.state, who=told.device, reason=told.reason, now=told.at)
    except (NotFound, OrderRefused):
        return ""
    return order.id if after is not order else ""
