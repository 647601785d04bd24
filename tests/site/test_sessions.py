"""MQTT sessions of a whole site through a restart: orders that wait, what is personal, who is revoked."""

import json
from pathlib import Path
from typing import Any

from tests.connect.rig import Client
from tests.site.plants import Motor, device, files_below, site, until

from pollux.connect.wire.packets import V5, Ack, Publish
from pollux.connect.wire.properties import Kind, Properties
from pollux.site import LiveSite

LASTING = Properties(session_expiry=3600)


def client(live: LiveSite, name: str, *, present: bool, secret: str | None = None) -> Client:
    """A client with a session that is kept."""
    assert live.endpoint is not None
    made = Client(live.endpoint.port, level=V5)
    password = secret.encode() if secret else None
    assert made.connect(name, clean=False, password=password, said=LASTING).session_present is present
    return made


def gone(live: LiveSite, one: Client) -> None:
    """The connection has ended, and the endpoint has seen it."""
    assert live.endpoint is not None
    before = live.endpoint.counters["closed"]
    one.close()
    until(lambda: live.endpoint is not None and live.endpoint.counters["closed"] > before)


def count(live: LiveSite, name: str) -> int:
    assert live.endpoint is not None
    return live.endpoint.counters[name]


def test_an_order_finds_its_device_after_a_restart(tmp_path: Path) -> None:
    """An order with an expiry waits for a device that is away, through a restart, until it was answered or is over."""
    plant, motors, _ = site()
    options: dict[str, Any] = {"insecure": True, "act": True}
    with plant.open(tmp_path, **options) as live, device(live, "Motor/M-1") as m1:
        m1.send(temp=300.0, speed=100.0)
        answered = motors["M-1"].set({Motor.speed: 400.0}, reason="first", expires="1 h")
        until(lambda: answered.state == "done")
    with plant.open(tmp_path, **options) as live:
        motor = client(live, "M-1", present=False)
        motor.subscribe("twins/Motor/M-1/commands")
        gone(live, motor)
        order = motors["M-1"].set({Motor.speed: 900.0}, reason="warm up", expires="1 h")
        motors["M-1"].set({Motor.speed: 950.0}, reason="over soon", expires="1 s")
        until(lambda: count(live, "published") >= 2 and order.state == "sent")
        until(lambda: live.estate.orders.of("Motor", "M-1")[-1].state == "expired")
    with plant.open(tmp_path, **options) as live:
        assert count(live, "recalled") == 1
        motor = client(live, "M-1", present=True)
        found = motor.get()
        assert isinstance(found, Publish)
        told = json.loads(found.payload)
        assert (told["id"], told["params"]["speed"]) == (order.id, 900.0)
        assert 3500 < (found.properties.message_expiry or 0) <= 3600
        body = json.dumps({"id": order.id, "state": "done", "reason": ""}).encode()
        motor.publish(body, topic=b"twins/Motor/M-1/commands/ack", qos=1, packet_id=5)
        assert motor.get() == Ack(Kind.PUBACK, 5)
        until(lambda: live.estate.orders.find(order.id).state == "done")
    with plant.open(tmp_path, **options) as live:
        # It was never confirmed by PUBACK; but it was answered, and so it is not sent again.
        assert client(live, "M-1", present=True).quiet()


def test_what_waits_of_a_person_is_sealed(tmp_path: Path) -> None:
    """What waits for a session is readable nowhere on the disk, comes back after a restart, and not after erasure."""
    plant, _, _ = site()
    with plant.open(tmp_path, insecure=True) as live:
        live.accounts.add("ward", kind="service", roles={"clinician"}, twins=["*"])
        token = live.accounts.issue("ward").secret
        ward = client(live, "ward", present=False, secret=token)
        ward.subscribe("twins/Person/+/telemetry")
        gone(live, ward)
        anna = client(live, "anna", present=False)
        said = Properties(user=(("note", "a rare secret"),))
        anna.publish(b'{"weight": 61.2345678}', topic=b"twins/Person/anna/telemetry", qos=1, said=said)
        assert anna.get() == Ack(Kind.PUBACK, 1)
    for trace in (b"61.2345678", b"a rare secret"):
        assert trace not in files_below(tmp_path)
    with plant.open(tmp_path, insecure=True) as live:
        ward = client(live, "ward", present=True, secret=token)
        found = ward.get()
        assert isinstance(found, Publish)
        assert (found.payload, found.properties.user) == (b'{"weight": 61.2345678}', (("note", "a rare secret"),))
    with plant.open(tmp_path, insecure=True) as live:
        live.keys.destroy("anna")
    with plant.open(tmp_path, insecure=True) as live:
        assert client(live, "ward", present=True, secret=token).quiet()
        assert count(live, "recalled") == 0


def test_a_token_that_was_revoked_meanwhile_has_no_session(tmp_path: Path) -> None:
    """Who was revoked while Pollux was stopped gets nothing, with another token neither."""
    plant, _, _ = site()
    with plant.open(tmp_path, insecure=True) as live:
        live.accounts.add("ward", kind="service", roles={"viewer"}, twins=["*"])
        token = live.accounts.issue("ward")
        ward = client(live, "ward", present=False, secret=token.secret)
        ward.subscribe("twins/Motor/+/telemetry")
        gone(live, ward)
        with device(live, "Motor/M-1") as m1:
            m1.send(temp=300.0)
        live.accounts.revoke(token.id)
    with plant.open(tmp_path, insecure=True) as live:
        another = live.accounts.issue("ward").secret
        assert client(live, "ward", present=False, secret=another).quiet()
        until(lambda: b"twins/Motor/+" not in (tmp_path / "sessions" / "register").read_bytes())
