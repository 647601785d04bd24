"""The real server on a loopback socket: HTTP by bytes, WebSockets by a stock client, events as a browser reads them."""

import base64
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from pollux.errors import SetupError
from pollux.guard.tokens import new_token
from pollux.show import Application, Server, first_administrator, invite, serve
from pollux.show.entrance import POLICY
from pollux.show.live.frames import CONTROL, FrameKind, read

from .house import FakeHouse, FakeTenancy


@pytest.fixture
def server(app: Application) -> Iterator[Server]:
    with serve(app, port=0) as running:
        yield running


def ask(
    server: Server, method: str, path: str, token: str | None = None, **more: Any
) -> tuple[int, dict[str, str], bytes]:
    """One request over a connection of its own."""
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        link.request(method, path, headers={**headers, **more.pop("headers", {})}, **more)
        answer = link.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        link.close()


def raw(server: Server, sent: bytes) -> bytes:
    """What comes back for bytes on a socket, until the server ends it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as link:
        link.sendall(sent)
        pieces = []
        while piece := link.recv(65_536):
            pieces.append(piece)
    return b"".join(pieces)


def open_socket(server: Server, token: str | None, **more: Any) -> ClientConnection:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"ws://127.0.0.1:{server.port}/api/v1/live"
    headers |= more.pop("headers", {})
    link: ClientConnection = connect(url, additional_headers=headers, open_timeout=10, proxy=None, **more)
    return link


def control(message: dict[str, Any]) -> bytes:
    return CONTROL + msgspec.msgpack.encode(message)


def until(link: ClientConnection, wanted: str) -> dict[str, Any]:
    """The next control message of a kind."""
    for _ in range(1_000):
        message = link.recv(timeout=10)
        assert isinstance(message, bytes)
        if message.startswith(CONTROL) and msgspec.msgpack.decode(message[4:])["is"] == wanted:
            found: dict[str, Any] = msgspec.msgpack.decode(message[4:])
            return found
    raise AssertionError(f"no {wanted} came")


def drained(link: ClientConnection) -> None:
    """Read until the link ends."""
    for _ in range(10_000):
        link.recv(timeout=10)


def test_it_serves_and_ends(app: Application, house: FakeHouse) -> None:
    """It answers on the port it says, and after stop nobody does."""
    with serve(app, port=0) as server:
        assert server.url == f"http://127.0.0.1:{server.port}/"
        status, headers, body = ask(server, "GET", "/api/v1/twins/Pump/P-1", house.tokens["viewer"])
        assert (status, json.loads(body)["twin"]) == (200, "Pump/P-1")
        assert headers["content-security-policy"] == POLICY
        assert "server" not in headers
    with pytest.raises(ConnectionRefusedError):
        ask(server, "GET", "/health/live")


def test_plain_http_stays_on_this_machine(app: Application) -> None:
    """A host beyond loopback is refused with a way out, and so is a port that is taken."""
    with pytest.raises(SetupError, match="loopback"):
        serve(app, host="0.0.0.0")
    with serve(app, port=0) as server, pytest.raises(SetupError, match="cannot be taken"):
        serve(app, port=server.port)


def test_bytes_that_are_no_request_get_the_policy_too(server: Server) -> None:
    """Garbage is answered by a problem document with the policy, and the connection ends."""
    answer = raw(server, b"\x16\x03\x01 this is no HTTP\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert POLICY.encode() in head
    assert json.loads(body)["status"] == 400


def test_ten_megabytes_are_refused_by_their_announcement(server: Server, house: FakeHouse) -> None:
    """The answer to a large body comes after its headers, and the connection ends without reading it."""
    head = (
        f"POST /api/v1/telemetry HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {house.tokens['admin']}\r\nContent-Length: 10485760\r\n\r\n"
    )
    answer = raw(server, head.encode())
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in answer


@pytest.mark.parametrize(
    "junk",
    ["GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", "GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n"],
)
def test_a_canary_lives_beside_junk(server: Server, house: FakeHouse, junk: str) -> None:
    """Requests without a good Host are refused, and the next client is served."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as link:
        link.sendall(junk.encode())
        assert link.recv(16).startswith(b"HTTP/1.1 4")
    assert ask(server, "GET", "/health/live")[0] == 200


