"""A driver that hears the plant, with a sink that keeps what it takes."""

import threading
from contextlib import contextmanager
from typing import Any

import pollux as px
from pollux.clock import stopwatch
from pollux.columns.field import unpack_field
from pollux.columns.frames import Encoding
from pollux.connect.backoff import Backoff
from pollux.connect.opcua.declared import opcua
from pollux.connect.opcua.driver import OpcuaDriver
from tests.connect.field.paper import Kept, place
from tests.connect.opcua.authority import fingerprint
from tests.connect.opcua.rig import PASSWORD, URI, USER


class Pump(px.Twin):
    """What the plant has."""

    temp = px.sensor("degC", low=-50, high=200)
    pressure = px.sensor("bar", low=0, high=50)
    running = px.fact("flag")
    mode = px.fact(["off", "eco", "full"])
    label = px.fact("text")
    speed = px.actuator("rpm", low=0, high=3000, safe=0)


def nodes(*signals):
    """Nodes of these signals for any twin."""
    return {signal: f"nsu={URI};s={{id}}.{signal.name}" for signal in signals}


def source(plant, *signals, monkeypatch, named=None, **more):
    """The plant as it is declared: pinned and with a password, unless told otherwise."""
    monkeypatch.setenv("PLANT_PASSWORD", PASSWORD)
    said: dict[str, Any] = {
        "username": USER,
        "password_env": "PLANT_PASSWORD",
        "sampling": "20 ms",
        "publishing": "50 ms",
    }
    if "authority" not in more and more.get("security") != "None":
        said["pin"] = fingerprint(plant.certificate)
    return opcua(plant.url, nodes={**nodes(*signals), **(named or {})}, **(said | more))


@contextmanager
def hearing(folder, declared, sink=None, *, acts=False, reached=None):
    """A running driver and its sink; the driver is stopped at the end."""
    sink = sink or Kept()
    given = place(folder, sink, acts=acts, reached=reached)
    driver = OpcuaDriver(declared, Pump.__pollux__, given, backoff=Backoff(least=0.05, most=0.2))
    driver.start()
    try:
        yield driver, sink
    finally:
        driver.stop()


def told(sink, twin=None):
    """All that was told, in order: signal, value, time, status, unit."""
    found = []
    for batch in list(sink.batches):
        for i in range(len(batch)):
            if batch.encoding[i] == Encoding.FIELD and (twin is None or f"/{twin}/".encode() in batch.topic(i)):
                found += [tuple(one) for one in unpack_field(bytes(batch.payload(i))).data]
    return found


def values(sink, signal, twin=None):
    """Values of one signal, in order."""
    return [one[1] for one in told(sink, twin) if one[0] == signal]


def answers(sink):
    """What was answered to orders: payloads in order."""
    return [
        bytes(batch.payload(i))
        for batch in list(sink.batches)
        for i in range(len(batch))
        if batch.topic(i).endswith(b"/commands/ack")
    ]


def until(holds, *, within=10.0):
    """Wait for a condition, with a bound."""
    end, pause = stopwatch() + within, threading.Event()
    while not holds():
        assert stopwatch() < end, "it did not become true in time"
        pause.wait(0.01)
