"""What is answered to orders, with id, state and reason: by devices on `twins/{type}/{id}/commands/ack`, by the apps of
persons on `twins/{type}/{id}/plan/ack`. Each moves its own kind of orders and no other.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, final

import msgspec

from pollux.act import Carried, Order, OrderBook
from pollux.columns.frames import Frames
from pollux.errors import NotFound, OrderRefused

Answered = Literal["accepted", "done", "rejected", "failed"]

_TOPIC = re.compile(rb"twins/([^/]+)/([^/]+)/(commands|plan)/ack")
_CARRIED: Final[dict[bytes, Carried]] = {b"commands": "device", b"plan": "person"}


class _Answer(msgspec.Struct, frozen=True):
    """The payload of an acknowledgement."""

    id: str
    state: Answered
    reason: str = ""


@final
@dataclass(frozen=True, slots=True)
class Told:
    """The word of a device, or of a person through an app, on an order of one twin; `frame` is its place in a batch."""

    type: str
    twin: str
    order: str
    state: Answered
    reason: str
    who: str
    at: int
    carrier: Carried = "device"
    frame: int = -1

    def concerns(self, order: Order) -> bool:
        """Whether it may move this order."""
        return (order.type, order.twin, order.carrier) == (self.type, self.twin, self.carrier)


def acknowledgements(frames: Frames, among: Iterable[int]) -> Iterator[Told]:
    """The answers at some places of a batch, where the decoder found a topic that says nothing of a twin.

    What is none, or cannot be read, stays with the decoder's refusals.
    """
    for index in dict.fromkeys(among):
        match = _TOPIC.fullmatch(bytes(frames.topic(index)))
        if match is None:
            continue
        try:
            said = msgspec.json.decode(bytes(frames.payload(index)), type=_Answer)
        except msgspec.MsgspecError:
            continue
        who = frames.origins[int(frames.origin[index])].device
        names = match[1].decode(), match[2].decode()
        at, carrier = int(frames.arrival[index]), _CARRIED[match[3]]
        yield Told(*names, said.id, said.state, said.reason, who, at, carrier, index)


def answer(book: OrderBook, told: Told) -> str:
    """Take an answer into the book: the id of the order that changed, empty when it changes nothing.

    An answer about another twin's order or another carrier's, one that comes too late and one that cannot follow are
    without effect.
    """
    try:
        order = book.find(told.order)
        return order.id if told.concerns(order) and answered(book, told) is not order else ""
    except (NotFound, OrderRefused):
        return ""


def answered(book: OrderBook, told: Told) -> Order:
    """The order after an answer; what a person has taken is read, whether the app said so or not.

    Raises OrderRefused for an answer that cannot follow.
    """
    order = book.find(told.order)
    if told.carrier == "person" and told.state == "done" and order.state == "sent":
        book.step(order.id, "accepted", who=told.who, now=told.at)
    return book.step(order.id, told.state, who=told.who, reason=told.reason, now=told.at)
