"""CoAP against an open site: orders, formats, health, and DTLS by the site's own authority."""

import asyncio
import builtins
import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cbor2
import pytest

import pollux as px
from pollux.check import pack_block
from pollux.clock import WallClock
from pollux.columns.encodings import CONTENT_FORMATS
from pollux.connect.coap.codes import Code, Kind
from pollux.connect.coap.message import Message, decode, encode
from pollux.errors import SetupError, StorageFailed
from pollux.guard.enrolment import revoke
from tests.connect.coap.rig import Secured, options
from tests.guard import handshake
from tests.site.plants import Motor, site

from .rig import Machine, opened, plant, until
from .stock_coap import COAP, JSON, Stock, port_of, stock


def test_an_order_reaches_a_device_that_observes_and_is_answered(tmp_path: Path) -> None:
    """Set from Python, heard as a notification, answered by POST: done; without MQTT, and once."""
    made, motors, _ = site()
    heard: list[dict[str, Any]] = []

    async def obey(client: Stock) -> None:
        await client.ask("POST", "twins/Motor/M-1/telemetry?name=M-1", b'{"temp": 300}', content_format=JSON)
        observed = client.request("GET", "twins/Motor/M-1/commands?name=M-1", observe=0)
        await asyncio.wait_for(observed.response, 20)
        told = asyncio.ensure_future(anext(aiter(observed.observation)))
        order = await asyncio.to_thread(lambda: motors["M-1"].set({Motor.speed: 900.0}, reason="slower"))
        heard.append(json.loads((await asyncio.wait_for(told, 20)).payload))
        said = json.dumps({"id": heard[0]["id"], "state": "done"}).encode()
        assert (await client.ask("POST", "twins/Motor/M-1/commands/ack?name=M-1", said))[0] == "2.04"
        assert await asyncio.to_thread(order.wait, "done") == "done"
        observed.observation.cancel()

    with made.open(tmp_path, mqtt=None, coap=COAP, insecure=True, act=True) as live:
        assert live.coap is not None
        stock(live.coap.port, obey)
    assert [one["params"] for one in heard] == [{"speed": 900.0}]


def test_a_device_that_was_heard_is_there(tmp_path: Path) -> None:
    """Its trace shows it, with its address and protocol, and its twin says that it is connected."""

    async def say(client: Stock) -> None:
        said = await client.ask("POST", "twins/Machine/M-1/telemetry?name=M-1", b'{"temp": 300}', content_format=JSON)
        assert said == ("2.04", b"")

    with opened(tmp_path, coap=COAP) as house:
        stock(port_of(house), say)
        trace = house.get("/devices/M-1/trace").json
        assert [(one["protocol"], one["address"]) for one in trace["connections"]] == [("CoAP", "127.0.0.1")]
        assert {step["key"]: step["state"] for step in trace["steps"]}["connected"] == "ok"
        assert house.get("/twins/Machine/M-1").status == 200


PAYLOADS: dict[int, bytes] = {
    0: b"301.5",
    41: b"<said><temp>301.5</temp></said>",
    42: pack_block(["temp"], [[301.5]]),
    50: b'{"temp": 301.5}',
    60: cbor2.dumps({"temp": 301.5}),
    110: b'[{"n": "temp", "u": "K", "v": 301.5}]',
    112: cbor2.dumps([{0: "temp", 1: "K", 2: 301.5}]),
}


def test_every_content_format_becomes_a_value(tmp_path: Path) -> None:
    """Whatever has a number in the table of encodings a device may send; a plain number where the path says of what."""
    assert {*PAYLOADS, 16} == set(CONTENT_FORMATS)  # what is sealed needs a key: tests/doors/test_formats.py
    made = px.Site()
    made.fleet(Machine, px.mqtt("plain/{id}/{signal}"))

    async def say(client: Stock) -> None:
        for number, payload in PAYLOADS.items():
            path = f"twins/Machine/M-{number}/telemetry" if number else "plain/M-0/temp"
            asked = await client.ask("POST", f"{path}?name=M-{number}", payload, content_format=number)
            assert asked == ("2.04", b""), number

    with opened(tmp_path, site=made, coap=COAP) as house:
        stock(port_of(house), say)
        values = {number: house.value(f"Machine/M-{number}", "temp")["value"] for number in PAYLOADS}
        assert values == dict.fromkeys(PAYLOADS, 301.5)


