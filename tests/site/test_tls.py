"""TLS on every listener: each certificate of the matrix, in or out, on MQTT, HTTP and WebSocket; and live changes."""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from tests.connect.rig import HandSink, until
from tests.guard import handshake
from tests.guard.handshake import Made
from websockets.exceptions import ConnectionClosedError, InvalidMessage, InvalidStatus
from websockets.sync.client import ClientConnection, connect

import pollux as px
from pollux.clock import WallClock
from pollux.connect import MqttEndpoint
from pollux.connect.acceptor import Acceptor
from pollux.errors import SetupError
from pollux.guard import Accounts, Gate
from pollux.guard.enrolment import revoke
from pollux.guard.tls import server_context
from pollux.site.live import LiveSite

BAD_CREDENTIALS = 4
OUT = "out"
"""The connection ended in the handshake, or right after it."""


def plant() -> px.Site:
    class Pump(px.Twin):
        temp = px.sensor("K", low=250, high=450)

    site = px.Site("plant")
    site.fleet(Pump)
    return site


@dataclass
class House:
    """An open site that speaks TLS."""

    made: Made
    live: LiveSite

    @property
    def mqtt(self) -> int:
        assert self.live.endpoint is not None
        return int(self.live.endpoint.port)

    @property
    def http(self) -> int:
        assert self.live.server is not None
        return int(self.live.server.port)


@contextmanager
def opened(made: Made, **options: Any) -> Iterator[House]:
    """The plant, which from now on has the accounts alone."""
    made.accounts.close()
    with plant().open(made.data, **{"http": "127.0.0.1:0", "tls": made.folder, **options}) as live:
        yield House(replace(made, accounts=live.accounts), live)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with opened(handshake.made(tmp_path)) as house:
        yield house


# -- clients ----------------------------------------------------------------------------------------------------------


def connect_packet(client: str = "c", user: str | None = None, secret: str | None = None) -> bytes:
    def text(word: str) -> bytes:
        return len(word).to_bytes(2, "big") + word.encode()

    flags = 2 | (0x80 if user is not None else 0) | (0x40 if secret is not None else 0)
    body = text("MQTT") + bytes([4, flags, 0, 60]) + text(client)
    body += b"".join(text(word) for word in (user, secret) if word is not None)
    return bytes([0x10, len(body)]) + body


def publish_packet(topic: str, payload: bytes, packet_id: int = 1) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic.encode() + packet_id.to_bytes(2, "big") + payload
    return bytes([0x32, len(body)]) + body


def dialled(port: int, context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
    raw = socket.create_connection(("127.0.0.1", port), timeout=10)
    return context.wrap_socket(raw, server_hostname="localhost", session=session)


def over_mqtt(port: int, context: ssl.SSLContext, user: str | None = None, secret: str | None = None) -> int | str:
    """The code of CONNACK, or OUT."""
    try:
        with dialled(port, context) as line:
            line.sendall(connect_packet(user=user, secret=secret))
            answer = line.recv(4)
            return int(answer[3]) if len(answer) == 4 else OUT
    except OSError:
        return OUT


def over_http(port: int, context: ssl.SSLContext, token: str | None = None, path: str = "/api/v1/twins") -> int | str:
    """The status of a request, or OUT."""
    line = http.client.HTTPSConnection("localhost", port, context=context, timeout=10)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        line.request("GET", path, headers=headers)
        return line.getresponse().status
    except OSError:
        return OUT
    finally:
        line.close()


def over_websocket(port: int, context: ssl.SSLContext) -> int | str:
    """101 where the live wire is opened, else the status, or OUT."""
    try:
        with connect(f"wss://localhost:{port}/api/v1/live", ssl=context, open_timeout=10) as wire:
            wire.recv(timeout=10)
            return 101
    except ConnectionClosedError as closed:
        return 401 if closed.rcvd is not None and closed.rcvd.code == 4401 else OUT
    except InvalidStatus as refused:
        return refused.response.status_code
    except (OSError, EOFError, InvalidMessage):
        return OUT


def over(wire: ClientConnection) -> int | None:
    """With which code a live wire has ended, None while it has not."""
    try:
        wire.recv(timeout=5)
    except ConnectionClosedError as closed:
        return closed.rcvd.code if closed.rcvd else 0
    return None


def good(made: Made) -> Path:
    return made.device("P-7")


def nothing(made: Made) -> None:
    return None


def revoked(made: Made) -> Path:
    device = made.device("P-7")
    revoke(made.accounts, made.authority, "P-7", WallClock().now())
    return device


# -- the matrix -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "mqtt", "page"),
    [
        (good, 0, 200),
        (nothing, BAD_CREDENTIALS, 401),
        (handshake.stranger, BAD_CREDENTIALS, 401),
        (handshake.expired, OUT, OUT),
        (handshake.early, OUT, OUT),
        (handshake.foreign, OUT, OUT),
        (handshake.self_signed, OUT, OUT),
        (handshake.for_servers, OUT, OUT),
        (handshake.below_a_leaf, OUT, OUT),
        (handshake.weak, OUT, OUT),
        (revoked, OUT, OUT),
    ],
)
def test_each_certificate_is_in_or_out(
    tmp_path: Path, kind: Callable[[Made], Path | None], mqtt: int | str, page: int | str
) -> None:
    """Right: in. None, or one that is in no record: refused, politely. Every bad one: no handshake. On every wire."""
    made = handshake.made(tmp_path)
    certificate = kind(made)
    with opened(made) as house:
        client = made.client(certificate)
        assert over_mqtt(house.mqtt, client) == mqtt
        assert over_http(house.http, client) == page
        assert over_websocket(house.http, client) == (101 if page == 200 else page)
        # Whoever is refused is one, and the next is served.
        assert over_mqtt(house.mqtt, made.client(house.made.device("P-8"))) == 0


