"""The CoAP endpoint of an open site: whom it asks, where what it hears goes, and what twins it shows."""

import json
from typing import TYPE_CHECKING

from pollux.clock import WallClock
from pollux.connect.coap.endpoint import CoapEndpoint
from pollux.connect.wire.rights import Rights, layouts
from pollux.site.addresses import parsed
from pollux.site.meaning import patterns, persons
from pollux.site.states import state_of

if TYPE_CHECKING:
    from pollux.site.live import LiveSite


def coap_endpoint(live: "LiveSite") -> CoapEndpoint | None:
    """The endpoint where a site is opened with one; raises SetupError where it speaks DTLS without pyOpenSSL."""
    address = live.options.coap
    if address is None:
        return None
    declared = live.site.declared

    def read(twin: str) -> bytes | None:
        type_, _, id_ = twin.partition("/")
        with live.pipe.lock:
            block = live.estate.blocks.get(type_)
            row = None if block is None else block.row_of.get(id_)
            return None if row is None else json.dumps(state_of(live.estate, type_, row)).encode()

    return CoapEndpoint(
        parsed(address, secured=live.secure is not None),
        gate=live.gate,
        rights=Rights(live.gate, layouts(patterns(declared)), personal=persons(declared)),
        sink=live.sink,
        clock=WallClock(),
        read=read,
        kinds=tuple(declared),
        told=live.letters.keep,
        shaken=lambda host, why: live.gate.attempts.tell("", "", host, why),
        dtls=live.secure.dtls() if live.secure else None,
    )
