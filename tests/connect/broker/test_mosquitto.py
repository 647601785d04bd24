"""Through a real Mosquitto into a site, also when one of them is killed on the way, and orders back."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pollux as px
from pollux.site.declare import declared_in
from pollux.site.live import LiveSite
from tests.connect.broker.mosquitto import Device, Mosquitto, mosquitto
from tests.connect.rig import until
from tests.guard import handshake


class Pump(px.Twin):
    temp = px.sensor("K", low=0, high=1e9)


SITE = """
import pollux as px


class Pump(px.Twin):
    line = px.fact("text")
    temp = px.sensor("K", low=0, high=1e9)
    speed = px.actuator("rad/s", low=0, high=200, safe=0)


site = px.Site("plant")
pumps = site.fleet(
    Pump,
    px.mqtt(
        "plant/{{line}}/{{id}}/telemetry",
        broker=px.Broker("mqtt://127.0.0.1:{port}", version="{version}", qos={qos}),
        commands="plant/{{line}}/{{id}}/cmd",
    ),
)
"""


def site_file(folder: Path, broker: Mosquitto, *, version: str = "5", qos: int = 1) -> Path:
    path = folder / "site.py"
    path.write_text(SITE.format(port=broker.port, version=version, qos=qos))
    return path


def fleet(live: LiveSite) -> "px.Fleet[Any]":
    (declared,) = live.site.declared.values()
    return px.Fleet(live.site, declared)


def reading(n: int) -> bytes:
    return json.dumps({"temp": n, "seq": n}).encode()


@pytest.mark.parametrize(("version", "qos"), [("5", 1), ("3.1.1", 1), ("5", 2), ("5", 0)])
def test_through_mosquitto(tool: Callable[[str], str], tmp_path: Path, version: str, qos: int) -> None:
    """What a device publishes there is in the twin, with the fact that its topic tells, and acknowledged."""
    # At QoS 2 Mosquitto 2.0.11 stops after a window of 20, for its own mosquitto_sub too.
    count = 15 if qos == 2 else 50
    with mosquitto(tool, tmp_path / "broker") as broker:
        site = declared_in(site_file(tmp_path, broker, version=version, qos=qos))
        with site.open(tmp_path / "data") as live:
            (client,) = live.doors.brokers.clients.values()
            until(lambda: client.connected, client.trouble)
            assert live.doors.brokers.broken() == []
            device = Device(broker.port, "P-7", qos=qos)
            for n in range(1, count + 1):
                device.say("plant/l1/P-7/telemetry", reading(n))
            until(lambda: len(fleet(live)) and float(fleet(live)["P-7"].now.temp) == count)
            assert str(fleet(live)["P-7"].now.line) == "l1"
            if qos:
                until(lambda: client.counters["acknowledged"] == count)
            device.close()


def test_orders_go_there_and_answers_come_back(tool: Callable[[str], str], tmp_path: Path) -> None:
    """An order leaves under the topic that the mapping names, with the line that the twin is known to stand in."""
    with mosquitto(tool, tmp_path / "broker") as broker:
        site = declared_in(site_file(tmp_path, broker))
        with site.open(tmp_path / "data", act=True, mqtt=None) as live:
            (client,) = live.doors.brokers.clients.values()
            until(lambda: client.connected, client.trouble)
            device = Device(broker.port, "P-7")
            device.client.subscribe("plant/l1/P-7/cmd", 1)
            device.say("plant/l1/P-7/telemetry", b'{"temp": 300}')
            until(lambda: len(fleet(live)))
            pump = fleet(live)["P-7"]
            speed = site.declared["Pump"].kind.speed  # type: ignore[attr-defined]
            order = pump.set({speed: 5.0}, reason="a try", expires="1 min")
            (message,) = until(lambda: device.heard)
            told = json.loads(message.payload)
            assert (message.topic, told["params"], told["id"]) == ("plant/l1/P-7/cmd", {"speed": 5.0}, order.id)
            device.say("plant/l1/P-7/cmd/ack", json.dumps({"id": order.id, "state": "accepted"}).encode())
            assert order.wait("accepted", timeout=20) == "accepted"
            assert live.letters.counts == {}
            device.close()


def test_with_certificates_on_both_sides(tool: Callable[[str], str], tmp_path: Path) -> None:
    """A Mosquitto that wants a certificate hears from one, and is believed for its own; without one people are told."""
    made = handshake.made(tmp_path / "authority")
    mine, folder = made.device("P-7"), made.folder
    made.accounts.close()
    secured = (f"cafile {folder}/root.pem", f"certfile {folder}/server.pem", f"keyfile {folder}/server.pem")
    with mosquitto(tool, tmp_path / "broker", *secured, "require_certificate true") as broker:
        for shown, words in ((mine, ""), (None, "may be refused")):
            where = px.Broker(f"mqtts://localhost:{broker.port}", ca=folder / "root.pem", certificate=shown, key=shown)
            site = px.Site("plant")
            site.fleet(Pump, px.mqtt("plant/{id}", broker=where))
            with site.open(tmp_path / "data", mqtt=None) as live:
                (client,) = live.doors.brokers.clients.values()
                until(lambda: client.connected if not words else words in client.trouble, client.trouble)  # noqa: B023


def served(site: Path, data: Path) -> "subprocess.Popen[bytes]":
    words = ["serve", str(site), "--data", str(data), "--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0"]
    process = subprocess.Popen([sys.executable, "-m", "pollux", *words], stdout=subprocess.PIPE)
    assert process.stdout is not None
    while not process.stdout.readline().startswith(b"devices"):
        assert process.poll() is None
    return process


class Interrupted:
    """A device that publishes through a broker into a site of its own process, both of which end at some moments."""

    def __init__(self, broker: Mosquitto, folder: Path) -> None:
        self.broker, self.site, self.data = broker, site_file(folder, broker), folder / "data"
        self.pollux = served(self.site, self.data)
        self.device, self.said, self.pace = Device(broker.port, "P-7"), 0, threading.Event()

    def say(self, count: int) -> None:
        for _ in range(count):
            self.said += 1
            self.device.say("plant/l1/P-7/telemetry", reading(self.said))
            self.pace.wait(0.001)

    def kill_pollux(self) -> None:
        self.pollux.send_signal(signal.SIGKILL)
        self.pollux.wait(20)
        self.pollux = served(self.site, self.data)

    def restart_broker(self) -> None:
        self.broker.stop()
        self.broker.start()

    def close(self) -> None:
        try:
            self.device.confirmed()
        finally:
            self.device.close()
            self.pollux.kill()
            self.pollux.wait(20)

    def check(self) -> None:
        """What the broker still has is fetched; then everything is there, once."""
        with declared_in(self.site).open(self.data) as live:
            until(lambda: len(fleet(live)) and samples(live) >= self.said, "everything is there")
            assert samples(live) == self.said


def samples(live: LiveSite) -> int:
    """How many readings the twin has taken."""
    found = fleet(live)["P-7"].quality.signals
    return sum(one.samples for one in found if one.signal == "temp")


def test_a_restart_of_mosquitto_and_a_kill_of_pollux_lose_and_double_nothing(
    tool: Callable[[str], str], tmp_path: Path
) -> None:
    """One restart of a broker that saves on every change, one kill -9 of Pollux, while a device publishes at QoS 1."""
    with mosquitto(tool, tmp_path / "broker") as broker:
        plant = Interrupted(broker, tmp_path)
        try:
            plant.say(300)
            plant.kill_pollux()
            plant.say(300)
            plant.restart_broker()
            plant.say(300)
        finally:
            plant.close()
        plant.check()


@pytest.mark.soak
def test_random_kills_and_restarts_lose_and_double_nothing(tool: Callable[[str], str], tmp_path: Path) -> None:
    """Forty of them, in any order and at any moment."""
    random = np.random.default_rng(1)
    with mosquitto(tool, tmp_path / "broker") as broker:
        plant = Interrupted(broker, tmp_path)
        try:
            for _ in range(int(os.environ.get("POLLUX_ROUNDS", "40"))):
                plant.say(int(random.integers(1, 400)))
                (plant.kill_pollux if random.random() < 0.5 else plant.restart_broker)()
            plant.say(100)
        finally:
            plant.close()
        plant.check()
