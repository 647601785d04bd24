"""Ten thousand devices that stay connected: the memory of a site that holds them, and how soon all are back after it
was killed and opened again. Every device speaks once a minute or so; the site has every twin."""

import argparse
import json
import resource
import select
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.promises.ingest import opened
from tests.promises.measurement import Measurement
from tests.promises.processes import ask, child

MODULE = "tests.promises.many"
DEVICES = 10_000
AT_ONCE = 200
PAUSE = 0.2
WITHIN = 120.0


def connect(name: bytes) -> bytes:
    """CONNECT of a device, MQTT 3.1.1, clean."""
    body = b"\0\4MQTT\4\2\0\0" + len(name).to_bytes(2, "big") + name
    return bytes([0x10, len(body)]) + body


def publish(name: bytes) -> bytes:
    """One message at QoS 1."""
    topic = b"twins/Pump/" + name + b"/telemetry"
    body = len(topic).to_bytes(2, "big") + topic + b"\0\1" + b'{"rpm": 1480}'
    return bytes([0x32, len(body)]) + body


class Devices:
    """Ten thousand clients that come back by themselves, AT_ONCE at a time, after a pause where they were refused."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._epoll = select.epoll()
        self._open: dict[int, tuple[socket.socket, bytes]] = {}
        self._settled: set[bytes] = set()
        self._waiting = [b"pump-%06d" % number for number in range(DEVICES)]
        self._not_before = 0.0

    def all_in(self, within: float) -> float:
        """Until each has been acknowledged a message on its open connection; the seconds that it took."""
        start = time.monotonic()
        while len(self._settled) < DEVICES:
            assert time.monotonic() - start < within, f"only {len(self._settled)} of {DEVICES} came in"
            self._dial()
            self._hear(0.05)
        return time.monotonic() - start

    def all_out(self) -> None:
        """Until every connection has ended."""
        while self._open:
            self._hear(0.05)

    def _dial(self) -> None:
        room = AT_ONCE - (len(self._open) - len(self._settled))
        if time.monotonic() < self._not_before:
            return
        for _ in range(min(room, len(self._waiting))):
            name = self._waiting.pop()
            line = socket.socket()
            try:
                line.connect(("127.0.0.1", self._port))
            except OSError:
                line.close()
                self._waiting.append(name)
                self._not_before = time.monotonic() + PAUSE
                return
            line.setblocking(False)
            line.send(connect(name) + publish(name))
            self._open[line.fileno()] = line, name
            self._epoll.register(line.fileno(), select.EPOLLIN)

    def _hear(self, timeout: float) -> None:
        for handle, _ in self._epoll.poll(timeout):
            line, name = self._open[handle]
            try:
                got = line.recv(64)
            except OSError:
                got = b""
            if not got:
                self._epoll.unregister(handle)
                line.close()
                del self._open[handle]
                self._settled.discard(name)
                self._waiting.append(name)
                self._not_before = time.monotonic() + PAUSE
            elif b"\x40\2\0\1" in got:
                self._settled.add(name)


def serve(data: str, port: int) -> None:
    """A site on a port; each line on stdin prints the largest memory so far."""
    started = time.monotonic()
    live = opened(Path(data), mqtt=f"127.0.0.1:{port}")
    print(json.dumps({"port": live.endpoint.port, "opened": time.monotonic() - started}), flush=True)
    for _ in sys.stdin:
        print(json.dumps({"mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}), flush=True)
    live.__exit__(None, None, None)


def measure() -> Iterator[Measurement]:
    """The promises about many connections. The site is ended by SIGKILL and started again as a new process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
    with tempfile.TemporaryDirectory() as folder:
        first = child(MODULE, "serve", folder, 0)
        port = json.loads(ask(first))["port"]
        devices = Devices(port)
        devices.all_in(WITHIN)
        held = json.loads(ask(first, "?"))["mb"]
        yield Measurement("connections", held, "MB, 10,000 held", "<= 1,000")
        first.send_signal(signal.SIGKILL)
        first.wait()
        devices.all_out()
        start = time.monotonic()
        second = child(MODULE, "serve", folder, port)
        devices.all_in(WITHIN)
        back = time.monotonic() - start
        assert second.stdin is not None
        second.stdin.close()
        second.wait(timeout=60)
        yield Measurement("connections", back, "s, 10,000 back after kill -9", "<= 30")
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def main() -> None:
    """The child process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("role")
    parser.add_argument("rest", nargs="*")
    options = parser.parse_args()
    serve(options.rest[0], int(options.rest[1]))


if __name__ == "__main__":
    main()
