"""How long a value takes from the device to the API and to a page, while others send at a stated rate; one clock.

A probe publishes a number at QoS 1 again and again. Observers note when they have it, by the same clock of the machine:
a client that asks the API until the number stands there, a client on the live wire (what a page hears, at its full
rate), and, where Chromium is here, the text on the page itself. Beside it a compiled generator sends the messages of a
thousand other devices, evenly, at the rate that the line names. The line `ingest-paced` is the site's processor time
per message at the higher rate, with nobody looking.
"""

import argparse
import json
import os
import select
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from tests.promises.ingest import accepting, connected, cpu_of, framed, opened
from tests.promises.measurement import Measurement
from tests.promises.observers import Api, Observer, Page, Wire
from tests.promises.processes import ask, child

MODULE = "tests.promises.latency"
RATES = (1_000, 20_000)
SECONDS = 30.0
RUNS = 3
CONNECTIONS = 1_000
TOKEN = "a-token-of-the-bench"
QUANTILES = (50, 95, 99)


# -- the load ---------------------------------------------------------------------------------------------------------


def _compiled_pace() -> Any:
    from numba import njit, types

    size, count, integer = types.uintp, types.intp, types.int32
    recv: Any = types.ExternalFunction("recv", count(integer, size, size, integer))
    send: Any = types.ExternalFunction("send", count(integer, size, size, integer))
    wait: Any = types.ExternalFunction("epoll_wait", integer(integer, size, integer, integer))
    tell: Any = types.ExternalFunction("clock_gettime", integer(integer, size))

    @njit(nogil=True)
    def pace(epoll: int, handles: Any, frames: Any, length: int, gap: int, until: int) -> Any:
        """One message every `gap` nanoseconds, over the connections in turn; answers are taken between them."""
        events, answers, clock = np.empty(12 * 1024, np.uint8), np.empty(4_096, np.uint8), np.empty(2, np.int64)
        tell(1, clock.ctypes.data)
        now = clock[0] * 1_000_000_000 + clock[1]
        due, turn, sent, acknowledged = now, 0, 0, 0
        while now < until or (acknowledged < sent and now < until + 2_000_000_000):
            while due <= now and now < until:
                i = turn % handles.shape[0]
                send(handles[i], frames[i * length :].ctypes.data, length, 0)
                turn, sent, due = turn + 1, sent + 1, due + gap
            # Below a millisecond the wait of the system is too coarse: look again at once.
            n = wait(epoll, events.ctypes.data, 1024, 1 if due - now > 1_000_000 else 0)
            for e in range(n):
                handle = np.int64(0)
                for k in range(4):
                    handle |= np.int64(events[12 * e + 4 + k]) << (8 * k)
                got = recv(handle, answers.ctypes.data, answers.shape[0], 64)
                acknowledged += max(got, 0) // 4
            tell(1, clock.ctypes.data)
            now = clock[0] * 1_000_000_000 + clock[1]
        return acknowledged, sent

    return pace


def generate(port: int, rate: int, seconds: float) -> None:
    """Send evenly at a rate for so long, when told on stdin; print what came back."""
    pace = _compiled_pace()
    sockets = connected(port, CONNECTIONS)
    handles = np.array([sock.fileno() for sock in sockets], np.int32)
    epoll = select.epoll()
    for handle in handles.tolist():
        epoll.register(handle, select.EPOLLIN)
    frames, length = framed(CONNECTIONS, 1)
    gap = 1_000_000_000 // rate

    def run(duration: float) -> tuple[int, int]:
        until = time.clock_gettime_ns(time.CLOCK_MONOTONIC) + int(duration * 1e9)
        acknowledged, sent = pace(epoll.fileno(), handles, frames, length, gap, until)
        return int(acknowledged), int(sent)

    run(max(1.0, 1.2 * CONNECTIONS / rate))  # compile, and let the site meet every device once
    print("ready", flush=True)
    sys.stdin.readline()
    acknowledged, sent = run(seconds)
    print(json.dumps({"acknowledged": acknowledged, "sent": sent}), flush=True)


# -- the site ---------------------------------------------------------------------------------------------------------


def serve() -> None:
    """A site with a page; each line on stdin prints the processor time so far."""
    with tempfile.TemporaryDirectory() as folder:
        live = opened(Path(folder) / "data", http="127.0.0.1:0")
        live.accounts.first_administrator(TOKEN)
        print(json.dumps({"mqtt": live.endpoint.port, "url": live.server.url, "page": live.page()}), flush=True)
        for _ in sys.stdin:
            print(json.dumps({"cpu": time.process_time()}), flush=True)
        live.__exit__(None, None, None)


@contextmanager
def _site() -> Iterator[tuple[Any, dict[str, Any]]]:
    server = child(MODULE, "serve")
    try:
        yield server, json.loads(ask(server))
    finally:
        assert server.stdin is not None
        server.stdin.close()
        server.wait(timeout=30)