def test_a_log_that_fails_is_told_and_seen(tmp_path: Path) -> None:
    """A site whose storage has failed says so under /health/ready, and to whoever speaks CoAP."""

    async def say(client: Stock) -> None:
        assert (await client.ask("POST", "twins/Machine/M-1/telemetry?name=M-1", b'{"temp": 300}'))[0] == "5.00"
        assert (await client.ask("POST", "twins/Machine/M-1/telemetry?name=M-1", b'{"temp": 300}'))[0] == "5.03"

    def broken(*_: Any) -> None:
        raise StorageFailed("the disk is gone")

    with opened(tmp_path, coap=COAP) as house:
        assert house.live.coap is not None
        house.live.coap._loop.intake._sink = broken  # type: ignore[assignment]
        stock(port_of(house), say)
        ready = house.get("/health/ready")
        assert (ready.status, "the disk is gone" in ready.body.decode()) == (503, True)


def test_a_site_speaks_dtls_with_its_own_authority(tmp_path: Path) -> None:
    """A device comes in by its certificate, its value is in the twin; revoked, it is out within seconds."""
    made = handshake.made(tmp_path)
    made.accounts.add("M-1", kind="device", roles={"device"}, twins=["Machine/M-1"])
    made.accounts.close()
    with plant().open(made.data, mqtt=None, coap="0.0.0.0:0", tls=made.folder) as live:
        assert live.coap is not None
        made = replace(made, accounts=live.accounts)
        device = Secured(live.coap.port, made, made.device("M-1")).shake()
        answer = device.ask(2, "twins/Machine/M-1/telemetry", b'{"temp": 301}', content_format=JSON)
        assert answer.code == 0x44
        view = live.fleet_view(live.site.declared["Machine"])
        assert float(view.temp[0]) == 301
        revoke(made.accounts, made.authority, made.accounts.certificates.of("M-1")[0].id, WallClock().now())
        until(lambda: live.coap is not None and live.coap.counters["ended_identity"] == 1, within=5)
        device.close()
        again = Secured(live.coap.port, made, handshake.self_signed(made))
        with pytest.raises(Exception, match="SSL routines"):
            again.shake().ask(2, "twins/Machine/M-1/telemetry", b"{}")
        again.close()
        count, attempts = live.gate.attempts.nameless()
        assert (count, "handshake failed" in attempts[-1].why) == (1, True)


def test_beyond_this_machine_coap_needs_dtls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the clear only loopback is listened on, and without pyOpenSSL the error names the extra."""
    with pytest.raises(SetupError, match="TLS"), plant().open(tmp_path / "a", coap="0.0.0.0:0"):
        pass
    made = handshake.made(tmp_path / "b")
    made.accounts.close()
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "OpenSSL":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SetupError, match="make install EXTRAS=industrial"):
        plant().open(made.data, coap="0.0.0.0:0", tls=made.folder)


def test_another_dtls_client_shakes_hands_and_is_answered(tmp_path: Path, tool: Callable[[str], str]) -> None:
    """The openssl program of this system, over UDP, with a device's certificate: its request gets its 2.04."""
    made = handshake.made(tmp_path)
    made.accounts.add("M-1", kind="device", roles={"device"}, twins=["Machine/M-1"])
    path, root = str(made.device("M-1")), str(made.folder / "root.pem")
    made.accounts.close()
    said = Message(Kind.CON, Code.POST, 7, b"tok", options("twins/Machine/M-1/telemetry"), b'{"temp": 301}')
    with plant().open(made.data, mqtt=None, coap="127.0.0.1:0", tls=made.folder) as live:
        assert live.coap is not None
        where = ["-connect", f"127.0.0.1:{live.coap.port}", "-CAfile", root, "-cert", path, "-key", path]
        client = subprocess.Popen(
            [tool("openssl"), "s_client", "-dtls1_2", "-quiet", "-verify_return_error", *where],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
        )  # fmt: skip
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(encode(said))
        answer = decode(client.stdout.read(64))
        client.kill()
        client.wait(20)
        client.stdin.close()
        client.stdout.close()
        assert (answer.kind, answer.code, answer.id, answer.token) == (Kind.ACK, Code.CHANGED, 7, b"tok")
        assert float(live.fleet_view(live.site.declared["Machine"]).temp[0]) == 301
