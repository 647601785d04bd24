"""Bad input through every door: a clear answer or a dead letter, and nothing else is disturbed."""

import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from pollux.clock import stopwatch
from pollux.connect.wire.packets import Farewell, Publish
from tests.connect.rig import Client

from .rig import Canary, House, Paho, resident, until

GONE = suppress(ConnectionError, TimeoutError, EOFError)
"""What a client that is being refused may meet while it still sends."""

DOORS = ["paho 3.1.1", "paho 5", "raw 3.1.1", "raw 5", "http", "http batch", "http lines"]


@dataclass(frozen=True)
class Bad:
    """A payload, what the page says of it and where, and what HTTP answers where it answers at once."""

    name: str
    payload: bytes
    title: str
    place: str
    http: int = 202


SINGLE = [
    Bad("half a document", b'{"temp": 30', "The payload cannot be read", "", http=400),
    Bad("no document", b"temp=30", "The payload cannot be read", "", http=400),
    Bad("NaN in JSON", b'{"temp": NaN}', "temp: the sensor gave no number", "", http=400),
    Bad("a number alone", b"7", "Another kind of value than the signal holds", "$", http=422),
    Bad("unknown signal", b'{"tempp": 301}', "The type has no such signal", "$.tempp"),
    Bad("hidden signal", b'{"wear": 0.5}', "A device does not tell signals of this role", "$.wear"),
    Bad("text for a number", b'{"temp": "hot"}', "Another kind of value than the signal holds", "$.temp"),
    Bad("number for a text", b'{"label": 7}', "Another kind of value than the signal holds", "$.label"),
    Bad("unknown choice", b'{"mode": "off"}', "Another kind of value than the signal holds", "$.mode"),
    Bad("number for a flag", b'{"running": 2}', "Another kind of value than the signal holds", "$.running"),
    Bad("half a position", b'{"place": [1]}', "Another kind of value than the signal holds", "$.place"),
    Bad("unit of another dimension", b'{"temp": {"value": 3, "unit": "kg"}}',
        "A unit of another dimension, or an unknown one", "$.temp"),
    Bad("unit that is none", b'{"temp": {"value": 3, "unit": "warm"}}',
        "A unit of another dimension, or an unknown one", "$.temp"),
    Bad("unit beside the value", b'{"temp": 301, "unit": "K"}', "The type has no such signal", "$.unit"),
    Bad("something else beside the value", b'{"temp": {"value": 301, "units": "K"}}',
        "Another kind of value than the signal holds", "$.temp"),
    Bad("a time that is none", b'{"temp": 301, "t": "yesterday"}', "The time stamp cannot be read", "$.t"),
    Bad("a seq that is none", b'{"temp": 301, "seq": -1}', "Seq is not a count or boot is not a name", "$.seq"),
    Bad("columns of two lengths", b'{"t": [1, 2], "temp": [301]}', "The payload cannot be read", "$"),
    Bad("the second of three", b'[{"temp": 301}, {"tempp": 1}, {"temp": 302}]', "The type has no such signal", "$[1]"),
    Bad("2 MB of text", b'{"label": "' + b"x" * (2 << 20) + b'"}', "The payload is too large", ""),
]  # fmt: skip


def plain(name: str) -> str:
    """The name as a device may bear it that comes in without a secret."""
    return "".join(sign if sign.isalnum() else "-" for sign in name)


