"""The doors against web pages, guessers and careless addresses: nothing is given, no secret is written down."""

import base64
import json
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pollux.errors import SetupError

from .rig import House, Paho, opened, plant, until

EVIL = "http://evil.example"
PASSWORD = "correct horse battery"


def raw(house: House, request: str) -> bytes:
    """What comes back for bytes sent as they are, until the other side ends or is silent for a moment."""
    with socket.create_connection(("127.0.0.1", house.http), timeout=5) as link:
        link.sendall(request.encode())
        link.settimeout(1.5)
        got = b""
        try:
            while more := link.recv(65536):
                got += more
        except TimeoutError:
            pass
        return got


def head(house: House, method: str, path: str, *lines: str, host: str | None = None) -> str:
    """A request by hand."""
    given = [f"{method} {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{house.http}'}", *lines]
    return "\r\n".join(given) + "\r\n\r\n"


def cookie(house: House, name: str = "root") -> str:
    """The session cookie of somebody who signed in with a token."""
    body = json.dumps({"token": house.live.accounts.issue(name).secret})
    ours = f"Origin: http://127.0.0.1:{house.http}"
    lines = (ours, "Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close")
    answer = raw(house, head(house, "POST", "/api/v1/session", *lines) + body).decode()
    line = next(line for line in answer.splitlines() if line.lower().startswith("set-cookie: "))
    words = line.partition(": ")[2].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {*words}
    return words[0]


def handshake(house: House, *lines: str, host: str | None = None) -> bytes:
    """The answer to a WebSocket's first request."""
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = ("Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13")
    return raw(house, head(house, "GET", "/api/v1/live", *upgrade, *lines, host=host))


def test_our_own_page_gets_its_live_wire(house: House) -> None:
    """The harness can succeed: with our origin and the cookie the WebSocket opens and says hello."""
    own = f"Origin: http://127.0.0.1:{house.http}"
    answer = handshake(house, own, f"Cookie: {cookie(house)}")
    assert answer.startswith(b"HTTP/1.1 101")
    assert b"hello" in answer


@pytest.mark.parametrize(
    "origin", [EVIL, "null", "http://127.0.0.1:1", "http://localhost.evil.example", "https://127.0.0.1"]
)
def test_a_foreign_page_gets_no_live_wire(house: House, origin: str) -> None:
    """A WebSocket of another origin is refused before it opens, with the cookie, with a token, and with nothing."""
    for credential in (f"Cookie: {cookie(house)}", f"Authorization: Bearer {house.token}", "X-Nothing: 1"):
        answer = handshake(house, f"Origin: {origin}", credential)
        assert answer.startswith(b"HTTP/1.1 403"), answer[:80]
        assert b"hello" not in answer


def test_a_cookie_without_an_origin_opens_no_wire(house: House) -> None:
    """Browsers name their origin; whoever has the cookie and does not is refused, and nobody is told to sign in."""
    assert handshake(house, f"Cookie: {cookie(house)}").startswith(b"HTTP/1.1 403")
    nobody = handshake(house)
    assert b"hello" not in nobody


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", f"evil.example:{80}", "[::1].evil.example"])
def test_a_name_that_is_not_ours_gets_nothing(house: House, host: str) -> None:
    """A rebound name reaches neither page, interface nor live wire, whatever it shows."""
    token = f"Authorization: Bearer {house.token}"
    for path in ("/", "/api/v1/twins", "/health/live", "/metrics", "/docs"):
        answer = raw(house, head(house, "GET", path, token, "Connection: close", host=host))
        assert answer.startswith((b"HTTP/1.1 421", b"HTTP/1.1 400")), answer[:60]
        assert b"Machine" not in answer
    assert handshake(house, token, host=host).startswith((b"HTTP/1.1 421", b"HTTP/1.1 400"))


def test_a_form_of_another_site_changes_nothing(house: House) -> None:
    """What a form can post, with the browser's cookie and every content type a form has, is refused."""
    signed = cookie(house)
    for media in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
        body = '{"values": {"label": "mine"}}'
        lines = (f"Origin: {EVIL}", f"Cookie: {signed}", f"Content-Type: {media}", f"Content-Length: {len(body)}")
        for path in ("/api/v1/twins/Machine/form", "/api/v1/twins/Machine/form/telemetry", "/api/v1/session"):
            answer = raw(house, head(house, "POST", path, *lines, "Connection: close") + body)
            assert answer.startswith(b"HTTP/1.1 403"), (path, answer[:60])
            assert b"set-cookie" not in answer.lower()
    assert house.get("/twins/Machine/form").status == 404


