"""The way of an order out of the site: by the field connection or broker that its device is heard by, or natively."""

from typing import TYPE_CHECKING

from pollux.act import Order
from pollux.clock import Clock, SimulatedClock, WallClock

if TYPE_CHECKING:
    from pollux.site.live import LiveSite


def leave(live: "LiveSite", order: Order, payload: bytes) -> None:
    """Send an order to its device. Raises DataRefused where it has no address, Overloaded where too many wait."""
    expires = expiry(live, order.expires_at)
    if live.doors.fields.send(order.type, order.twin, payload, expires=expires):
        return
    if live.doors.brokers.send(order.type, order.twin, payload, expires=expires):
        return
    if live.endpoint:
        live.endpoint.publish(commands(order), payload, qos=1, expires=expires, ref=order.id)
    if live.coap:
        live.coap.publish(commands(order), payload, expires=expires)


def commands(order: Order) -> str:
    """The topic by which a device hears its orders."""
    return f"twins/{order.type}/{order.twin}/commands"


def expiry(live: "LiveSite", instant: int) -> int:
    """When an instant of the site's clock comes by the wall's; 0, for never, where time is moved by hand."""
    clock: Clock = live.clock
    if isinstance(clock, SimulatedClock):
        return 0
    return WallClock().now() + round((instant - clock.now()) / live.speed)
