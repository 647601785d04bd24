"""A small plant for the tests of the site: pumps, and a person, with devices that speak over MQTT."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

import pollux as px
from pollux.clock import stopwatch
from pollux.site import LiveSite


class Motor(px.Twin):
    """A motor that warms with its speed and wears with its warmth."""

    speed = px.actuator("rpm", low=0, high=3000, safe=0)
    temp = px.sensor("K", low=250, high=450, noise=0.5, start=300)
    wear = px.hidden("1", start=0, low=0)
    heating = px.parameter("K/s/rpm", px.lognormal(1e-4, 0.2))

    @px.rate(temp)
    def warms(self):
        return self.heating * self.speed - (self.temp - px.quantity(293, "K")) / px.quantity(600, "s")

    @px.rate(wear)
    def wears(self):
        return px.quantity(1e-6, "1/s") * (self.temp / px.quantity(300, "K"))

    @px.event
    def burns(self):
        return self.temp >= px.quantity(440, "K")


class Person(px.Twin, personal=True):
    """Somebody whose weight is measured."""

    weight = px.sensor("kg", low=20, high=300)


def site() -> tuple[px.Site, px.Fleet[Motor], px.Fleet[Person]]:
    """A site with both types, watched."""
    plant = px.Site("plant")
    motors = plant.fleet(Motor)
    people = plant.fleet(Person, thing="patient")
    plant.watch(Motor, px.limit(Motor.temp > 400, severity="high", title="Hot"))
    return plant, motors, people


class Device:
    """A device that came in by its name and speaks for one twin."""

    def __init__(self, live: LiveSite, twin: str, answer: Callable[[dict[str, Any]], str] | None = None) -> None:
        assert live.endpoint is not None
        self._twin, self._answer = twin, answer
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=twin.split("/")[1], protocol=paho.MQTTv5)
        self._client.username_pw_set(twin.split("/")[1])
        self._client.on_message = self._heard
        self._ready = threading.Event()
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_connect = self._connected
        self._client.connect("127.0.0.1", live.endpoint.port)
        self._client.loop_start()
        assert self._ready.wait(10)

    def send(self, **values: Any) -> None:
        """Send values and wait until they are acknowledged."""
        message = self._client.publish(f"twins/{self._twin}/telemetry", json.dumps(values), qos=1)
        message.wait_for_publish(10)
        assert message.is_published()

    def _connected(self, client: paho.Client, *_: Any) -> None:
        client.subscribe(f"twins/{self._twin}/commands", qos=1)

    def _heard(self, client: paho.Client, _: Any, message: paho.MQTTMessage) -> None:
        command = json.loads(message.payload)
        state = self._answer(command) if self._answer else "done"
        body = json.dumps({"id": command["id"], "state": state, "reason": "told so"})
        client.publish(f"twins/{self._twin}/commands/ack", body, qos=1)

    def stop(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def device(live: LiveSite, twin: str, answer: Callable[[dict[str, Any]], str] | None = None) -> Iterator[Device]:
    """A connected device, and its end."""
    one = Device(live, twin, answer)
    try:
        yield one
    finally:
        one.stop()


def until(holds: Callable[[], bool], *, within: float = 10.0) -> None:
    """Wait for a condition, with a bound."""
    end = stopwatch() + within
    pause = threading.Event()
    while not holds():
        assert stopwatch() < end, "it did not become true in time"
        pause.wait(0.01)


def files_below(folder: Path) -> bytes:
    """All bytes of a folder, keys left out: they are kept apart from the data."""
    return b"".join(p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and "keys" not in p.parts)