@contextmanager
def _load(port: int, rate: int, seconds: float) -> Iterator[Any]:
    generator = child(MODULE, "generate", port, rate, seconds)
    try:
        assert ask(generator) == "ready\n", "the generator did not get ready"
        yield generator
    finally:
        generator.kill()
        generator.wait()


# -- one measurement --------------------------------------------------------------------------------------------------


class Probe:
    """A device that publishes a number, and when."""

    def __init__(self, port: int) -> None:
        import paho.mqtt.client as paho
        from paho.mqtt.enums import CallbackAPIVersion

        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="probe", protocol=paho.MQTTv311)
        self._client.username_pw_set("probe")
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._number = 0

    def send(self) -> tuple[float, int]:
        """A number that was not there before; the moment at which it left, and the number."""
        self._number += 1
        body = json.dumps({"rpm": self._number % 5_000}).encode()
        moment = time.monotonic()
        self._client.publish("twins/Pump/probe/telemetry", body, qos=1)
        return moment, self._number % 5_000

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def delays(rate: int, seconds: float = SECONDS) -> dict[str, list[float]]:
    """For each observer the delays in seconds; what was not seen within five seconds counts as infinite."""
    with _site() as (_, told), _load(told["mqtt"], rate, seconds) as generator:
        probe = Probe(told["mqtt"])
        probe.send()
        generator.stdin.write("go\n")
        generator.stdin.flush()
        end = time.monotonic() + seconds - 1.0
        found = _seen(probe, [Wire(told["url"], TOKEN), Api(told["url"], TOKEN)], end - seconds / 2)
        if Page.here():
            # Last and alone: a browser that draws in software would slow down the others.
            found |= _seen(probe, [Page(told["page"], told["url"])], end)
        probe.stop()
        result = json.loads(generator.stdout.readline())
        assert result["acknowledged"] == result["sent"], "the site fell behind the rate"
        return found


def _seen(probe: Probe, observers: list[Observer], end: float) -> dict[str, list[float]]:
    """Delays of some observers, until a moment; one after the other, as each would slow down the others."""
    found: dict[str, list[float]] = {one.name: [] for one in observers}
    pause, dice = threading.Event(), np.random.default_rng(1)
    while time.monotonic() < end:
        for one in observers:
            one.expect()
            moment, number = probe.send()
            found[one.name].append(one.seen(number, within=5.0) - moment)
            pause.wait(float(dice.uniform(0.02, 0.12)))  # at any moment of the ticks
    for one in observers:
        one.stop()
    return found


def paced(rate: int = RATES[-1], seconds: float = 5.0) -> float:
    """Processor time of the site per message, in microseconds, at an even rate that leaves it idle in between."""
    with _site() as (server, told):
        return _cost(told["mqtt"], lambda: float(json.loads(ask(server, "?"))["cpu"]), rate, seconds)


def paced_peer(rate: int = RATES[-1], seconds: float = 5.0) -> float | None:
    """The same of mosquitto, merely accepting; None if it is not here."""
    with accepting() as broker:
        return None if broker is None else _cost(broker[0], lambda: cpu_of(broker[1]), rate, seconds)


def _cost(port: int, cpu: Callable[[], float], rate: int, seconds: float) -> float:
    with _load(port, rate, seconds) as generator:
        before = cpu()
        result = json.loads(ask(generator, "go"))
        used = cpu() - before
        assert result["acknowledged"] == result["sent"], "it fell behind the rate"
        return float(used / result["sent"] * 1e6)


def measure() -> Iterator[Measurement]:
    """The promises about delay, by observer and rate, and the processor time at a pace."""
    runs = [(paced(), paced_peer()) for _ in range(RUNS)]
    ours, theirs = median(own for own, _ in runs), [peer for _, peer in runs if peer is not None]
    other, whom = (
        (median(theirs), "mosquitto, merely accepting") if theirs else (None, "mosquitto (apt install mosquitto)")
    )
    goal = "<= 12 at 20,000 msg/s"
    yield Measurement("ingest-paced", ours, "us CPU a message", goal, whom, other, ours / other if other else None)
    for rate in RATES:
        for name, seen in delays(rate).items():
            for quantile in QUANTILES:
                value = float(np.percentile(seen, quantile, method="higher")) * 1_000
                yield Measurement("latency", value, f"ms {name} p{quantile}", f"at {rate:,} msg/s, n {len(seen)}")


def main() -> None:
    """One of the child processes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("role")
    parser.add_argument("rest", nargs="*")
    options = parser.parse_args()
    if options.role == "generate":
        generate(int(options.rest[0]), int(options.rest[1]), float(options.rest[2]))
    else:
        serve()


if __name__ == "__main__":
    os.environ.pop("POLLUX_TOKEN", None)
    main()
