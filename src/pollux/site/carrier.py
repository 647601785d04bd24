"""How an order leaves: as a message to the device, or onto the plan of a person. Only where acting was asked for.

Nothing that a person carries out is ever published where a device could hear it.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Final, final

import msgspec

from pollux.act import Order, OrderBook, Told, Transition, plan
from pollux.clock import iso
from pollux.errors import PolluxError
from pollux.guard.signing import OrderKey, SignedOrder
from pollux.remember import Ticket

_REPORT: Final = logging.getLogger("pollux.site")

Send = Callable[[Order, bytes], None]
"""An order and what its device reads: to the device, at least once, and not after the order has expired."""

Publish = Callable[[str, bytes], None]
"""Topic and payload: to whoever is subscribed, at least once."""


@final
class Carrier:
    """Carries approved orders out. Sending is noted before it happens, so that a restart sends nothing twice.

    An order for a device that was noted as sent and whose message was lost in a crash stays sent until it expires:
    never twice is kept, at the price of sometimes never, which the expiry tells. A plan is a state, published anew
    whenever it changes and at every start, so that nothing on it is lost. `send` reaches the device, `retain` whoever
    hears a topic, also later; `told` says what an order asks for in the units in which its type is declared; with a
    `key` orders leave signed.
    """

    def __init__(
        self,
        send: Send,
        retain: Publish,
        note: Callable[[Order, Transition], Ticket],
        told: Told,
        key: OrderKey | None = None,
    ) -> None:
        self._send = send
        self._retain = retain
        self._note = note
        self._told = told
        self._key = key
        self._planning = threading.Lock()

    def carry(self, book: OrderBook, order_id: str, now: int) -> None:
        """Send an approved order: to the device, or by putting it on the plan, which `plan` then publishes.

        Called by one thread after the other, orders leave in the order of the calls; each once its note is durable.
        """
        order = book.find(order_id)
        if order.state != "approved":
            return
        noted = self._note(order, Transition(order.id, "sent", now, "pollux"))
        if order.carrier == "device":
            noted.then(self._sent, order, self.written(order))

    def written(self, order: Order) -> bytes:
        """An order as its device reads it."""
        return message(order, self._told(order), self._key)

    def _sent(self, order: Order, payload: bytes) -> None:
        try:
            self._send(order, payload)
        except PolluxError as error:
            _REPORT.warning("an order could not be sent: %s", error)

    def plan(self, book: OrderBook, type_: str, twin: str) -> None:
        """Publish the plan of a person as it stands in the book."""
        # Read and published under one lock, so that of two threads the later one publishes the later plan.
        with self._planning:
            now = plan(f"{type_}/{twin}", book.of(type_, twin), told=self._told)
            self._retain(f"twins/{type_}/{twin}/plan", msgspec.json.encode(now))


def message(order: Order, params: Mapping[str, float | str | bool], key: OrderKey | None = None) -> bytes:
    """The order as a device reads it, with what it asks for in the units that the device speaks; signed with a key."""
    target, issued, expires = f"{order.type}/{order.twin}", iso(order.issued_at), iso(order.expires_at)
    told: dict[str, object] = {
        "id": order.id,
        "name": order.name,
        "params": dict(params),
        "issued_at": issued,
        "expires_at": expires,
        "reason": order.reason,
    }
    if key is not None:
        signed = SignedOrder(order.id, order.name, dict(params), target, issued, expires)
        told |= {"target": target, "signature": key.signed(signed)}
    return json.dumps(told).encode()