def send(house: House, door: str, twin: str, payload: bytes) -> int:
    """Send a payload for a twin through a door; what HTTP answered, else 0."""
    device = twin.split("/")[1]
    topic = f"twins/{twin}/telemetry"
    if door.startswith("paho"):
        client = Paho(house, device, level=5 if door.endswith("5") else 4)
        client.send(topic, payload)
        until(lambda: client.ended or not client.client._out_messages, what="the answer")
        client.close()
        return 0
    if door.startswith("raw"):
        raw = Client(house.mqtt, level=5 if door.endswith(" 5") else 4)
        raw.connect(device)
        raw.send(Publish(topic.encode(), payload, 1, False, False, 7))
        with GONE:
            raw.get()
        raw.close()
        return 0
    if door == "http":
        return house.ask("POST", f"/twins/{twin}/telemetry", payload).status
    head = f'{{"twin": "{twin}", "data": '.encode()
    if door == "http lines":
        return house.ask("POST", "/telemetry", head + payload + b"}\n", media="application/x-ndjson").status
    return house.ask("POST", "/telemetry", b"[" + head + payload + b"}]").status


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("bad", SINGLE, ids=lambda bad: bad.name)
def test_what_is_wrong_with_a_message_is_said(house: House, canary: Canary, bad: Bad, door: str) -> None:
    """Each message is answered with what was expected, or stands on the twin's page with reason and place."""
    twin = "Machine/" + plain(f"{bad.name}-{door}")
    assert house.ask("PUT", f"/twins/{twin}", b'{"values": {}}').status == 201
    status = send(house, door, twin, bad.payload)
    at_once = bad.http == 400 or (bad.http == 422 and door == "http")
    if door.startswith("http") and at_once:
        assert status == bad.http
        return
    assert status in (0, 202)
    fault = until(lambda: house.faults(twin), what="the refusal")[0]
    assert fault["title"] == bad.title
    assert bad.place in fault["text"]
    if fault["meta"] == "temp":
        assert house.value(twin, "temp")["value"] is None
        return
    assert fault["topic"] == f"twins/{twin}/telemetry"
    assert fault["excerpt"]["mark"]


def test_a_wrong_answer_names_what_was_expected(house: House) -> None:
    """What HTTP refuses at once says where the fault is and what was expected, as a problem document."""
    for path, body, status, at, words in [
        ("/twins/Machine/w/telemetry", b'{"temp": 30', 400, "$", "JSON"),
        ("/twins/Machine/w/telemetry", b"7", 422, "$", "Expected"),
        ("/telemetry", b'[{"twin": "Machine/w"}]', 422, "$[0]", "data"),
        ("/telemetry", b'[{"twin": "w", "data": {}}]', 422, "$[0].twin", "Pump/P-7"),
        ("/telemetry", b'{"twin": "Machine/w", "data": {}}', 422, "$", "Expected"),
        ("/telemetry", b"[]", 422, "$", "messages"),
    ]:
        answer = house.ask("POST", path, body)
        assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
        assert answer.json["at"] == at
        assert words in answer.json["detail"]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("when", ["0", "1", '"1970-01-01T00:00:00Z"', '"2100-01-01T00:00:00Z"', "4102444800"])
def test_an_impossible_time_is_set_aside(house: House, canary: Canary, door: str, when: str) -> None:
    """A value of 1970 or 2100 never becomes the twin's, does not move its time, and its page says why."""
    twin = "Machine/" + plain(f"time-{door}-{when}")
    send(house, door, twin, b'{"temp": 301}')
    before = until(lambda: house.value(twin, "temp")["value"] == 301 and house.value(twin, "temp"))
    send(house, door, twin, f'{{"temp": 302, "t": {when}}}'.encode())
    fault = until(lambda: house.faults(twin), what="the reason")[0]
    assert "temp" in fault["title"]
    assert "time stamp" in f"{fault['title']} {fault['text']}"
    after = house.value(twin, "temp")
    assert (after["value"], after["t"]) == (301, before["t"])
    send(house, door, twin, b'{"temp": 303}')
    until(lambda: house.value(twin, "temp")["value"] == 303)


@pytest.mark.parametrize("door", DOORS)
def test_a_named_unit_is_converted(house: House, door: str) -> None:
    """A device may name the unit of a value: one like the declared one is converted, and nothing is guessed."""
    twin = "Machine/" + plain(f"unit-{door}")
    send(house, door, twin, b'{"temp": {"value": 26.85, "unit": "degC"}, "area": {"value": 2, "unit": "km**2"}}')
    until(lambda: house.get(f"/twins/{twin}").status == 200)
    assert house.value(twin, "temp")["value"] == pytest.approx(300.0)
    assert house.value(twin, "area")["value"] == pytest.approx(2e6)
    assert house.faults(twin) == [] or all("connected" not in one["title"] for one in house.faults(twin))


