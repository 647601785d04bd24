"""MQTT over WebSocket: the same endpoint, gate and answers, for clients that can speak nothing else."""

import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tests.guard import handshake
from tests.site.plants import site, until
from tests.site.test_tls import opened as secured
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V3, Connect, Ping
from pollux.connect.wire.properties import Kind
from pollux.site import LiveSite


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveSite]:
    with site()[0].open(tmp_path, http="127.0.0.1:0", insecure=True) as live:
        yield live


def line(live: LiveSite, *, protocol: str | None = "mqtt", **options: Any) -> ClientConnection:
    assert live.server is not None
    offered: Any = [protocol] if protocol else None
    made: ClientConnection = connect(f"ws{live.server.url[4:]}mqtt", subprotocols=offered, **options)
    return made


def hello(name: str, secret: str | None = None) -> bytes:
    return encode(Connect(V3, name, True, 60, name, secret.encode() if secret else None), V3)


def test_a_stock_client_speaks_and_hears(live: LiveSite) -> None:
    """paho over WebSocket: a value that was acknowledged is the twin's; an order's topic is heard."""
    assert live.server is not None
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="M-1", transport="websockets", protocol=paho.MQTTv5)
    client.username_pw_set("M-1")
    client.ws_set_options(path="/mqtt")
    heard, ready = threading.Event(), threading.Event()
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = lambda *_: heard.set()
    client.on_connect = lambda one, *_: one.subscribe("twins/Motor/M-1/commands", qos=1)
    client.connect("127.0.0.1", live.server.port)
    client.loop_start()
    assert ready.wait(10)
    client.publish("twins/Motor/M-1/telemetry", json.dumps({"temp": 310.0}), qos=1).wait_for_publish(10)
    assert live.rooms.tracing.of("M-1").heard[0].values[0].value == 310.0  # type: ignore[union-attr]
    assert live.endpoint is not None
    live.endpoint.publish("twins/Motor/M-1/commands", b"{}", qos=1)
    assert heard.wait(10)
    client.disconnect()
    client.loop_stop()
    until(lambda: live.endpoint is not None and not live.endpoint.connections())


def test_packets_may_end_anywhere(live: LiveSite) -> None:
    """Frames and packets have nothing to do with one another: byte by byte, and two in one frame."""
    with line(live) as one:
        for byte in hello("M-1"):
            one.send(bytes([byte]))
        assert one.recv(10) == b"\x20\2\0\0"
        one.send(encode(Ping(Kind.PINGREQ), V3) * 2)
        answer = b""
        while len(answer) < 4:
            got = one.recv(10)
            assert isinstance(got, bytes)
            answer += got
        assert answer == b"\xd0\0" * 2
        assert one.subprotocol == "mqtt"


@pytest.mark.parametrize("protocol", [None, "chat"])
def test_whoever_does_not_ask_for_mqtt_is_not_served(live: LiveSite, protocol: str | None) -> None:
    with pytest.raises(InvalidStatus):
        line(live, protocol=protocol)


def test_a_page_of_elsewhere_is_not_served(live: LiveSite) -> None:
    """A browser sends its Origin: loopback is no wall against another page."""
    with pytest.raises(InvalidStatus) as refused:
        line(live, origin="https://elsewhere.example")
    assert refused.value.response.status_code == 403


def test_text_ends_the_connection(live: LiveSite) -> None:
    with line(live) as one:
        one.send("MQTT is bytes")
        with pytest.raises(ConnectionClosed) as ended:
            one.recv(10)
    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code == 1003


def test_a_stranger_is_put_out_and_leaves_nothing(live: LiveSite) -> None:
    """The endpoint ends it as it would a TCP connection, with its own answer before."""
    live.accounts.add("M-9", kind="device", roles={"device"}, twins=["Motor/M-9"])
    with line(live) as one:
        one.send(hello("M-9", "x" * 43))
        assert one.recv(10) == b"\x20\2\0\4"
        with pytest.raises(ConnectionClosed):
            one.recv(10)
    assert live.endpoint is not None
    until(lambda: not live.endpoint._loop.lines.by_handle)  # type: ignore[union-attr]


def test_the_certificate_of_the_connection_counts(tmp_path: Path) -> None:
    """Over TLS a device is who its certificate says, without a word in CONNECT; a revoked one is not let in."""
    made = handshake.made(tmp_path)
    certificate = made.device("P-7")
    with secured(made) as house:
        context: ssl.SSLContext = made.client(certificate)

        def come() -> bytes:
            offered: Any = ["mqtt"]
            with connect(f"wss://localhost:{house.http}/mqtt", ssl=context, subprotocols=offered) as one:
                one.send(encode(Connect(V3, "c", True, 60, None, None), V3))
                got = one.recv(10)
                assert isinstance(got, bytes)
                return got

        assert come() == b"\x20\2\0\0"
        house.live.accounts.certificates.end(house.live.accounts.certificates.of("P-7"), house.live.clock.now())
        until(lambda: come() == b"\x20\2\0\4")


def test_a_site_without_mqtt_has_no_such_door(tmp_path: Path) -> None:
    with (
        site()[0].open(tmp_path, http="127.0.0.1:0", mqtt=None) as live,
        pytest.raises(InvalidStatus),
    ):
        line(live)
