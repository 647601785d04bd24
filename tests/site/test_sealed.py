"""Sealed payloads through a broker that belongs to somebody else, into a site that is killed, replayed and asked."""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.connect.broker.mosquitto import Device, Mosquitto, mosquitto
from tests.connect.rig import until

import pollux as px
from pollux.cli import main
from pollux.clock import WallClock
from pollux.guard import Accounts
from pollux.guard.sealing import SealKeys
from pollux.site.live import LiveSite


class Pump(px.Twin):
    temp = px.sensor("K", low=0, high=1e9)
    speed = px.actuator("rad/s", low=0, high=200, safe=0)


def plant(broker: Mosquitto) -> "tuple[px.Site, px.Fleet[Pump]]":
    site = px.Site("plant")
    mapping = px.mqtt("field/{id}", broker=px.Broker(f"mqtt://127.0.0.1:{broker.port}"), sealed=True, create=False)
    return site, site.fleet(Pump, mapping)


@pytest.fixture(scope="module")
def broker(tool: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with mosquitto(tool, tmp_path_factory.mktemp("broker")) as one:
        yield one


def key(folder: Path, name: str, *more: str) -> px.SealKey:
    out = folder.parent / f"{name}.seal"
    assert main(["identity", "seal", str(folder), name, "--out", str(out), *more]) == 0
    assert out.stat().st_mode & 0o777 == 0o600
    return px.SealKey.read(out)


def told(seq: int, temp: float, *, at: int = 0) -> bytes:
    return json.dumps({"t": at or WallClock().now(), "seq": seq, "boot": "b", "temp": temp}).encode()


def reasons(live: LiveSite) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in live.letters.newest(100):
        found[one.reason.name] = found.get(one.reason.name, 0) + 1
    return found


def test_a_broker_that_reads_changes_moves_and_repeats_gets_nothing_in(broker: Mosquitto, tmp_path: Path) -> None:
    """What the device seals arrives; what somebody at the broker makes of it is refused with its reason, the log holds
    no word of it, and a replay of it opens the same.
    """
    folder = tmp_path / "data"
    mine, other = key(folder, "P-1"), key(folder, "P-2")
    site, pumps = plant(broker)
    with site.open(folder, mqtt=None) as live, closing(Device(broker.port, "P-1")) as device:
        for name in ("P-1", "P-2"):
            pumps.add(name)
        (client,) = live.doors.brokers.clients.values()
        until(lambda: client.connected)
        first = px.seal(told(1, 271828.0), key=mine, twin="Pump/P-1")
        forged = bytes([*first[:-1], first[-1] ^ 1])
        for topic, payload in (
            ("field/P-1", first),
            ("field/P-2", first),
            ("field/P-1", forged),
            ("field/P-1", px.seal(told(1, 5.0), key=other, twin="Pump/P-1")),
            ("field/P-1", told(2, 5.0)),
            ("field/P-9", first),
            ("field/P-1/cose", px.seal(told(2, 314159.0), key=mine, twin="Pump/P-1")),
            ("field/P-1", first),
        ):
            device.say(topic, payload)
        until(lambda: client.counters["acknowledged"] >= 8)
        until(lambda: float(pumps["P-1"].now.temp) == 314159.0)
        until(lambda: sum(reasons(live).values()) >= 5)
        assert pumps["P-1"].history(Pump.temp, "1 h").value.tolist() == [271828.0, 314159.0]
        assert reasons(live) == {"NOT_ALLOWED": 2, "TAMPERED": 1, "UNSEALED": 1, "UNKNOWN_TWIN": 1}
        assert not pumps["P-2"].history(Pump.temp, "1 h").value.size
    kept = b"".join(path.read_bytes() for path in (folder / "log").rglob("*") if path.is_file())
    assert first in kept
    assert b"271828" not in kept
    shutil.rmtree(folder / "snapshots")
    site, pumps = plant(broker)
    with site.open(folder, mqtt=None):
        assert float(pumps["P-1"].now.temp) == 314159.0
        assert pumps["P-1"].history(Pump.temp, "1 h").value.tolist() == [271828.0, 314159.0]


def test_keys_are_made_listed_changed_over_and_ended_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For the twins of the account, or of the name, or those that are said; no output holds a key."""
    folder = tmp_path / "data"
    folder.mkdir()
    with closing(Accounts(folder / "accounts.db", clock=WallClock())) as accounts:
        accounts.add("gateway", kind="device", roles={"device"}, twins=["Pump/P-1", "Pump/P-2"])
    keys = [key(folder, "gateway"), key(folder, "P-7"), key(folder, "P-7", "--twins", "Pump/P-8", "--only")]
    capsys.readouterr()
    assert main(["identity", "list", str(folder), "--json"]) == 0
    printed = capsys.readouterr().out
    rows = json.loads(printed)["seals"]
    twins = {one["id"]: (one["twins"], one["until"] is None) for one in rows}
    assert twins == {
        keys[0].id: (["Pump/P-1", "Pump/P-2"], True),
        keys[1].id: (["*/P-7"], False),
        keys[2].id: (["Pump/P-8"], True),
    }
    assert not any(one.key in printed for one in keys)
    assert main(["identity", "end-seal", str(folder), keys[2].id]) == 0
    assert main(["identity", "list", str(folder)]) == 0
    assert capsys.readouterr().out.count("until") == 3
    assert main(["identity", "end-seal", str(folder), "nobody"]) == 1
    assert all(one.ends for one in SealKeys(folder / "keys").all() if one.name == "P-7")
    with closing(Accounts(folder / "accounts.db", clock=WallClock())) as accounts:
        written = [(one.action, one.target) for one in accounts.spool.waiting(99) if "seal" in one.action]
    made, ended = "key to seal with made", "key to seal with ended"
    assert written == [*((made, one.id) for one in keys), (ended, keys[1].id), (ended, keys[2].id)]


def test_orders_of_a_site_with_a_key_leave_signed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By every door; what is signed is what is asked, in the units of the declaration."""
    from pollux.guard.signing import checked, differing, public_keys

    folder, out = tmp_path / "data", tmp_path / "orders.pem"
    assert main(["identity", "order-key", str(folder), "--out", str(out)]) == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    capsys.readouterr()
    assert main(["identity", "order-key", str(folder)]) == 0
    assert capsys.readouterr().out.encode() == out.read_bytes()
    site = px.Site("plant")
    pumps = site.fleet(Pump)
    heard: list[bytes] = []
    with site.open(folder, act=True, insecure=True) as live:
        pumps.add("P-1")
        assert live.endpoint is not None
        live.endpoint.publish = lambda topic, payload, **_: heard.append(payload)  # type: ignore[method-assign]
        pumps["P-1"].set({Pump.speed: 100.0}, reason="warm up")
        until(lambda: bool(heard))
    said = json.loads(heard[0])
    signed = checked(said["signature"], public_keys(out))
    assert (signed.name, signed.params, signed.target) == ("set", {"speed": 100.0}, "Pump/P-1")
    assert differing(signed, said) == []


def test_an_agent_seals_and_checks_through_a_broker_where_somebody_listens_and_speaks(
    broker: Mosquitto, tmp_path: Path
) -> None:
    """What it measures arrives and is not readable on the way; an order that is changed there, or repeated, sets
    nothing; the true one does, and the twin is told.
    """
    folder, signer = tmp_path / "data", tmp_path / "orders.pem"
    key(folder, "P-1")
    assert main(["identity", "order-key", str(folder), "--out", str(signer)]) == 0
    site = px.Site("plant")
    pumps = site.fleet(Pump, px.mqtt(broker=px.Broker(f"mqtt://127.0.0.1:{broker.port}"), sealed=True))
    done: list[float] = []
    edge = px.Edge("P-1", to=f"mqtt://127.0.0.1:{broker.port}", seal=tmp_path / "P-1.seal", signed_by=signer)
    edge.read(Pump, "P-1", px.every("20 ms", lambda: 271828.0), Pump.temp, every="200 ms")
    edge.drive(Pump, "P-1", {Pump.speed: done.append}, deadman="60 s")
    with (
        site.open(folder, mqtt=None, act=True) as live,
        closing(Device(broker.port, "spy")) as spy,
        edge.open(tmp_path / "edge") as agent,
    ):
        spy.client.subscribe("#", 1)
        until(lambda: "P-1" in live.ids("Pump") and float(pumps["P-1"].now.temp) == 271828.0)
        until(lambda: agent.standing.sent)
        pumps["P-1"].set({Pump.speed: 100.0}, reason="warm up")
        until(lambda: any(one.topic.endswith("/commands") for one in spy.heard))
        until(lambda: done == [100.0])
        order = next(one for one in spy.heard if one.topic.endswith("/commands"))
        spy.say(order.topic, order.payload)
        spy.say(order.topic, order.payload.replace(b"100.0", b"200.0"))
        spy.say(order.topic, json.dumps({**json.loads(order.payload), "id": "mine", "signature": ""}).encode())
        until(lambda: sum(b"rejected" in one.payload for one in spy.heard if one.topic.endswith("/ack")) >= 2)
        until(lambda: float(pumps["P-1"].now.speed) == 100.0)
        assert done == [100.0]
    measured = [one.payload for one in spy.heard if "telemetry" in one.topic]
    assert measured
    assert all(payload.startswith(bytes.fromhex("d083")) and b"271828" not in payload for payload in measured)