def test_another_devices_certificate_speaks_for_that_device(house: House) -> None:
    """The name beside it must be its own, its token too, and its messages about others are refused."""
    mine = house.made.client(house.made.device("P-7"))
    tokens = {name: house.made.accounts.issue(name).secret for name in ("P-7", "P-8")}
    assert over_mqtt(house.mqtt, mine, "P-8") == BAD_CREDENTIALS
    assert over_mqtt(house.mqtt, mine, "P-8", tokens["P-8"]) == BAD_CREDENTIALS
    assert over_mqtt(house.mqtt, mine, "P-7", tokens["P-7"]) == 0
    assert over_http(house.http, mine, tokens["P-8"]) == 401
    assert over_http(house.http, mine, tokens["P-7"]) == 200
    with dialled(house.mqtt, mine) as line:
        line.sendall(connect_packet() + publish_packet("twins/Pump/P-7/telemetry", b'{"temp": 300}', 1))
        assert read(line, 8)[-4:] == bytes([0x40, 2, 0, 1])
        line.sendall(publish_packet("twins/Pump/P-8/telemetry", b'{"temp": 999}', 2))
        until(lambda: house.live.endpoint and house.live.endpoint.counters["denied"])
    assert house.live.ids("Pump") == ["P-7"]


def read(line: ssl.SSLSocket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = line.recv(count - len(data))
        assert more, f"ended after {data!r}"
        data += more
    return data


def test_a_client_refuses_another_name_and_another_authority(house: House) -> None:
    """The server proves who it is: another name, or a root that the client does not know, ends the handshake."""
    for port in (house.mqtt, house.http):
        raw = socket.create_connection(("127.0.0.1", port), timeout=10)
        with pytest.raises(ssl.SSLCertVerificationError):
            house.made.client().wrap_socket(raw, server_hostname="plant.example")
        with pytest.raises(ssl.SSLCertVerificationError):
            dialled(port, ssl.create_default_context())


def test_tokens_go_on_beside_certificates(house: House) -> None:
    """Over TLS a client without a certificate shows a token, as ever; a wrong one is refused."""
    token = house.made.accounts.issue("P-8").secret
    client = house.made.client()
    assert over_mqtt(house.mqtt, client, "P-8", token) == 0
    assert over_mqtt(house.mqtt, client, "P-8", "no token") == BAD_CREDENTIALS
    assert over_http(house.http, client, token) == 200
    assert over_http(house.http, client, path="/health/live") == 200


def test_plain_text_gets_nothing(house: House) -> None:
    """A listener of TLS answers no plain CONNECT and no plain request."""
    for port, words in ((house.mqtt, connect_packet()), (house.http, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
            line.sendall(words)
            heard = b""
            try:
                while more := line.recv(4096):
                    heard += more
            except OSError:
                pass
            assert b"HTTP" not in heard
            assert not heard.startswith(b"\x20")


# -- live changes -----------------------------------------------------------------------------------------------------


def test_a_revoked_device_is_out_within_seconds_and_stays_out(house: House) -> None:
    """Its live session and its WebSocket end within five seconds, by a record that another process has written."""
    mine = house.made.client(house.made.device("P-7"))
    with (
        dialled(house.mqtt, mine) as line,
        connect(f"wss://localhost:{house.http}/api/v1/live", ssl=mine, open_timeout=10) as wire,
    ):
        line.sendall(connect_packet())
        assert read(line, 4)[3] == 0
        begun = time.monotonic()
        with closing(Accounts(house.made.data / "accounts.db", clock=WallClock())) as elsewhere:
            revoke(elsewhere, house.made.authority, "P-7", WallClock().now())
        line.settimeout(5)
        assert line.recv(1) == b""
        while over(wire) is None:
            assert time.monotonic() - begun < 5
        assert over(wire) == 4401
        assert time.monotonic() - begun < 5
    until(lambda: over_mqtt(house.mqtt, mine) == OUT)
    until(lambda: over_http(house.http, mine) == OUT)


@pytest.mark.parametrize("older", [(), ("mqtt",)])
def test_resumption_does_not_outlive_revocation(tmp_path: Path, older: tuple[Any, ...]) -> None:
    """With its old TLS session a revoked device stays out, by TLS 1.3 and by 1.2, which is spoken where it is named."""
    made = handshake.made(tmp_path)
    with opened(made, older=older) as house:
        newest = ssl.TLSVersion.TLSv1_2 if older else ssl.TLSVersion.TLSv1_3
        mine = made.client(house.made.device("P-7"), newest=newest)
        with dialled(house.mqtt, mine) as line:
            line.sendall(connect_packet())
            assert read(line, 4)[3] == 0
            session = line.session
        if older:
            assert over_http(house.http, mine) == OUT  # 1.2 on the other listener, which did not name it
        revoke(house.made.accounts, made.authority, "P-7", WallClock().now())
        time.sleep(1.2)
        try:
            with dialled(house.mqtt, mine, session) as line:
                line.sendall(connect_packet())
                answer = line.recv(4)
        except OSError:
            answer = b""
        assert answer == b"" or answer[3] == BAD_CREDENTIALS


def test_rotation_with_overlap_and_a_new_server_certificate_need_no_restart(house: House) -> None:
    """Both certificates of a device come in; then the old one alone is out; the server's is exchanged while it runs."""
    old, new = house.made.device("P-7"), house.made.device("P-7")
    assert [over_mqtt(house.mqtt, house.made.client(one)) for one in (old, new)] == [0, 0]
    number = x509.load_pem_x509_certificate(old.read_bytes()).serial_number
    revoke(house.made.accounts, house.made.authority, f"{number:040x}", WallClock().now())
    until(lambda: over_mqtt(house.mqtt, house.made.client(old)) == OUT)
    assert over_mqtt(house.mqtt, house.made.client(new)) == 0
    before = shown_by(house)
    made = house.made.authority.serve_as(["localhost"], WallClock().now())
    until(lambda: shown_by(house) == made.serial_number)
    assert before != made.serial_number


def shown_by(house: House) -> int:
    with dialled(house.mqtt, house.made.client()) as line:
        certificate = line.getpeercert(binary_form=True)
    assert certificate is not None
    return x509.load_der_x509_certificate(certificate).serial_number


def test_names_that_are_new_in_the_certificate_are_answered_without_a_restart(house: House) -> None:
    """The site answers under a name once its certificate has it, and no more once it has not."""
    for names in (["localhost", "plant.example"], ["localhost"]):
        assert (asked_as(house, "plant.example") == 200) is (len(names) == 1)
        house.made.authority.serve_as(names, WallClock().now())
        until(lambda names=names: (asked_as(house, "plant.example") == 200) is (len(names) == 2))  # type: ignore[misc]


def asked_as(house: House, host: str) -> int:
    """The status of a request under a name."""
    line = http.client.HTTPSConnection("localhost", house.http, context=house.made.client(), timeout=10)
    line.request("GET", "/health/live", headers={"Host": host})
    try:
        return line.getresponse().status
    finally:
        line.close()


def test_what_runs_out_is_told(house: House) -> None:
    """A list that has ended is a broken promise, and is mended; metrics count, and say how long all holds."""
    secure = house.live.secure
    assert secure is not None
    mine = house.made.client(house.made.device("P-7"))
    secure.keep()
    assert secure.broken() == []
    metrics = {metric.name: metric.samples for metric in secure.metrics()}
    assert ({"state": "valid"}, 1.0) in metrics["pollux_certificates"]
    assert min(value for _, value in metrics["pollux_tls_ends_seconds"]) > 86_400
    house.made.authority.relist([], 0)
    assert "revocation list ended" in secure.broken()[0].text
    until(lambda: over_mqtt(house.mqtt, mine) == OUT)
    house.made.device("P-8")  # with any change of the records the list is looked at, and written anew
    until(lambda: over_mqtt(house.mqtt, mine) == 0)


# -- bounds -----------------------------------------------------------------------------------------------------------


def test_half_open_handshakes_do_not_lock_the_door(tmp_path: Path) -> None:
    """Many that say nothing give way to the one that speaks."""
    made = handshake.made(tmp_path)
    context = server_context(made.folder)
    endpoint = MqttEndpoint(
        ("127.0.0.1", 0), gate=Gate(made.accounts), sink=HandSink(), clock=WallClock(), tls=Acceptor(lambda: context)
    )
    endpoint.start()
    silent = [socket.create_connection(("127.0.0.1", endpoint.port)) for _ in range(300)]
    try:
        assert over_mqtt(endpoint.port, made.client(made.device("P-7"))) == 0
        until(lambda: endpoint.counters["refused_tls"] > 0)
    finally:
        for one in silent:
            one.close()
        endpoint.stop()
        made.accounts.close()


def test_large_messages_pass_whole_in_both_directions(house: House) -> None:
    """A payload far larger than any buffer between, in small pieces, comes back to a subscriber byte for byte."""
    made = house.made
    made.accounts.add("boss", kind="service", roles={"administrator"}, twins=["*"])
    token = made.accounts.issue("boss").secret
    payload = json.dumps({"temp": 300, "note": "x" * 700_000}).encode()
    topic = "twins/Pump/P-7/telemetry"
    body = len(topic).to_bytes(2, "big") + topic.encode() + payload
    packet = b"\x30" + remaining(len(body)) + body
    with dialled(house.mqtt, made.client()) as hears, dialled(house.mqtt, made.client(made.device("P-7"))) as says:
        hears.sendall(connect_packet("hears", "boss", token))
        read(hears, 4)
        hears.sendall(bytes([0x82, 2 + 2 + len(topic) + 1, 0, 1]) + body[: 2 + len(topic)] + b"\0")
        assert read(hears, 5)[-1] == 0
        says.sendall(connect_packet("says"))
        read(says, 4)
        for at in range(0, len(packet), 50_001):
            says.sendall(packet[at : at + 50_001])
        assert read(hears, len(packet)) == packet


def remaining(size: int) -> bytes:
    out = b""
    while True:
        size, digit = divmod(size, 128)
        out += bytes([digit | (0x80 if size else 0)])
        if not size:
            return out


def test_only_tls_may_listen_beyond_loopback(tmp_path: Path) -> None:
    """Without it an address of the network is refused, and with it nobody comes in from there by name alone."""
    made = handshake.made(tmp_path)
    with pytest.raises(SetupError, match="address of this machine"):
        plant().open(made.data, mqtt="0.0.0.0:0")
    with pytest.raises(SetupError, match="by name"):
        plant().open(made.data, mqtt="0.0.0.0:0", tls=made.folder, insecure=True)
    with opened(made, mqtt="0.0.0.0:0", http="0.0.0.0:0") as house:
        mine = made.client(house.made.device("P-7"))
        assert over_mqtt(house.mqtt, mine) == 0
        assert over_http(house.http, mine) == 200
        assert house.live.page().startswith(f"https://localhost:{house.http}/?token=")


def test_a_site_without_an_authority_does_not_open(tmp_path: Path) -> None:
    """The message says what makes one."""
    with pytest.raises(SetupError, match="identity init"):
        plant().open(tmp_path / "data", tls=tmp_path / "data" / "identity")


def test_an_acceptor_refuses_slow_handshakes(tmp_path: Path) -> None:
    """A connection that does not shake hands within its time is closed."""
    import asyncio

    made = handshake.made(tmp_path)
    context = server_context(made.folder)

    async def run() -> bytes:
        acceptor = Acceptor(lambda: context, within=0.2)
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        task = asyncio.ensure_future(acceptor.accept(listener, asyncio.Protocol))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        heard = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        task.cancel()
        listener.close()
        assert acceptor.refused == 1
        return heard

    assert asyncio.run(run()) == b""
    made.accounts.close()
