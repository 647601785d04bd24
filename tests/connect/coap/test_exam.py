"""The exam of drivers: the CoAP endpoint passes."""

import select
import threading
from typing import final

from pollux.clock import WallClock
from pollux.connect import AbstractDriver, Sink
from pollux.connect.coap.blocks import Block
from pollux.connect.coap.codes import Code, Kind
from pollux.connect.coap.endpoint import CoapEndpoint
from pollux.connect.coap.limits import Limits
from pollux.connect.wire.rights import Rights, native
from pollux.guard import Identity
from pollux.testing.driver import AbstractBench, AbstractDevice, check_driver
from tests.connect.coap.rig import Client
from tests.connect.rig import OpenGate, until

DEVICES = tuple(
    Identity("t", name, "device", frozenset({"device"}), (f"Pump/{name}",), grant="test") for name in ("one", "two")
)
IN_FLIGHT = 32


@final
class CoapDevice(AbstractDevice):
    """A device that has some requests under way at a time, and confirms answers that come by themselves."""

    def __init__(self, client: Client, name: str) -> None:
        self.client, self.topic = client, f"twins/Pump/{name}/telemetry"
        self.sent = self.accepted = self.refused = 0
        self._reading = threading.Lock()

    def send(self, payload: bytes) -> None:
        until(lambda: self.sent - self.acknowledged() - self.refused < IN_FLIGHT, "answers")
        self.sent += 1
        self.client.send(Code.POST, self.topic, payload, content_format=42)

    def send_forbidden(self, payload: bytes) -> None:
        self.client.send(Code.POST, "twins/Pump/other/telemetry", payload)
        self.sent += 1

    def acknowledged(self) -> int:
        with self._reading:
            while select.select([self.client.socket], [], [], 0)[0]:
                message = self.client.get()
                if message.kind is Kind.CON:
                    self.client.acknowledge(message)
                self.accepted += message.code == Code.CHANGED
                self.refused += message.code not in (Code.CHANGED, Code.EMPTY)
        return self.accepted

    def break_off(self) -> None:
        self.client.send(Code.POST, self.topic, bytes(1_024), block1=Block(0, True, 6).value)
        self.client.close()

    def close(self) -> None:
        self.client.close()


@final
class CoapBench(AbstractBench):
    """The endpoint on the bench."""

    most_waiting = IN_FLIGHT * 4_200

    def make(self, sink: Sink) -> AbstractDriver:
        gate = OpenGate(people=DEVICES, by_name=False)
        return CoapEndpoint(
            ("127.0.0.1", 0),
            gate=gate,
            rights=Rights(gate, native),
            sink=sink,
            clock=WallClock(),
            read=lambda twin: None,
            limits=Limits(piggyback_seconds=0.1),
        )

    def device(self, driver: AbstractDriver, name: str) -> AbstractDevice | None:
        assert isinstance(driver, CoapEndpoint)
        client = Client(driver.port, f"name={name}")
        if client.ask(Code.GET, ".well-known/core").code != Code.CONTENT:
            client.close()
            return None
        return CoapDevice(client, name)


def test_the_endpoint_passes() -> None:
    """The CoAP endpoint keeps every promise of a driver."""
    check_driver(CoapBench())
