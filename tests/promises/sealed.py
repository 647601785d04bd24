"""What a sealed message costs a site, beside the same message told plainly: processor time from socket to mirror.

`python -m tests.promises.sealed [--count N]`. A child process opens a site with its log on the disk; what is sent was
sealed before, so that the generator costs the same both times. Every message has a number and a time.
"""

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pollux as px
from pollux.clock import SECOND, WallClock
from pollux.guard.sealing import SealKeys
from tests.promises.ingest import opened
from tests.promises.measurement import Measurement
from tests.promises.processes import ask, child

MODULE = "tests.promises.sealed"
CONNECTIONS, WINDOW = 50, 100
STEP = SECOND // 1000
NAMES = [f"pump-{number:06d}" for number in range(CONNECTIONS)]


def serve(folder: str) -> None:
    """A site; each line on stdin prints what it has spent, and how many samples its twins have."""
    live = opened(Path(folder))
    print(live.endpoint.port, flush=True)
    for _ in sys.stdin:
        with live.pipe.lock:
            block = live.estate.blocks["Pump"]
            newest = block.event_time[block.schema.index["rpm"], : block.rows]
        told = {"cpu": time.process_time(), "acknowledged": live.endpoint.counters["acknowledged"]}
        print(json.dumps({**told, "newest": int(newest.min()) if len(newest) else 0}), flush=True)
    live.__exit__(None, None, None)


def messages(keys: dict[str, px.SealKey] | None, rounds: int) -> dict[str, list[bytes]]:
    """For each connection, so many windows of PUBLISH packets at QoS 1."""
    begin, found = WallClock().now() - rounds * WINDOW * STEP, dict[str, list[bytes]]()
    for name in NAMES:
        pieces: list[bytes] = []
        for number in range(rounds * WINDOW):
            told = {"t": begin + number * STEP, "seq": number, "temperature": 21.53, "rpm": 1480}
            payload = json.dumps(told, separators=(",", ":")).encode()
            if keys is not None:
                payload = px.seal(payload, key=keys[name], twin=f"Pump/{name}")
            pieces.append(_publish(name, payload, number % 60_000 + 1))
        found[name] = [b"".join(pieces[at : at + WINDOW]) for at in range(0, len(pieces), WINDOW)]
    return found


def _publish(name: str, payload: bytes, packet: int) -> bytes:
    topic = f"twins/Pump/{name}/telemetry".encode()
    body = len(topic).to_bytes(2, "big") + topic + packet.to_bytes(2, "big") + payload
    high, low = divmod(len(body), 128)
    return b"\x32" + (bytes([low | 128, high]) if high else bytes([low])) + body


def _connected(port: int, name: str) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port))
    body = b"\0\4MQTT\4\2\0\0" + len(name).to_bytes(2, "big") + name.encode()
    line.sendall(bytes([0x10, len(body)]) + body)
    assert line.recv(4) == b"\x20\2\0\0", "not admitted"
    return line


def spent(*, sealed: bool, count: int) -> float:
    """Microseconds of processor time a message, of the whole site."""
    rounds = max(2, count // (CONNECTIONS * WINDOW))
    with tempfile.TemporaryDirectory(prefix="pollux-sealed-") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        keys = {name: SealKeys(data / "keys").make(name, [f"Pump/{name}"], now=0) for name in NAMES}
        ready = messages(keys if sealed else None, rounds)
        server = child(MODULE, "serve", data)
        try:
            lines = {name: _connected(int(port), name) for port in [ask(server)] for name in NAMES}
            _send(lines, ready, range(1))
            before = _settled(server)
            _send(lines, ready, range(1, rounds))
            after = _settled(server)
            assert after["acknowledged"] == rounds * WINDOW * CONNECTIONS, "not every message was acknowledged"
            assert after["newest"] > before["newest"], "what was acknowledged is not in the twins"
            return (after["cpu"] - before["cpu"]) / ((rounds - 1) * WINDOW * CONNECTIONS) * 1e6
        finally:
            assert server.stdin is not None
            server.stdin.close()
            server.wait(timeout=30)


def _send(lines: dict[str, socket.socket], ready: dict[str, list[bytes]], rounds: range) -> None:
    """A window on each connection, then its acknowledgements, round by round."""
    for number in rounds:
        for name, line in lines.items():
            line.sendall(ready[name][number])
        for line in lines.values():
            owed = 4 * WINDOW
            while owed > 0:
                got = len(line.recv(owed))
                assert got, "the site has hung up"
                owed -= got


def _settled(server: "subprocess.Popen[str]") -> dict[str, float]:
    """What the site has spent when it has nothing left to do."""
    pause = threading.Event()
    pause.wait(1)
    told: dict[str, float] = json.loads(ask(server, "?"))
    return told


def measure(count: int = 100_000, runs: int = 3) -> Iterator[Measurement]:
    """Medians of some runs, plain and sealed in turn; the ratio says how many times a plain message it costs."""
    plain, sealed = [], []
    for _ in range(runs):
        plain.append(spent(sealed=False, count=count))
        sealed.append(spent(sealed=True, count=count))
    ours, theirs = median(sealed), median(plain)
    yield Measurement(
        "ingest-sealed", ours, "us CPU a message", "measured and shown", "told plainly", theirs, ours / theirs
    )


def main() -> None:
    """Both figures, or the site."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("role", nargs="*")
    options = parser.parse_args()
    if options.role:
        serve(options.role[1])
        return
    for line in measure(options.count, runs=1):
        print(f"plain {line.peer_value:.2f} us, sealed {line.value:.2f} us a message, {line.ratio:.2f} times")


if __name__ == "__main__":
    main()
