"""The fleet case of `ingest` with mutual TLS: what it costs a site, beside mosquitto with the same certificates.

The clients are Python's, so that they, and not the server, set the rate; the figure is the processor time of the server
for each message. All connections show the certificate of one gateway, which may speak for every pump.
"""

import argparse
import json
import select
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from tests.guard import handshake
from tests.guard.handshake import Made
from tests.promises.ingest import cpu_of, framed, opened, until_open
from tests.promises.measurement import Measurement
from tests.promises.processes import ask, child

MODULE = "tests.promises.tls"
CONNECTIONS = 300
SECONDS = 4.0


# -- the clients ------------------------------------------------------------------------------------------------------


def _dialled(port: int, context: ssl.SSLContext, number: int) -> ssl.SSLSocket:
    raw = socket.create_connection(("127.0.0.1", port))
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line = context.wrap_socket(raw, server_hostname="localhost")
    name = b"pump-%06d" % number
    body = b"\0\4MQTT\4\2\0\0" + len(name).to_bytes(2, "big") + name
    line.sendall(bytes([0x10, len(body)]) + body)
    return line


def generate(port: int, root: str, certificate: str, seconds: float) -> None:
    """One message in flight on each connection, at QoS 1; print what came back."""
    context = handshake.client_context(Path(root), Path(certificate), newest=None)
    lines = {line.fileno(): line for line in (_dialled(port, context, number) for number in range(CONNECTIONS))}
    for line in lines.values():
        assert line.recv(4) == b"\x20\2\0\0", "not admitted"
    frames, length = framed(CONNECTIONS, 1)
    message = {handle: frames[i * length : (i + 1) * length].tobytes() for i, handle in enumerate(lines)}
    epoll = select.epoll()
    for handle, line in lines.items():
        line.setblocking(False)
        epoll.register(handle, select.EPOLLIN)
    print("ready", flush=True)
    sys.stdin.readline()
    start = time.monotonic()
    acknowledged, until = 0, start + seconds
    for handle, line in lines.items():
        line.send(message[handle])
    while (now := time.monotonic()) < until:
        for handle, _ in epoll.poll(1.0):
            try:
                got = lines[handle].recv(4_096)
            except ssl.SSLWantReadError:
                continue
            acknowledged += len(got) // 4
            lines[handle].send(message[handle])
    print(json.dumps({"acknowledged": acknowledged, "seconds": now - start}), flush=True)


# -- the servers ------------------------------------------------------------------------------------------------------


def serve(data: str, folder: str) -> None:
    """A site that speaks TLS; each line on stdin prints the processor time so far."""
    live = opened(Path(data), insecure=False, tls=folder)
    print(live.endpoint.port, flush=True)
    for _ in sys.stdin:
        print(json.dumps({"cpu": time.process_time()}), flush=True)
    live.__exit__(None, None, None)


@contextmanager
def _prepared() -> Iterator[tuple[Made, Path]]:
    """An authority, and the certificate of the gateway."""
    with tempfile.TemporaryDirectory() as folder:
        made = handshake.made(Path(folder))
        made.accounts.add("gateway", kind="device", roles={"device"}, twins=["Pump/*"])
        certificate = made.device("gateway")
        made.accounts.close()
        yield made, certificate


def _loaded(port: int, made: Made, certificate: Path, cpu: Any) -> float:
    generator = child(MODULE, "generate", port, made.folder / "root.pem", certificate, SECONDS)
    try:
        assert ask(generator) == "ready\n", "the clients did not get ready"
        before = cpu()
        result = json.loads(ask(generator, "go"))
        return float((cpu() - before) / result["acknowledged"] * 1e6)
    finally:
        generator.kill()
        generator.wait()


def ours() -> float:
    """Microseconds of processor time per message of a site."""
    with _prepared() as (made, certificate):
        server = child(MODULE, "serve", made.data, made.folder)
        try:
            port = int(ask(server))
            return _loaded(port, made, certificate, lambda: json.loads(ask(server, "?"))["cpu"])
        finally:
            assert server.stdin is not None
            server.stdin.close()
            server.wait(timeout=30)


def theirs() -> float | None:
    """The same of mosquitto, merely accepting; None where it is not here."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        return None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with _prepared() as (made, certificate):
        settings = made.clients / "mosquitto.conf"
        server = made.clients / "server.pem"
        server.write_bytes((made.folder / "server.pem").read_bytes() + made.authority.chain)
        lines = (
            f"listener {port} 127.0.0.1", "allow_anonymous true", "persistence false", "log_type none",
            f"cafile {made.folder / 'root.pem'}", f"certfile {server}", f"keyfile {server}",
            "require_certificate true", "max_inflight_messages 0", "user root",
        )  # fmt: skip
        settings.write_text("\n".join(lines) + "\n")
        broker = subprocess.Popen([program, "-c", str(settings)])
        try:
            until_open(port)
            return _loaded(port, made, certificate, lambda: cpu_of(broker.pid))
        finally:
            broker.terminate()
            broker.wait(timeout=10)


def measure(runs: int = 3) -> Iterator[Measurement]:
    """What a message costs with mutual TLS; the ratio is ours to the peer's."""
    own, other = [], []
    for _ in range(runs):
        own.append(ours())
        other.append(theirs())
    there = [one for one in other if one is not None]
    if not there:
        peer = "mosquitto (apt install mosquitto)"
        yield Measurement("ingest-tls", median(own), "us CPU a message", "shown", peer)
        return
    value, peer_value = median(own), median(there)
    peer = "mosquitto, mutual TLS"
    yield Measurement("ingest-tls", value, "us CPU a message", "shown", peer, peer_value, value / peer_value)


def main() -> None:
    """One of the child processes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("role")
    parser.add_argument("rest", nargs="*")
    options = parser.parse_args()
    if options.role == "generate":
        generate(int(options.rest[0]), options.rest[1], options.rest[2], float(options.rest[3]))
    else:
        serve(options.rest[0], options.rest[1])


if __name__ == "__main__":
    main()