def test_guessing_is_slowed_by_name_at_both_doors(house: House) -> None:
    """Five wrong passwords for a name in a minute: the sixth must wait, over HTTP and MQTT, and others need not."""
    for name in ("guessed", "other"):
        house.live.accounts.add(name, kind="person", roles={"viewer"}, twins=["*"])
        house.live.accounts.set_password(name, PASSWORD)

    def status(name: str, password: str) -> int:
        body = json.dumps({"name": name, "password": password})
        own = f"Origin: http://127.0.0.1:{house.http}"
        lines = (own, "Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close")
        return int(raw(house, head(house, "POST", "/api/v1/session", *lines) + body)[9:12])

    assert [status("guessed", f"wrong {n}") for n in range(6)] == [401] * 5 + [429]
    assert status("guessed", PASSWORD) == 429
    with pytest.raises(AssertionError):
        Paho(house, "guessed", password=PASSWORD)
    assert status("other", PASSWORD) == 204


def test_no_secret_is_written_down(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """At the loudest level, through failures and successes, no token, password or cookie stands in a log or a file."""
    with caplog.at_level(logging.DEBUG), opened(tmp_path) as house:
        device = house.account("M-1", kind="device", roles={"device"}, twins=["Machine/M-1"])
        house.live.accounts.add("anna", kind="person", roles={"viewer"}, twins=["*"])
        house.live.accounts.set_password("anna", PASSWORD)
        page = house.live.page()
        raw(house, head(house, "GET", "/?" + page.partition("?")[2], "Connection: close"))
        signed = cookie(house)
        speaker = Paho(house, "M-1", password=device)
        speaker.send("twins/Machine/M-1/telemetry", b'{"temp": 301}').wait_for_publish(20)
        speaker.close()
        with pytest.raises(AssertionError):
            Paho(house, "M-1", password=device + "x")
        house.get("/twins", device + "y")
        house.get("/twins?token=" + house.token)
        secrets = [device, house.token, signed.partition("=")[2], page.rpartition("token=")[2], PASSWORD]
        until(lambda: house.value("Machine/M-1", "temp")["value"] == 301)
    said = caplog.text
    assert [secret for secret in secrets if secret in said] == []
    for path in (one for one in tmp_path.rglob("*") if one.is_file()):
        content = path.read_bytes()
        assert [secret for secret in secrets if secret.encode() in content] == [], path.name


@pytest.mark.parametrize("door", ["mqtt", "http"])
@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.org:0", ":0"])
def test_no_door_opens_beyond_this_machine(tmp_path: Path, door: str, address: str) -> None:
    """Plain text stays on loopback: every listener refuses any other address before anything is opened."""
    doors = {"mqtt": "127.0.0.1:0", "http": "127.0.0.1:0"} | {door: address}
    site = plant()
    with pytest.raises(SetupError):
        site.open(tmp_path, insecure=True, mqtt=doors["mqtt"], http=doors["http"]).__enter__()
    with site.open(tmp_path, insecure=True, http="127.0.0.1:0"):
        pass


@pytest.mark.parametrize("option", ["--http", "--mqtt"])
def test_serve_refuses_too_and_says_what_to_do(tmp_path: Path, option: str) -> None:
    """`pollux serve` on an address that others reach exits 1 with one clear message."""
    declared = tmp_path / "site.py"
    declared.write_text("from tests.doors.rig import plant\nsite = plant()\n")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "pollux", "serve", str(declared), "--data", str(tmp_path / "data"), "--insecure"]
    others = ["--mqtt", "127.0.0.1:0"] if option == "--http" else ["--http", "127.0.0.1:0"]
    done = subprocess.run(
        [*command, *others, option, "0.0.0.0:0"],
        env={**os.environ, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "this machine" in done.stderr or "loopback" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_leaves_nothing_behind(tmp_path: Path) -> None:
    """A door that cannot open ends the whole opening: no lock and no other door stays, and it opens later."""
    site = plant()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for doors in ({"mqtt": taken.getsockname()[1]}, {"http": taken.getsockname()[1]}):
            given: dict[str, Any] = {name: f"127.0.0.1:{port}" for name, port in doors.items()}
            with pytest.raises(SetupError, match=r"taken|in use"), opened(tmp_path, site=site, **given):
                pass
    with opened(tmp_path, site=site) as house:
        assert house.get("/health/ready").json["ready"]
