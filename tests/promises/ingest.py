"""How much processor time a site spends per MQTT message, with a load generator in a process of its own.

`measure()` gives the lines of `pollux bench ingest`; as a program, `python -m tests.promises.ingest`, it prints more
cases. The generator is compiled and talks to the sockets through the C library, so that it costs less than what it
measures; its own time is shown too. The figures of a busy machine are ratios at best: the peer, mosquitto merely
accepting, runs between our runs.
"""

import argparse
import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from tests.promises.measurement import Measurement
from tests.promises.processes import ask, child

MODULE = "tests.promises.ingest"

PAYLOAD = b'{"temperature": 21.53, "vibration": 0.131, "rpm": 1480}'


# -- the generator ----------------------------------------------------------------------------------------------------


def _compiled_load() -> Any:
    from numba import njit, types

    size, count, integer = types.uintp, types.intp, types.int32
    recv: Any = types.ExternalFunction("recv", count(integer, size, size, integer))
    send: Any = types.ExternalFunction("send", count(integer, size, size, integer))
    wait: Any = types.ExternalFunction("epoll_wait", integer(integer, size, integer, integer))
    tell: Any = types.ExternalFunction("clock_gettime", integer(integer, size))

    @njit(nogil=True)
    def load(
        epoll: int,
        handles: Any,
        place: Any,
        frames: Any,
        length: int,
        window: int,
        until: int,
        sent_at: Any,
        delays: Any,
    ) -> Any:
        events, answers, clock = np.empty(12 * 1024, np.uint8), np.empty(65_536, np.uint8), np.empty(2, np.int64)
        acknowledged, sent, noted, owed = 0, 0, 0, np.zeros(handles.shape[0], np.int64)
        tell(1, clock.ctypes.data)
        now = clock[0] * 1_000_000_000 + clock[1]
        for i in range(handles.shape[0]):
            send(handles[i], frames[i * window * length :].ctypes.data, window * length, 0)
            sent_at[i] = now
            sent += window
        while acknowledged < sent:
            n = wait(epoll, events.ctypes.data, 1024, 2000)
            if n <= 0:
                break
            tell(1, clock.ctypes.data)
            now = clock[0] * 1_000_000_000 + clock[1]
            for e in range(n):
                handle = np.int64(0)
                for k in range(4):
                    handle |= np.int64(events[12 * e + 4 + k]) << (8 * k)
                i = place[handle]
                got = recv(handle, answers.ctypes.data, answers.shape[0], 64)
                if got <= 0:
                    return acknowledged, sent, noted
                owed[i] += got
                free = owed[i] // 4
                owed[i] -= 4 * free
                acknowledged += free
                if noted < delays.shape[0]:
                    delays[noted] = now - sent_at[i]
                    noted += 1
                if free and now < until:
                    send(handle, frames[i * window * length :].ctypes.data, free * length, 0)
                    sent_at[i] = now
                    sent += free
        return acknowledged, sent, noted

    return load


def framed(connections: int, window: int) -> tuple[np.ndarray[Any, Any], int]:
    out = bytearray()
    for number in range(connections):
        topic = b"twins/Pump/pump-%06d/telemetry" % number
        for slot in range(window):
            body = len(topic).to_bytes(2, "big") + topic + (slot % 65_535 + 1).to_bytes(2, "big") + PAYLOAD
            out += bytes([0x32, len(body)]) + body
    return np.frombuffer(bytes(out), np.uint8), len(body) + 2


def connected(port: int, connections: int) -> list[socket.socket]:
    sockets = []
    for number in range(connections):
        name = b"pump-%06d" % number
        body = b"\0\4MQTT\4\2\0\0" + len(name).to_bytes(2, "big") + name
        sock = socket.create_connection(("127.0.0.1", port))
        sock.sendall(bytes([0x10, len(body)]) + body)
        sockets.append(sock)
    for sock in sockets:
        assert sock.recv(4) == b"\x20\2\0\0", "not admitted"
    return sockets


def generate(port: int, connections: int, window: int, seconds: float) -> None:
    """Publish at QoS 1 with `window` messages in flight on each connection; print what came back."""
    load = _compiled_load()
    sockets = connected(port, connections)
    handles = np.array([sock.fileno() for sock in sockets], np.int32)
    place = np.zeros(int(handles.max()) + 1, np.int64)
    place[handles] = np.arange(connections)
    epoll = select.epoll()
    for handle in handles.tolist():
        epoll.register(handle, select.EPOLLIN)
    frames, length = framed(connections, window)
    sent_at, delays = np.zeros(connections, np.int64), np.zeros(2_000_000, np.int64)
    arguments = (epoll.fileno(), handles, place, frames, length, window)
    load(*arguments, 0, sent_at, delays)  # compile, and let the server meet every topic once
    print("ready", flush=True)
    sys.stdin.readline()
    before, start = time.process_time(), time.monotonic()
    until = time.clock_gettime_ns(time.CLOCK_MONOTONIC) + int(seconds * 1e9)
    acknowledged, sent, noted = load(*arguments, until, sent_at, delays)
    took = time.monotonic() - start
    p50, p99 = (np.percentile(delays[:noted], q) / 1e6 if noted else 0.0 for q in (50, 99))
    own = (time.process_time() - before) / max(acknowledged, 1) * 1e6
    print(json.dumps({"acknowledged": acknowledged, "sent": sent, "seconds": took, "p50": p50, "p99": p99, "own": own}))


