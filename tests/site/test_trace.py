"""The trace of a device: each step at which its data can be lost is told as the one that is broken."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tests.site.plants import device, site, until

from pollux.cli import main
from pollux.show.compose.tracing import trace
from pollux.show.documents.tracing import Step, Trace
from pollux.site import LiveSite

Opened = Callable[..., LiveSite]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """The plant, opened; the last one is closed at the end."""
    held: list[LiveSite] = []

    def open_(**options: Any) -> LiveSite:
        while held:
            held.pop().__exit__(None, None, None)
        held.append(site()[0].open(tmp_path, **{"insecure": True, **options}).__enter__())
        return held[0]

    yield open_
    while held:
        held.pop().__exit__(None, None, None)


def traced(live: LiveSite, name: str) -> Trace:
    found = live.rooms.tracing.of(name)
    assert found is not None
    return trace(found, live.clock.now())


def step(live: LiveSite, name: str, key: str) -> Step:
    return next(one for one in traced(live, name).steps if one.key == key)


def come(live: LiveSite, name: str, secret: str | None = None) -> int:
    """Connect once, and leave; the code of the answer."""
    assert live.endpoint is not None
    codes: list[int] = []
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv5, reconnect_on_failure=False)
    client.username_pw_set(name, secret)
    client.on_connect = lambda *got: codes.append(got[3].value)
    client.connect("127.0.0.1", live.endpoint.port)
    client.loop_start()
    until(lambda: bool(codes))
    client.disconnect()
    client.loop_stop()
    return codes[0]


def test_data_that_arrive(opened: Opened) -> None:
    """Every step is well, and the newest bytes stand there with what was made of them."""
    live = opened()
    with device(live, "Motor/M-1") as motor:
        motor.send(temp=310.0)
        motor.send(temp=311.5)
        found = traced(live, "M-1")
    assert found.arrives
    assert {one.key: one.state for one in found.steps} == {
        "account": "ok",
        "connected": "ok",
        "received": "ok",
        "mapped": "ok",
        "decoded": "ok",
        "believed": "ok",
        "durable": "ok",
        "shown": "ok",
    }
    newest = found.heard[0]
    assert (newest.topic, json.loads(newest.excerpt)) == ("twins/Motor/M-1/telemetry", {"temp": 311.5})
    assert [(one.field, one.value, one.unit, one.quality) for one in newest.values] == [("temp", 311.5, "K", "good")]
    assert found.connections[0].protocol == "MQTT 5"
    assert "1 value of Motor/M-1" in found.verdict


def test_the_newest_bytes_are_found_after_a_restart(opened: Opened) -> None:
    """They are read from the log, so a site that has just been opened has them too."""
    live = opened()
    with device(live, "Motor/M-1") as motor:
        for number in range(40):
            motor.send(temp=300.0 + number)
    live = opened()
    found = traced(live, "M-1")
    assert [one.value for one in found.heard[0].values] == [339.0]
    assert found.connections == ()


def test_an_unknown_name_is_nobody(opened: Opened) -> None:
    assert opened().rooms.tracing.of("M-77") is None


def test_a_wrong_token(opened: Opened) -> None:
    """Who is refused at the door is told nothing; whoever runs the site is told why."""
    live = opened()
    live.accounts.add("M-1", kind="device", roles={"device"}, twins=["Motor/M-1"])
    live.accounts.issue("M-1")
    assert come(live, "M-1", "x" * 43) != 0
    found = step(live, "M-1", "account")
    assert found.state == "broken"
    assert "refused 1 time" in found.text
    assert "the token is wrong" in found.text
    assert "the token is wrong" in traced(live, "M-1").verdict


def test_a_refusal_of_yesterday_is_no_fault_of_a_device_that_is_there(opened: Opened) -> None:
    live = opened()
    live.accounts.add("M-1", kind="device", roles={"device"}, twins=["Motor/M-1"])
    token = live.accounts.issue("M-1").secret
    come(live, "M-1", "x" * 43)
    assert step(live, "M-1", "account").state == "broken"
    assert live.endpoint is not None
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="M-1", protocol=paho.MQTTv5)
    client.username_pw_set("M-1", token)
    client.connect("127.0.0.1", live.endpoint.port)
    client.loop_start()
    until(lambda: bool(live.endpoint and live.endpoint.connections()))
    found = step(live, "M-1", "account")
    client.disconnect()
    client.loop_stop()
    assert (found.state, found.text) == ("ok", "device with 1 token, for Motor/M-1")


def test_no_secret_and_no_connection(opened: Opened) -> None:
    live = opened()
    live.accounts.add("M-1", kind="device", roles={"device"}, twins=["Motor/M-1"])
    assert "neither a token nor a certificate" in step(live, "M-1", "account").text
    assert step(live, "M-1", "connected").state == "broken"
    assert step(live, "M-1", "received").text == "no message has arrived"


@pytest.mark.parametrize(
    ("topic", "payload", "key", "said"),
    [
        ("twins/Motor/M-1/telemetry", '{"temp": "hot"}', "decoded", "$.temp"),
        ("twins/Motor/M-1/telemetry", "{", "decoded", "JSON"),
        ("twins/Motor/M-1/telemetry", '{"pressure": 1}', "decoded", "pressure"),
        ("twins/Motr/M-1/telemetry", '{"temp": 300}', "mapped", "topic"),
    ],
)
def test_a_message_that_is_not_taken(opened: Opened, topic: str, payload: str, key: str, said: str) -> None:
    """The step that refused it is the broken one, with the place and what to try."""
    live = opened()
    live.accounts.add("M-1", kind="device", roles={"device", "service"}, twins=["Motor/M-1", "Motr/M-1"])
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="M-1", protocol=paho.MQTTv5)
    client.username_pw_set("M-1", live.accounts.issue("M-1").secret)
    assert live.endpoint is not None
    client.connect("127.0.0.1", live.endpoint.port)
    client.loop_start()
    client.publish(topic, payload, qos=1).wait_for_publish(10)
    until(lambda: live.letters.sent_by("M-1")[0] == 1)
    found = traced(live, "M-1")
    client.disconnect()
    client.loop_stop()
    broken = [one for one in found.steps if one.state == "broken"]
    assert broken[0].key == key
    assert said in broken[0].text
    assert broken[0].hint
    assert not found.arrives
    assert len(found.faults) == 1


def test_the_newest_message_that_was_taken_stands_beside_one_that_was_not(opened: Opened) -> None:
    live = opened()
    with device(live, "Motor/M-1") as motor:
        motor.send(temp=310.0)
        motor.send(temp="hot")
        found = traced(live, "M-1")
    assert [one.value for one in found.heard[0].values] == [310.0]
    assert next(one for one in found.steps if one.state == "broken").key == "decoded"


def test_a_value_that_is_doubted(opened: Opened) -> None:
    live = opened()
    with device(live, "Motor/M-1") as motor:
        motor.send(temp=900.0)
        found = step(live, "M-1", "believed")
    assert found.state == "broken"
    assert "temp is bad: outside the declared low and high" in found.text


def test_a_gateway_speaks_for_many(opened: Opened) -> None:
    """The first twenty are told one by one, how many others there are beside them."""
    live = opened()
    for number in range(25):
        with device(live, f"Motor/M-{number}") as motor:
            motor.send(temp=300.0 + number)
    live.accounts.add("gateway", kind="device", roles={"device"}, twins=["Motor/*"])
    found = traced(live, "gateway")
    assert (len(found.twins), found.more) == (20, 5)
    assert len(found.heard) == 3


def test_a_message_with_its_own_time_shows_its_delay(opened: Opened) -> None:
    live = opened()
    with device(live, "Motor/M-1") as motor:
        motor.send(temp=310.0, t=live.clock.now() / 1e9 - 2.5)
        delay = step(live, "M-1", "received").delay
    assert delay is not None
    assert 2.5 <= delay < 20


def test_who_follows_a_person_is_written_down(opened: Opened, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """The command line asks with a token; the looked-at person stands in the audit trail."""
    live = opened(http="127.0.0.1:0")
    live.accounts.first_administrator("a-token-for-the-test")
    monkeypatch.setenv("POLLUX_TOKEN", "a-token-for-the-test")
    with device(live, "Person/anna") as scale:
        scale.send(weight=71.5)
        assert live.server is not None
        assert main(["trace", "anna", "--url", live.server.url]) == 0
    said = capsys.readouterr().out
    assert "Person/anna.weight = 71.5 kg  good" in said
    assert "BROKEN" not in said
    looks = [one for one in live.rooms.audit.entries(0, 100) if one.target == "Person/anna"]
    assert [one.who for one in looks] == ["administrator"]


@pytest.mark.parametrize(
    ("url", "token", "said"),
    [
        ("http://192.0.2.1:1", "t" * 20, "plain text"),
        ("ftp://x", "t" * 20, "expected http://"),
        ("http://127.0.0.1:1", "", "POLLUX_TOKEN"),
        ("http://127.0.0.1:1", "t" * 20, "could not be reached"),
    ],
)
def test_the_command_line_says_what_is_wrong(
    url: str, token: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("POLLUX_TOKEN", token)
    assert main(["trace", "M-1", "--url", url]) == 1
    assert said in capsys.readouterr().err


def test_a_device_that_nobody_knows_and_a_wrong_token(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    live = opened(http="127.0.0.1:0")
    live.accounts.first_administrator("a-token-for-the-test")
    assert live.server is not None
    for token, said in (("a-token-for-the-test", "nobody of the name 'M-77'"), ("wrong", "does not know the token")):
        monkeypatch.setenv("POLLUX_TOKEN", token)
        assert main(["trace", "M-77", "--url", live.server.url]) == 1
        assert said in capsys.readouterr().err
