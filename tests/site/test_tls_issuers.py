"""One issuer after another on a site that serves: on MQTT, HTTP and WebSocket, and on the command line."""

import io
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.connect.rig import until
from tests.guard import handshake
from tests.guard.handshake import SECRET
from tests.site.test_tls import (
    OUT,
    House,
    connect_packet,
    dialled,
    opened,
    over,
    over_http,
    over_mqtt,
    over_websocket,
    read,
    shown_by,
)
from websockets.sync.client import connect

from pollux.cli import main
from pollux.guard.issuers import serial_of
from pollux.site.enrolling import fetched


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with opened(handshake.made(tmp_path)) as house:
        yield house


def identity(house: House, monkeypatch: pytest.MonkeyPatch, action: str, *words: str) -> None:
    """A command beside the site that serves, with the root's passphrase on standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO(SECRET.decode() + "\n"))
    assert main(["identity", action, str(house.made.data), *words, "--root", str(house.made.export)]) == 0


def ways(house: House, device: Path) -> list[int | str]:
    """How a device fares on MQTT, HTTP and WebSocket."""
    client = house.made.client(device)
    return [over_mqtt(house.mqtt, client), over_http(house.http, client), over_websocket(house.http, client)]


IN: list[int | str] = [0, 200, 101]
SHUT: list[int | str] = [OUT, OUT, OUT]


def test_devices_of_both_issuers_come_in_while_one_follows_the_other(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The site enrols by the new one without a restart, and shows a certificate of it; nobody is shut out meanwhile."""
    old, before = house.made.device("P-7"), shown_by(house)
    with dialled(house.mqtt, house.made.client(old)) as line:
        line.sendall(connect_packet("held"))
        assert read(line, 4)[3] == 0
        identity(house, monkeypatch, "renew-issuer")
        until(lambda: shown_by(house) != before)
        code = f"{house.live.accounts.issue_code('P-8').secret}.{house.made.authority.mark}"
        fetched(f"https://localhost:{house.http}", code, tmp_path / "out")
        new = tmp_path / "both.pem"
        new.write_bytes((tmp_path / "out/device.key").read_bytes() + (tmp_path / "out/device.pem").read_bytes())
        assert [ways(house, one) for one in (old, new)] == [IN, IN]
        line.sendall(bytes([0xC0, 0]))
        assert read(line, 2) == bytes([0xD0, 0])  # the session from before goes on
    first, second = house.live.accounts.certificates.of()
    assert second.issuer == serial_of(house.made.authority.issuer.certificate) != first.issuer


def test_a_revoked_issuer_shuts_its_devices_out_of_every_listener(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Live sessions end within five seconds, none of its certificates comes in, and a code lets the device back."""
    path = house.made.device("P-7")
    mine = house.made.client(path)
    with (
        dialled(house.mqtt, mine) as line,
        connect(f"wss://localhost:{house.http}/api/v1/live", ssl=mine, open_timeout=10) as wire,
    ):
        line.sendall(connect_packet())
        assert read(line, 4)[3] == 0
        begun = time.monotonic()
        identity(house, monkeypatch, "revoke-issuer")
        assert "P-7" in capsys.readouterr().out
        line.settimeout(5)
        assert line.recv(1) == b""
        while over(wire) is None:
            assert time.monotonic() - begun < 5
        assert over(wire) == 4401
        assert time.monotonic() - begun < 5
    until(lambda: ways(house, path) == SHUT)
    main(["identity", "code", str(house.made.data), "P-7"])
    code = capsys.readouterr().out.strip()
    time.sleep(1.1)
    fetched(f"https://localhost:{house.http}", code, tmp_path / "out")
    again = tmp_path / "again.pem"
    again.write_bytes((tmp_path / "out/device.key").read_bytes() + (tmp_path / "out/device.pem").read_bytes())
    assert ways(house, again) == IN