# -- the server -------------------------------------------------------------------------------------------------------


def _bare(kind: str, splitting: str, connections: int, folder: Path) -> tuple[Any, Any]:
    """The endpoint with the log behind it, or with nothing: what the way through the site costs is the difference."""
    from pollux.clock import WallClock
    from pollux.connect import Limits, MqttEndpoint
    from pollux.guard import Gate
    from pollux.remember import Log

    class Done:
        def then(self, callback: Any, *args: Any) -> None:
            callback(*args)

    clock, done = WallClock(), Done()
    log = Log.open(folder, clock=clock) if kind == "log" else None
    endpoint = MqttEndpoint(
        ("127.0.0.1", 0),
        gate=Gate(by_name=True),
        sink=log.append if log else lambda frames: done,
        clock=clock,
        limits=Limits(connections=connections + 100, unauthenticated=connections + 100),
        splitting=splitting,  # type: ignore[arg-type]
    )
    endpoint.start()

    def close() -> None:
        endpoint.stop()
        if log:
            log.close()

    return endpoint, close


def opened(folder: Path, *, settled: bool = True, **options: Any) -> Any:
    """A whole site: identity, log, decoding, state, two rules, retained states; as `pollux serve` opens it.

    `settled` waits until what is compiled is loaded.
    """
    import pollux as px

    class Pump(px.Twin):
        """The pump of the message."""

        temperature = px.sensor("degC", low=-40, high=200)
        vibration = px.sensor("mm/s", low=0, high=50)
        rpm = px.sensor("rpm", low=0, high=5000)

    site = px.Site("bench")
    site.fleet(Pump)
    site.watch(
        Pump,
        px.limit(Pump.temperature > px.quantity(90, "degC"), severity="high", title="Hot"),
        px.limit(Pump.vibration > 8, severity="medium", title="Rough"),
    )
    live = site.open(folder, **{"insecure": True, **options}).__enter__()
    if settled:
        settle(live)
    return live


def settle(live: Any) -> None:
    """Wait until what is compiled is loaded."""
    pause, end = threading.Event(), time.monotonic() + 60
    while not live.reader.compiled:  # the last of what is compiled or loaded when a site begins
        assert time.monotonic() < end, "the scanner was not loaded"
        pause.wait(0.05)


def _site(folder: Path) -> tuple[Any, Any]:
    live = opened(folder)
    return live.endpoint, lambda: live.__exit__(None, None, None)


def serve(kind: str, splitting: str, connections: int) -> None:
    """Run a server; a line on stdin prints the processor time and the counters so far."""
    sys.setswitchinterval(0.0005)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        endpoint, close = _site(data) if kind == "site" else _bare(kind, splitting, connections, data)
        print(endpoint.port, flush=True)
        for _ in sys.stdin:
            used = time.process_time()
            largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            print(json.dumps({"cpu": used, "largest_kb": largest, "counters": endpoint.counters}), flush=True)
        close()


# -- one measurement --------------------------------------------------------------------------------------------------


def _loaded(port: int, connections: int, window: int, seconds: float, before: Any, after: Any) -> dict[str, Any]:
    generator = child(MODULE, "generate", port, connections, window, seconds)
    try:
        assert ask(generator) == "ready\n", "the generator did not get ready"
        first = before()
        result: dict[str, Any] = json.loads(ask(generator, "go"))
        result["us_per_message"] = (after() - first) / max(result["acknowledged"], 1) * 1e6
        return result
    finally:
        generator.kill()
        generator.wait()


def endpoint(
    *, connections: int = 1000, window: int = 1, seconds: float = 3.0, kind: str = "site", splitting: str = "compiled"
) -> dict[str, Any]:
    """Processor time per message, rate and delays of a whole site, of the endpoint with a log, or with none behind."""
    server = child(MODULE, "serve", kind, splitting, connections)
    try:
        port = int(ask(server))
        cpu = lambda: json.loads(ask(server, "?"))["cpu"]  # noqa: E731
        result = _loaded(port, connections, window, seconds, cpu, cpu)
        told = json.loads(ask(server, "?"))
        counters = told["counters"]
        assert counters["acknowledged"] == counters["received"], "an acknowledgement without a message"
        batches = counters["received"] / max(counters["batches"], 1)
        return {**result, "largest_mb": told["largest_kb"] / 1024, "per_batch": batches}
    finally:
        assert server.stdin is not None
        server.stdin.close()
        server.wait(timeout=30)