@pytest.mark.parametrize("door", DOORS)
def test_data_for_a_twin_that_is_not_there_are_listed(house: House, canary: Canary, door: str) -> None:
    """An unknown type, and an unknown twin where none may be made by sending, are among the site's refusals."""
    for twin, title in [
        ("Nothing/", "No mapping knows this topic"),
        ("Listed/", "No such twin, and new ones are not created here"),
    ]:
        name = twin + plain(f"gone-{door}")
        send(house, door, name, b'{"temp": 301}')
        found = until(lambda: [one for one in house.lost() if one["topic"] == f"twins/{name}/telemetry"])  # noqa: B023
        assert found[0]["title"] == title
        assert house.get(f"/twins/{name}").status == 404


@pytest.mark.parametrize("door", ["paho 3.1.1", "paho 5", "raw 3.1.1", "raw 5"])
def test_data_for_somebody_elses_twin_are_refused_and_said(house: House, canary: Canary, door: str) -> None:
    """What a device may not say is in nobody's twin, and the list of refusals says who tried."""
    device = plain(f"thief-{door}")
    level = 5 if door.endswith("5") else 4
    if door.startswith("paho"):
        client = Paho(house, device, level=level)
        client.send("twins/Machine/canary/telemetry", b'{"temp": 444}')
        found = until(lambda: [one for one in house.lost() if one["meta"] == f"from {device}"])
        client.close()
    else:
        raw = Client(house.mqtt, level=level)
        raw.connect(device)
        raw.publish(b'{"temp": 444}', topic=b"twins/Machine/canary/telemetry", qos=1)
        found = until(lambda: [one for one in house.lost() if one["meta"] == f"from {device}"])
        raw.close()
    assert found[0]["title"] == "The sender may not say this"
    assert found[0]["topic"] == "twins/Machine/canary/telemetry"
    assert house.value("Machine/canary", "temp")["value"] != 444


# -- ten megabytes ----------------------------------------------------------------------------------------------------

LARGE = b'{"label": "' + b"x" * (10 << 20) + b'"}'


@pytest.mark.parametrize("door", DOORS)
def test_ten_megabytes_are_refused_with_the_reason(house: House, canary: Canary, door: str) -> None:
    """Over MQTT the connection ends and the twin's page says why; over HTTP the answer is 413, and it is heard."""
    twin = "Machine/" + plain(f"large-{door}")
    assert house.ask("PUT", f"/twins/{twin}", b'{"values": {}}').status == 201
    before = house.count('pollux_mqtt_total{kind="too_large"}')
    if door.startswith("http"):
        assert send(house, door, twin, LARGE) == 413
        return
    if door.startswith("paho"):
        send(house, door, twin, LARGE)
    else:
        raw = Client(house.mqtt, level=5 if door.endswith("5") else 4)
        raw.connect(twin.split("/")[1])
        with GONE:
            raw.send(Publish(f"twins/{twin}/telemetry".encode(), LARGE, 1, False, False, 7))
        with GONE:
            last = raw.ended()
            assert door.endswith("3.1.1") or last is None or (isinstance(last, Farewell) and last.reason == 0x95)
        raw.close()
    fault = until(lambda: house.faults(twin), what="the refusal")[0]
    assert fault["title"] == "The payload is too large"
    assert "at most 1048576 bytes, got 10" in fault["text"]
    assert fault["topic"] == f"twins/{twin}/telemetry"
    assert fault["excerpt"]["mark"].startswith('{"label": "xxx')
    assert house.count('pollux_mqtt_total{kind="too_large"}') > before


def test_many_large_payloads_leave_no_trace_in_memory(house: House, canary: Canary) -> None:
    """Forty times ten megabytes through three doors: the process does not grow by more than one of them does."""
    for _ in range(2):
        send_large(house)
    before = resident()
    for _ in range(10):
        send_large(house)
        canary.sings()
    assert resident() - before < 48 << 20


