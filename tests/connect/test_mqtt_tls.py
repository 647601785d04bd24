"""TLS on the endpoint: what passes, what waits, what is given back, and how it ends."""

import contextlib
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pollux.clock import WallClock, stopwatch
from pollux.connect import Limits, MqttEndpoint
from pollux.connect.acceptor import Acceptor
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V5, Connect, Ping, Publish, Subscribe, Wish
from pollux.connect.wire.properties import Kind
from pollux.guard import Gate
from pollux.guard.tls import server_context
from tests.connect.rig import HandSink, until
from tests.guard import handshake
from tests.guard.handshake import Made

TOPIC = b"twins/Pump/P-7/telemetry"


@contextmanager
def secured(tmp: Path, **options: Any) -> Iterator[tuple[MqttEndpoint, Made, HandSink]]:
    made, sink = handshake.made(tmp), HandSink()
    context = server_context(made.folder)
    made.accounts.add("boss", kind="service", roles={"administrator"}, twins=["*"])
    endpoint = MqttEndpoint(
        ("127.0.0.1", 0),
        gate=Gate(made.accounts),
        sink=sink,
        clock=WallClock(),
        tls=Acceptor(lambda: context),
        **options,
    )
    endpoint.start()
    try:
        yield endpoint, made, sink
    finally:
        endpoint.stop()
        made.accounts.close()


def line_to(endpoint: MqttEndpoint, context: ssl.SSLContext, *, small: bool = False) -> ssl.SSLSocket:
    raw = socket.socket()
    if small:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.settimeout(10)
    raw.connect(("127.0.0.1", endpoint.port))
    return context.wrap_socket(raw, server_hostname="localhost")


def hello(client: str, user: str | None = None, secret: str | None = None) -> bytes:
    return encode(Connect(V5, client, True, 60, user, secret.encode() if secret else None), V5)


def handles() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_every_handle_is_given_back(tmp_path: Path) -> None:
    """Connections that come, go, break off in the middle of a handshake, or never begin one, leave nothing open."""
    with secured(tmp_path) as (endpoint, made, _):
        mine = made.client(made.device("P-7"))
        with line_to(endpoint, mine) as line:
            line.sendall(hello("first"))
            assert line.recv(1)
        until(lambda: not endpoint.connections())
        before = handles()
        for n in range(60):
            if n % 3 == 0:
                with line_to(endpoint, mine) as line:
                    line.sendall(hello(f"c{n}"))
                    assert line.recv(1)
            elif n % 3 == 1:
                with socket.create_connection(("127.0.0.1", endpoint.port)) as raw:
                    raw.sendall(b"\x16\x03\x01\x02\x00\x01")
            else:
                socket.create_connection(("127.0.0.1", endpoint.port)).close()
        until(lambda: not endpoint.connections())
        until(lambda: handles() <= before + 2, "all handles given back")
        assert endpoint.counters["refused_tls"] >= 20


def test_a_client_that_takes_nothing_is_put_out_and_holds_up_nobody(tmp_path: Path) -> None:
    """What waits for it is bounded; the others are served; after its time both its ends are closed."""
    limits = Limits(stalled_seconds=1.0, outgoing_bytes=1 << 20)
    with secured(tmp_path, limits=limits) as (endpoint, made, _):
        token = made.accounts.issue("boss").secret
        with line_to(endpoint, made.client(), small=True) as stuck, line_to(endpoint, made.client()) as brisk:
            for line, name in ((stuck, "stuck"), (brisk, "brisk")):
                line.sendall(hello(name, "boss", token))
                assert line.recv(1)
            stuck.sendall(encode(Subscribe(1, (Wish(TOPIC.decode(), 0),)), V5))
            until(lambda: b"\x90" in stuck.recv(64))
            payload = bytes(200_000)

            def only_brisk() -> bool:
                endpoint.publish(TOPIC.decode(), payload)
                return [one.client_id for one in endpoint.connections()] == ["brisk"]

            until(only_brisk, "the stuck one is out")
            begun = stopwatch()
            brisk.sendall(encode(Ping(Kind.PINGREQ), V5))
            until(lambda: b"\xd0\x00" in brisk.recv(4096))
            assert stopwatch() - begun < 2


def test_no_more_connections_than_there_is_room_for(tmp_path: Path) -> None:
    """The one too many is refused, and counted; when one goes there is room again."""
    with secured(tmp_path, limits=Limits(connections=2)) as (endpoint, made, _):
        mine = made.client(made.device("P-7"))
        lines = [line_to(endpoint, mine) for _ in range(2)]
        for n, line in enumerate(lines):
            line.sendall(hello(f"c{n}"))
            assert line.recv(1)
        try:
            with line_to(endpoint, mine) as third:
                third.sendall(hello("third"))
                assert third.recv(1) == b""
        except OSError:
            pass
        assert endpoint.counters["refused_full"] == 1
        lines[0].close()

        def comes_in() -> bool:
            try:
                with line_to(endpoint, mine) as again:
                    again.sendall(hello("again"))
                    return again.recv(1) != b""
            except OSError:
                return False

        until(comes_in)
        lines[1].close()


def test_the_end_is_told_and_quick(tmp_path: Path) -> None:
    """Stopping tells an MQTT 5 client why, over TLS as well, after what it sent was answered."""
    with secured(tmp_path) as (endpoint, made, sink):
        line = line_to(endpoint, made.client(made.device("P-7")))
        line.sendall(hello("c") + encode(Publish(TOPIC, b'{"temp": 300}', 1, packet_id=7), V5))
        until(lambda: sink.tickets)
        begun = stopwatch()
        endpoint.stop()
        assert stopwatch() - begun < 4
        heard = b""
        while more := line.recv(4096):
            heard += more
        assert b"\x40\x02\x00\x07" in heard
        assert heard[-3:].startswith(b"\xe0") or b"\x8b" in heard[-6:]
        line.close()


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_pieces_everything_arrives_once_and_in_order(tmp_path: Path, seed: int) -> None:
    """Messages from a few bytes to a quarter of a megabyte, in writes that end anywhere, are all taken and answered."""
    random = np.random.default_rng(seed)
    sizes = [int(size) for size in random.choice([2, 90, 4_000, 16_384, 70_000, 250_000], 40)]
    bodies = [bytes([65 + number % 26]) * size for number, size in enumerate(sizes)]
    stream = b"".join(encode(Publish(TOPIC, body, 1, packet_id=n + 1), V5) for n, body in enumerate(bodies))
    with secured(tmp_path) as (endpoint, made, sink), line_to(endpoint, made.client(made.device("P-7"))) as line:
        line.sendall(hello("c"))
        heard = bytearray()

        def answered() -> int:
            line.settimeout(0.02)
            with contextlib.suppress(TimeoutError):
                heard.extend(line.recv(65_536))
            return heard.count(b"\x40\x02")

        at = 0
        while at < len(stream):
            step = int(random.choice([1, 50, 3_000, 17_000, 90_000]))
            line.settimeout(10)
            line.sendall(stream[at : at + step])
            at += step
            answered()
        until(lambda: answered() == len(bodies), "everything is answered")
        assert sink.payloads() == bodies
        assert endpoint.counters["received"] == len(bodies)