@contextmanager
def accepting() -> Iterator[tuple[int, int] | None]:
    """Mosquitto, merely accepting: no log, no limits, nobody listening. Its port and process; None if it is absent."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        yield None
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "mosquitto.conf"
        lines = ("allow_anonymous true", "persistence false", "log_type none", "max_queued_messages 0")
        settings.write_text("\n".join((f"listener {port} 127.0.0.1", *lines, "max_inflight_messages 0\n")))
        broker = subprocess.Popen([program, "-c", str(settings)])
        try:
            until_open(port)
            yield port, broker.pid
        finally:
            broker.send_signal(signal.SIGTERM)
            broker.wait(timeout=10)


def peer(*, connections: int = 1000, window: int = 1, seconds: float = 3.0) -> dict[str, Any] | None:
    """The same load on mosquitto; None if it is not here."""
    with accepting() as broker:
        if broker is None:
            return None
        port, process = broker
        cpu = lambda: cpu_of(process)  # noqa: E731
        return _loaded(port, connections, window, seconds, cpu, cpu)


def until_open(port: int) -> None:
    """Wait until somebody listens on a port of this machine."""
    pause, end = threading.Event(), time.monotonic() + 10
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            pause.wait(0.02)
    raise TimeoutError("the broker did not open its port")


def cpu_of(process: int) -> float:
    """The processor time of a process so far, in seconds."""
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


CASES = (
    ("ingest", 1000, 1, ">= 150,000 (1000 x 1, durable); CPU <= 1.0 x mosquitto accepting"),
    ("ingest-batched", 100, 100, ">= 1,000,000 (100 x 100, durable)"),
)


def measure(seconds: float = 3.0, runs: int = 3) -> Iterator[Measurement]:
    """The promises about ingestion, medians of some runs; the ratio is our processor time per message to the peer's."""
    for name, connections, window, goal in CASES:
        ours, theirs = [], []
        for _ in range(runs):
            ours.append(endpoint(connections=connections, window=window, seconds=seconds))
            theirs.append(peer(connections=connections, window=window, seconds=seconds))
        there = [found for found in theirs if found is not None]
        rate = median(found["acknowledged"] / found["seconds"] for found in ours)
        own = median(found["us_per_message"] for found in ours)
        if not there:
            yield Measurement(name, rate, "msg/s", goal, "mosquitto (apt install mosquitto)", None, None)
            continue
        peer_rate = median(found["acknowledged"] / found["seconds"] for found in there)
        ratio = own / median(found["us_per_message"] for found in there)
        yield Measurement(name, rate, "msg/s", goal, "mosquitto, merely accepting", peer_rate, ratio)


def table(seconds: float) -> None:
    """Print what was measured, case by case."""
    cases: list[tuple[str, dict[str, Any]]] = [
        ("1000 x 1, site", {"connections": 1000, "window": 1, "kind": "site"}),
        ("1000 x 1, log", {"connections": 1000, "window": 1, "kind": "log"}),
        ("1000 x 1, no log", {"connections": 1000, "window": 1, "kind": "none"}),
        ("100 x 100, site", {"connections": 100, "window": 100, "kind": "site"}),
        ("100 x 100, log", {"connections": 100, "window": 100, "kind": "log"}),
        ("1000 x 20, site", {"connections": 1000, "window": 20, "kind": "site"}),
        ("1000 x 1, log, no numba", {"connections": 1000, "window": 1, "kind": "log", "splitting": "plain"}),
        ("100 x 100, log, no numba", {"connections": 100, "window": 100, "kind": "log", "splitting": "plain"}),
    ]
    print(f"{'case':26} {'us/msg':>7} {'msg/s':>9} {'p50 ms':>7} {'p99 ms':>7} {'per batch':>9} {'generator us':>12}")
    for name, options in cases:
        _line(name, endpoint(**options, seconds=seconds))
    for connections, window in ((1000, 1), (100, 100)):
        found = peer(connections=connections, window=window, seconds=seconds)
        if found is not None:
            _line(f"mosquitto {connections} x {window}", found)


def _line(name: str, found: dict[str, Any]) -> None:
    rate, batch = found["acknowledged"] / found["seconds"], found.get("per_batch", 0.0)
    print(
        f"{name:26} {found['us_per_message']:7.2f} {rate:9.0f} {found['p50']:7.2f} {found['p99']:7.2f} "
        f"{batch:9.0f} {found['own']:12.2f}",
        flush=True,
    )


def main() -> None:
    """The table, or one of the two child processes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("role", nargs="*")
    options = parser.parse_args()
    if not options.role:
        table(options.seconds)
    elif options.role[0] == "generate":
        port, connections, window = (int(word) for word in options.role[1:4])
        generate(port, connections, window, float(options.role[4]))
    else:
        serve(options.role[1], options.role[2], int(options.role[3]))


if __name__ == "__main__":
    main()