def test_half_a_request_does_not_hold_a_connection(
    server: Server, house: FakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who begins a request and does not go on is hung up on; who has sent one is not, and neither is a live link."""
    monkeypatch.setattr("pollux.show.server.REQUEST_WITHIN", 0.05)
    with open_socket(server, house.tokens["viewer"]) as live:
        whole = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        whole.request("GET", "/health/live")
        assert whole.getresponse().read()
        assert raw(server, b"GET /health/live HTTP/1.1\r\nHost: 127") == b""
        whole.request("GET", "/health/live")
        assert whole.getresponse().status == 200
        whole.close()
        assert until(live, "clock")["speed"] == 1.0


def test_telemetry_is_durable_before_202(server: Server, house: FakeHouse) -> None:
    """A stock HTTP client's measurement is in the log when it has its answer."""
    body = b'{"temp": 351.5}'
    status, _, _ = ask(
        server, "POST", "/api/v1/twins/Pump/P-1/telemetry", house.tokens["device"],
        body=body, headers={"Content-Type": "application/json"},
    )  # fmt: skip
    assert status == 202
    assert house.disk.messages()[0][2] == body


def test_a_one_time_address_lets_a_browser_in(server: Server, house: FakeHouse) -> None:
    """The address of `invite` gives a cookie, with which the live wire opens from the page's own origin."""
    where = invite(house.accounts, "operator", server.url).removeprefix(server.url)
    status, headers, _ = ask(server, "GET", f"/{where}")
    assert status == 303
    cookie = headers["set-cookie"].partition(";")[0]
    with open_socket(server, None, headers={"Cookie": cookie}, origin=server.url.rstrip("/")) as link:
        assert until(link, "hello")["protocol"] == 1


def test_the_live_wire_carries_values(server: Server, house: FakeHouse, plant: FakeTenancy) -> None:
    """Hello, watch, channels, a state frame, and another one when the value changes."""
    with open_socket(server, house.tokens["viewer"]) as link:
        hello = until(link, "hello")
        assert (hello["version"], hello["resumed"]) == (house.version, False)
        link.send(control({"is": "resume", "seq": 0}))
        link.send(control({"is": "watch", "twins": [{"twin": "Pump/P-1", "fields": ["temp"]}]}))
        channel = until(link, "channels")["channels"][0]["channel"]
        frame = next_frame(link)
        assert (frame.kind, frame.channel, frame.values.tolist()) == (FrameKind.STATE, channel, [301.0])
        plant.twins.tell("Pump/P-1", "temp", 355.0)
        assert next_frame(link).values.tolist() == [355.0]


def next_frame(link: ClientConnection) -> Any:
    for _ in range(1_000):
        message = link.recv(timeout=10)
        assert isinstance(message, bytes)
        if not message.startswith(CONTROL):
            return read(message)
    raise AssertionError("no frame came")


def test_a_foreign_page_opens_no_live_wire(server: Server, house: FakeHouse) -> None:
    """A WebSocket from another origin or under another name is refused at the handshake, whatever it shows."""
    cookie = f"pollux-{server.port}={house.accounts.open_session(known(house)).secret}"
    for origin in ("http://evil.example", "http://127.0.0.1:1", "null"):
        for shown in ({"Cookie": cookie}, {"Authorization": f"Bearer {house.tokens['admin']}"}):
            with pytest.raises(InvalidStatus) as refused:
                open_socket(server, None, headers=shown, origin=origin)
            assert refused.value.response.status_code == 403
    with pytest.raises(InvalidStatus) as unnamed:
        open_socket(server, None, headers={"Cookie": cookie})
    assert unnamed.value.response.status_code == 403
    with pytest.raises(InvalidStatus) as foreign:
        open_socket(server, house.tokens["admin"], headers={"Host": "evil.example"})
    assert foreign.value.response.status_code == 421
    assert foreign.value.response.headers["content-security-policy"] == POLICY


def known(house: FakeHouse) -> Any:
    identity = house.accounts.by_token(house.tokens["operator"])
    assert identity is not None
    return identity


def test_whoever_is_not_signed_in_is_told_by_a_code(server: Server) -> None:
    """Without identity the socket is closed with 4401 before anything is said."""
    with open_socket(server, None) as link, pytest.raises(ConnectionClosed) as closed:
        link.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def test_a_revoked_token_ends_the_live_wire(server: Server, house: FakeHouse) -> None:
    """Revocation closes an open socket with 4401 within seconds."""
    with open_socket(server, house.tokens["viewer"]) as link:
        until(link, "hello")
        house.accounts.disable("viewer")
        with pytest.raises(ConnectionClosed) as closed:
            drained(link)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def test_events_carry_the_same_messages(server: Server, house: FakeHouse) -> None:
    """Where no WebSocket passes, a stream of events holds the same messages in base64."""
    watch = base64.urlsafe_b64encode(b'{"twins": [{"twin": "Pump/P-1", "fields": ["temp"]}]}').decode().rstrip("=")
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    link.request(
        "GET", f"/api/v1/live/events?watch={watch}", headers={"Authorization": f"Bearer {house.tokens['viewer']}"}
    )
    answer = link.getresponse()
    assert answer.headers["content-type"] == "text/event-stream"
    kinds: list[object] = []
    while FrameKind.STATE not in kinds:
        line = answer.readline()
        if line.startswith(b"data: "):
            message = base64.b64decode(line[6:])
            control_ = message.startswith(CONTROL)
            kinds.append(msgspec.msgpack.decode(message[4:])["is"] if control_ else read(message).kind)
    link.close()
    assert kinds[0] == "hello"
    assert "channels" in kinds
    for wrong in ("!", base64.urlsafe_b64encode(b"[1]").decode(), base64.urlsafe_b64encode(b'{"x": 1}').decode()):
        path = f"/api/v1/live/events?watch={wrong}"
        assert ask(server, "GET", path, house.tokens["viewer"])[0] in (400, 422)


def test_stop_ends_open_links(app: Application, house: FakeHouse) -> None:
    """Stopping the server ends a live link in good order instead of hanging on it."""
    server = serve(app, port=0).start()
    with open_socket(server, house.tokens["viewer"]) as link:
        until(link, "hello")
        server.stop()
        with pytest.raises(ConnectionClosed):
            drained(link)


def test_stop_ends_streams_of_events(app: Application, house: FakeHouse) -> None:
    """Stopping the server ends a stream of events with its last chunk, instead of cutting it off."""
    server = serve(app, port=0).start()
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    watch = base64.urlsafe_b64encode(b"{}").decode()
    shown = {"Authorization": f"Bearer {house.tokens['viewer']}"}
    link.request("GET", f"/api/v1/live/events?watch={watch}", headers=shown)
    answer = link.getresponse()
    assert answer.readline().startswith(b"data: ")
    server.stop()
    answer.read()
    assert answer.isclosed()
    link.close()


def test_the_first_administrator_comes_from_the_environment(house: FakeHouse, server: Server) -> None:
    """POLLUX_TOKEN is a token that opens everything; without it nothing is made."""
    secret = new_token().secret
    assert first_administrator(house.accounts, {"POLLUX_TOKEN": secret})
    assert ask(server, "GET", "/api/v1/audit", secret)[0] == 200
    assert not first_administrator(house.accounts, {})
