"""Who is connected to an open site, at whichever endpoint."""

from typing import TYPE_CHECKING

from pollux.connect.coap.peers import Presence as Heard
from pollux.connect.mqtt.lines import Presence

if TYPE_CHECKING:
    from pollux.site.live import LiveSite


def connected(live: "LiveSite") -> list[Presence | Heard]:
    """The connections over MQTT, and who has lately spoken over CoAP, which has none."""
    found: list[Presence | Heard] = []
    if live.endpoint is not None:
        found += live.endpoint.connections()
    if live.coap is not None:
        found += live.coap.connections()
    return found
