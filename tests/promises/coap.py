"""CoAP requests: a site that keeps what it acknowledges, beside a stock server that keeps nothing.

`measure()` gives the lines of `pollux bench coap`; as a program, `python -m tests.promises.coap`, it prints the cases.
The generator has 32 confirmable POST of each peer in flight; each server runs in a process of its own.
"""

import contextlib
import selectors
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, cast

from tests.promises.measurement import Measurement
from tests.promises.processes import ask, child

MODULE = "tests.promises.coap"
IN_FLIGHT = 32
PATH = (b"twins", b"Pump", b"P-7", b"telemetry")


def request(*queries: bytes) -> bytes:
    """What stands behind the token of each request: options, and a small JSON payload."""
    from pollux.connect.coap.message import tail

    path = tuple((11, word) for word in PATH)
    named = tuple((15, query) for query in queries)
    return tail((*path, (12, bytes([50])), *named), b'{"temp": 300.5}')


def load(port: int, seconds: float, peers: int = 1) -> dict[str, Any]:
    """Keep 32 requests of each peer in flight: how many were answered well, and after how long."""
    said, delays, sent_at = request(b"name=P-7"), list[float](), dict[tuple[int, bytes], float]()
    lines = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(peers)]
    with selectors.DefaultSelector() as ready, contextlib.ExitStack() as open_:
        for line in lines:
            open_.enter_context(line).connect(("127.0.0.1", port))
            line.setblocking(False)
            ready.register(line, selectors.EVENT_READ)
        numbers = dict.fromkeys(lines, 0)

        def send(line: socket.socket) -> None:
            numbers[line] = numbers[line] + 1 & 0xFFFF
            name = numbers[line].to_bytes(2, "big")
            sent_at[line.fileno(), name] = time.perf_counter()
            line.send(b"\x42\x02" + name + name + said)

        begun = time.perf_counter()
        for line in lines * IN_FLIGHT:
            send(line)
        while time.perf_counter() - begun < seconds:
            for key, _ in ready.select(1):
                line = cast(socket.socket, key.fileobj)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        answer = line.recv(2_048)
                        assert answer[1] == 0x44, "expected 2.04"
                        delays.append(time.perf_counter() - sent_at.pop((line.fileno(), answer[4:6])))
                        send(line)
        took = time.perf_counter() - begun
    return summary(delays, took)


def load_dtls(port: int, seconds: float, folder: Path) -> dict[str, Any]:
    """The same from one device over DTLS, with its certificate."""
    from OpenSSL import SSL

    from pollux.connect.coap.records import packed

    context = SSL.Context(SSL.DTLS_CLIENT_METHOD)
    context.set_options(SSL.OP_NO_QUERY_MTU)
    context.use_certificate_chain_file(str(folder / "device.pem"))
    context.use_privatekey_file(str(folder / "device.pem"))
    link, said, delays, sent_at, number = SSL.Connection(context, None), request(), list[float](), list[float](), 0
    link.set_ciphertext_mtu(1_200)
    link.set_connect_state()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.connect(("127.0.0.1", port))
        line.settimeout(2)

        def flush() -> None:
            with contextlib.suppress(SSL.WantReadError):
                for datagram in packed(link.bio_read(65_536)):
                    line.send(datagram)

        def send() -> None:
            nonlocal number
            number = number + 1 & 0xFFFF
            name = number.to_bytes(2, "big")
            sent_at.append(time.perf_counter())
            link.send(b"\x42\x02" + name + name + said)
            line.send(link.bio_read(2_048))

        shaking = True
        while shaking:
            try:
                link.do_handshake()
                shaking = False
            except SSL.WantReadError:
                flush()
                link.bio_write(line.recv(65_536))
        flush()
        begun = time.perf_counter()
        for _ in range(IN_FLIGHT):
            send()
        while time.perf_counter() - begun < seconds:
            link.bio_write(line.recv(2_048))
            with contextlib.suppress(SSL.WantReadError):
                answer = link.recv(2_048)
                assert answer[1] == 0x44, "expected 2.04"
                delays.append(time.perf_counter() - sent_at[len(delays)])  # one thread answers in order
                send()
        took = time.perf_counter() - begun
    return summary(delays, took)


