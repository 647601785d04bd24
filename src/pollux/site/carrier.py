"""How an order leaves: as a message to the device, or to a person's list. Exists only where acting was asked for."""

import json
from collections.abc import Callable
from typing import final

from pollux.act import Order, OrderBook, Transition
from pollux.clock import iso

Publish = Callable[[str, bytes], None]
"""Topic and payload: to whoever is subscribed, at least once."""


@final
class Carrier:
    """Carries approved orders out. Sending is noted before it happens, so that a restart sends nothing twice.

    An order that was noted as sent and whose message was lost in a crash stays sent until it expires: never twice is
    kept, at the price of sometimes never, which the expiry tells.
    """

    def __init__(self, publish: Publish, note: Callable[[Transition], None]) -> None:
        self._publish = publish
        self._note = note

    def carry(self, book: OrderBook, order_id: str, now: int) -> None:
        """Send an approved order that a device carries out."""
        order = book.find(order_id)
        if order.state != "approved" or order.carrier != "device":
            return
        self._note(Transition(order.id, "sent", now, "pollux"))
        self._publish(f"twins/{order.type}/{order.twin}/commands", message(order))


def message(order: Order) -> bytes:
    """The order as a device reads it."""
    return json.dumps(
        {
            "id": order.id,
            "name": order.name,
            "params": dict(order.params),
            "issued_at": iso(order.issued_at),
            "expires_at": iso(order.expires_at),
            "reason": order.reason,
        }
    ).encode()