def send_large(house: House) -> None:
    for door in ("raw 3.1.1", "http", "http batch", "raw 5"):
        with GONE:
            send(house, door, "Machine/bulk", LARGE)


def test_many_refusals_fill_no_memory_and_hide_nobody(house: House, canary: Canary) -> None:
    """Twenty thousand refused messages of one device: counted, bounded, and another one's refusal is still there."""
    send(house, "paho 5", "Machine/quiet-one", b'{"temp": 301, "tmp": 1}')
    until(lambda: house.faults("Machine/quiet-one"))
    before, refused = resident(), house.count('pollux_refused_total{reason="unknown_signal"}')
    flood = b"[" + b", ".join([b'{"twin": "Machine/flood", "data": {"tmp": 1}}'] * 1000) + b"]"
    for number in range(20):
        assert house.ask("POST", "/telemetry", flood).status == 202
        if number % 5 == 0:
            canary.sings()
    assert house.count('pollux_refused_total{reason="unknown_signal"}') == refused + 20_000
    assert resident() - before < 32 << 20
    assert house.faults("Machine/quiet-one")[0]["text"].endswith("at $.tmp")
    assert len(house.lost()) < 500


# -- half-open --------------------------------------------------------------------------------------------------------


def test_half_open_connections_disturb_nobody(house: House, canary: Canary) -> None:
    """Two hundred connections that say nothing or half a packet, at both doors: a healthy device is heard in time."""
    beginnings = {
        house.mqtt: [b"", b"\x10", b"\x10\x20\x00\x04MQTT"],
        house.http: [b"", b"POST /api/v1/tele", b"POST /api/v1/telemetry HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le"],
    }
    links: list[socket.socket] = []
    try:
        for port, words in beginnings.items():
            for number in range(100):
                link = socket.create_connection(("127.0.0.1", port), timeout=10)
                link.sendall(words[number % 3])
                links.append(link)
        for _ in range(5):
            canary.sings()
    finally:
        for link in links:
            link.close()


def test_half_a_packet_is_ended_and_said(house: House, canary: Canary) -> None:
    """A device whose packet stays unfinished is put out in time, and its page says what was missing."""
    device = "half-open"
    assert house.ask("PUT", f"/twins/Machine/{device}", b'{"values": {}}').status == 201
    endpoint: Any = house.live.endpoint
    raw = Client(house.mqtt, level=5)
    raw.connect(device)
    topic = f"twins/Machine/{device}/telemetry".encode()
    body = len(topic).to_bytes(2, "big") + topic + b"\0\7\0" + b'{"temp": 30'
    raw.raw(b"\x32" + bytes([len(body) + 1]) + body)
    begun = stopwatch()
    until(lambda: endpoint._loop.lines.held_bytes > 0)
    # Its time is 30 s by the wall; here the beginning is made older instead.
    link = next(one for one in endpoint._loop.lines.by_handle.values() if one.held)
    link.held_since -= 31_000_000_000
    last = raw.ended()
    assert isinstance(last, Farewell)
    assert last.reason == 0x8D
    assert stopwatch() - begun < 10
    fault = until(lambda: house.faults(f"Machine/{device}"))[0]
    assert "expected the whole packet within 30 s" in fault["text"]
    assert fault["topic"] == topic.decode()
    raw.close()


def test_half_a_body_is_answered(house: House, canary: Canary) -> None:
    """A body that does not come is answered 408 in the end, and until then it holds nobody up."""
    with socket.create_connection(("127.0.0.1", house.http), timeout=10) as link:
        head = f"POST /api/v1/telemetry HTTP/1.1\r\nHost: 127.0.0.1:{house.http}\r\n"
        head += f"Authorization: Bearer {house.token}\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n["
        link.sendall(head.encode())
        for _ in range(3):
            canary.sings()


def test_every_refusal_is_counted(house: House) -> None:
    """/metrics counts refusals by their reason, what the endpoint refused by its kind, and names no device."""
    text = house.get("/metrics").body.decode()
    assert house.count('pollux_mqtt_total{kind="admitted"}') > 0
    assert "canary" not in text
    assert json.dumps("Machine") in text
