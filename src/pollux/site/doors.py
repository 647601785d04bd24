"""The doors of an open site: everything through which something comes in from outside, or leaves."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, final

from pollux.clock import WallClock
from pollux.columns.memory import NEVER
from pollux.connect.mqtt.endpoint import MqttEndpoint
from pollux.connect.wire.rights import layouts
from pollux.guard import Doors as Names
from pollux.show import Application, Server, serve
from pollux.show.documents.site import Broken
from pollux.show.facts import Metric
from pollux.site.addresses import allowed
from pollux.site.brokers import brokers_of
from pollux.site.datagrams import coap_endpoint
from pollux.site.fields import Fields
from pollux.site.guests import Guests
from pollux.site.house import SiteHouse
from pollux.site.meaning import patterns, persons
from pollux.site.nodes import opcua_server
from pollux.site.sessions import memory_of

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

_HEARD: Final = "devices are heard"


@final
class Doors:
    """Opens and closes them in order, says which are broken, and counts what passed.

    `mqtt`, `coap`, `opcua` and `http` are None where the site is opened without them; `brokers` and `fields` hold a
    client for each that is declared, `guests` what speaks in topics of its own at the site's endpoint.
    """

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self.guests = Guests(live)
        self.mqtt = _mqtt_endpoint(live, self.guests)
        self.brokers = brokers_of(live)
        self.coap = coap_endpoint(live)
        self.fields = _fields(live)
        self.opcua = opcua_server(live)
        self.http: Server | None = None

    @property
    def carries(self) -> bool:
        """Whether there is a way for orders to leave."""
        return bool(self.mqtt or self.coap or self.brokers or self.fields)

    def open(self) -> None:
        """Let devices, twins' other hearers and people in, in this order."""
        if self.mqtt:
            self.mqtt.start()
        self.brokers.start()
        if self.coap:
            self.coap.start()
        self.guests.start()
        self.fields.start()
        if self.opcua:
            self.opcua.start()

    def show(self, address: str) -> None:
        """Serve the page and the API."""
        live, secure = self._live, self._live.secure
        host, port = allowed(address, secured=secure is not None, by_name=live.options.insecure)
        names, enrolling = (secure.doors, secure.desk) if secure else (Names, None)
        app = Application(SiteHouse(live), doors=names, enrolling=enrolling)
        acceptor, name = (secure.acceptor("http", live.shaken), secure.names[0]) if secure else (None, None)
        self.http = serve(app, host=host, port=port, secure=acceptor, name=name).start()

    def close(self) -> None:
        """Let nobody in any more; those that never opened are closed too."""
        if self.http:
            self.http.stop()
        self.guests.stop()
        if self.mqtt:
            self.mqtt.stop()
        self.brokers.stop()
        if self.coap:
            self.coap.stop()
        self.fields.stop()
        if self.opcua:
            self.opcua.stop()

    # -- what leaves --------------------------------------------------------------------------------------------------

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """To whoever hears a topic and may."""
        if self.mqtt:
            self.mqtt.publish(topic, payload, qos=1 if not retain else 0, retain=retain)
        if self.coap:
            self.coap.publish(topic, payload)
        self.guests.publish(topic, payload)

    def publish_states(self, states: Sequence[tuple[str, bytes]]) -> None:
        """The states of some twins, retained."""
        if self.mqtt:
            self.mqtt.publish_retained(states)
        for topic, payload in states:
            if self.coap:
                self.coap.publish(topic, payload)
            self.guests.publish(topic, payload)

    def retain(self, topic: str, payload: bytes) -> None:
        """To whoever hears a topic and may, now or later, at least once."""
        if self.mqtt:
            self.mqtt.publish(topic, payload, qos=1, retain=True)

    # -- how they are -------------------------------------------------------------------------------------------------

    def broken(self) -> list[Broken]:
        """The promises that doors do not keep just now."""
        found = [
            Broken(promise=promise, text=door.failure)
            for promise, door in (
                (_HEARD, self.mqtt),
                (_HEARD, self.coap),
                ("twins are shown over OPC UA", self.opcua),
            )
            if door is not None and door.failure
        ]
        return [*found, *self.fields.broken(), *self.brokers.broken(), *self.guests.broken()]

    def metrics(self) -> list[Metric]:
        """What each has counted."""
        found = [*self.fields.metrics(), *self.brokers.metrics(), *self.guests.metrics()]
        for name, about, door in (
            ("pollux_mqtt_total", "What the MQTT endpoint counted.", self.mqtt),
            ("pollux_coap_total", "What the CoAP endpoint counted.", self.coap),
            ("pollux_opcua_total", "What the OPC UA server counted.", self.opcua),
        ):
            if door is not None:
                samples = tuple(({"kind": kind}, float(count)) for kind, count in door.counters.items())
                found.append(Metric(name, "counter", about, samples))
        return found


def _mqtt_endpoint(live: "LiveSite", guests: Guests) -> MqttEndpoint | None:
    address = live.options.mqtt
    if address is None:
        return None
    secure = live.secure
    return MqttEndpoint(
        allowed(address, secured=secure is not None, by_name=live.options.insecure),
        gate=live.gate,
        sink=guests.sieve(live.sink),
        clock=WallClock(),
        translate=guests.translate(layouts(patterns(live.site.declared, brokers=False))),
        personal=persons(live.site.declared),
        told=live.letters.keep,
        tls=secure.acceptor("mqtt", live.shaken) if secure else None,
        memory=memory_of(live),
    )


def _fields(live: "LiveSite") -> Fields:
    def known(type_: str, twin: str, signal: str) -> int:
        """When the newest value that is known of a signal was so."""
        with live.pipe.lock:
            block = live.estate.blocks[type_]
            row = block.row_of.get(twin)
            return int(NEVER if row is None else block.event_time[block.schema.index[signal], row])

    return Fields(
        live.site.declared,
        live.options.folder,
        gate=live.gate,
        sink=live.sink,
        clock=WallClock(),
        told=live.letters.keep,
        acts=live.options.act,
        known=known,
    )