def summary(delays: list[float], took: float) -> dict[str, Any]:
    """Requests a second, and how long they took in milliseconds."""
    delays, count = sorted(delays), len(delays)
    return {
        "rate": count / took,
        "count": count,
        "p50": 1e3 * delays[count // 2],
        "p99": 1e3 * delays[count * 99 // 100],
    }


def one(kind: str, seconds: float, peers: int = 1) -> dict[str, Any]:
    """A server of a kind under load, with its processor time per request in microseconds."""
    server = child(MODULE, kind)
    try:
        port, _, folder = ask(server).strip().partition(" ")

        def loaded(seconds: float) -> dict[str, Any]:
            return load_dtls(int(port), seconds, Path(folder)) if folder else load(int(port), seconds, peers)

        loaded(0.5)
        before = float(ask(server, "?"))
        found = loaded(seconds)
        return found | {"us": (float(ask(server, "?")) - before) / found["count"] * 1e6}
    finally:
        assert server.stdin is not None
        server.stdin.close()
        server.wait(20)


def site() -> None:
    """A whole site: identity, log on the disk, mirror."""
    import pollux as px

    class Pump(px.Twin):
        """A pump."""

        temp = px.sensor("K", low=250, high=450)

    made = px.Site("bench")
    made.fleet(Pump)
    with (
        tempfile.TemporaryDirectory() as folder,
        made.open(Path(folder) / "data", mqtt=None, coap="127.0.0.1:0", insecure=True) as live,
    ):
        assert live.coap is not None
        _told(live.coap.port)


class Kept:
    """A ticket of something that is durable at once."""

    def then(self, callback: Any, *given: object) -> None:
        """Call back."""
        callback(*given)


def endpoint() -> None:
    """The endpoint alone: identity and rights, and a sink that keeps nothing."""
    from pollux.clock import WallClock
    from pollux.connect.coap.endpoint import CoapEndpoint
    from pollux.connect.wire.rights import Rights, native
    from pollux.guard import Gate

    gate = Gate(by_name=True)
    made = CoapEndpoint(
        ("127.0.0.1", 0),
        gate=gate,
        rights=Rights(gate, native),
        sink=lambda frames: Kept(),
        clock=WallClock(),
        read=lambda twin: None,
    )
    made.start()
    _told(made.port)
    made.stop()


def secured() -> None:
    """The endpoint over DTLS, with certificates both ways, and a sink that keeps nothing."""
    from pollux.clock import WallClock
    from pollux.connect.coap.endpoint import CoapEndpoint
    from pollux.connect.wire.rights import Rights, native
    from pollux.guard import Gate
    from pollux.guard.dtls import dtls_context
    from tests.guard import handshake

    with tempfile.TemporaryDirectory() as folder:
        authority = handshake.made(Path(folder))
        (Path(folder) / "device.pem").write_bytes(authority.device("P-7").read_bytes())
        context, gate = dtls_context(authority.folder, clock=WallClock()), Gate(authority.accounts)
        made = CoapEndpoint(
            ("127.0.0.1", 0),
            gate=gate,
            rights=Rights(gate, native),
            sink=lambda frames: Kept(),
            clock=WallClock(),
            read=lambda twin: None,
            dtls=lambda: context,
        )
        made.start()
        _told(made.port, folder)
        made.stop()
        authority.accounts.close()


def stock() -> None:
    """aiocoap, which answers and keeps nothing."""
    import asyncio
    import threading

    import aiocoap
    from aiocoap.resource import Resource, Site

    class Telemetry(Resource):  # type: ignore[misc]
        async def render_post(self, request: Any) -> Any:
            return aiocoap.Message(code=aiocoap.CHANGED)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    async def serve() -> None:
        tree = Site()
        tree.add_resource([word.decode() for word in PATH], Telemetry())
        await aiocoap.Context.create_server_context(tree, bind=("127.0.0.1", port), transports=["udp6"])
        await asyncio.get_running_loop().create_future()

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    time.sleep(1)
    _told(port)


def _told(port: int, folder: str = "") -> None:
    """Say the port, and where a device's files are; and the processor time for each line that comes."""
    print(f"{port} {folder}", flush=True)
    for _ in sys.stdin:
        print(time.process_time(), flush=True)


CASES = [
    ("coap", "site", 1, "requests/s, durable", ">= 60000"),
    ("coap-many", "site", 16, "requests/s, durable", ">= 60000"),
    ("coap-endpoint", "endpoint", 1, "requests/s, no log", ">= 60000"),
    ("coap-dtls", "secured", 1, "requests/s, no log", "shown"),
]
"""The name of a line, the server, how many peers have 32 requests in flight each, the unit, the goal."""


def measure(seconds: float = 3.0, runs: int = 3) -> Iterator[Measurement]:
    """Requests a second, medians of some runs; the ratio is the peer's processor time per request to ours."""
    there = find_spec("aiocoap") is not None
    peer = "aiocoap, keeping nothing" if there else "aiocoap (pip install aiocoap)"
    for name, kind, peers, unit, goal in CASES:
        ours, theirs = list[dict[str, Any]](), list[dict[str, Any]]()
        for _ in range(runs):
            ours.append(one(kind, seconds, peers))
            if there:
                theirs.append(one("stock", seconds, peers))
        rate, spent = (median(run[what] for run in ours) for what in ("rate", "us"))
        if not there:
            yield Measurement(name, rate, unit, goal, peer)
            continue
        peer_rate, peer_spent = (median(run[what] for run in theirs) for what in ("rate", "us"))
        yield Measurement(name, rate, unit, goal, peer, peer_rate, peer_spent / spent)


def main() -> None:
    """The cases, or one of the servers."""
    if sys.argv[1:]:
        {"site": site, "endpoint": endpoint, "secured": secured, "stock": stock}[sys.argv[1]]()
        return
    for name, kind, peers, _, _ in (*CASES, ("aiocoap", "stock", 1, "", "")):
        run = one(kind, 3.0, peers)
        print(f"{name:14} {run['rate']:8.0f}/s {run['us']:7.1f} us  p50 {run['p50']:.2f} ms  p99 {run['p99']:.2f} ms")


if __name__ == "__main__":
    main()
