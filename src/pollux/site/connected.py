"""Who is connected to an open site, at whichever endpoint."""

from typing import TYPE_CHECKING

from pollux.connect.presence import Presence

if TYPE_CHECKING:
    from pollux.site.live import LiveSite


def connected(live: "LiveSite") -> list[Presence]:
    """The connections over MQTT, and who has lately spoken over CoAP, which has none."""
    return [one for endpoint in (live.endpoint, live.coap) if endpoint is not None for one in endpoint.connections()]
