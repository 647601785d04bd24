"""Every format through every door that takes it: one reading, one twin, the same values and times."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import cbor2
import msgspec
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from websockets.sync.client import connect

import pollux as px
from pollux.columns.encodings import FORMS, Form
from pollux.columns.frames import Encoding
from pollux.errors import Overloaded
from pollux.guard.sealing import SealKeys
from pollux.show.inlet import Inlet
from tests.check.said import FILES, SAID, SECONDS

from .rig import House, Paho, opened, until

SPOKEN = [form for form in FORMS if form.encoding not in (Encoding.TEXT, Encoding.SEALED)]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One site for all cells; each has a twin of its own."""
    with opened(tmp_path_factory.mktemp("formats")) as made:
        yield made


def arrived(house: House, twin: str) -> None:
    """The reading is there, with its own time."""
    until(lambda: house.get(f"/twins/{twin}").status == 200, what="the twin")
    values = until(lambda: _values(house, twin), what="the reading")
    assert (values["temp"]["value"], values["speed"]["value"]) == (300.5, 900.0)
    assert values["temp"]["t"] == values["speed"]["t"] == SECONDS
    assert house.faults(twin) == []


def _values(house: House, twin: str) -> Any:
    values = house.get(f"/twins/{twin}").json["values"]
    return values if values["temp"]["value"] is not None and values["speed"]["value"] is not None else None


@pytest.mark.parametrize("form", SPOKEN, ids=lambda form: form.suffix)
def test_over_mqtt(house: House, form: Form) -> None:
    """By content type of MQTT 5, and by one more level of the topic over 3.1.1."""
    for level in (5, 4):
        name = f"{form.suffix}-mqtt{level}"
        device = Paho(house, name, level=level)
        topic = f"twins/Machine/{name}/telemetry"
        if level == 5:
            said = Properties(PacketTypes.PUBLISH)
            said.ContentType = form.media[0]
            device.client.publish(topic, SAID[form.encoding], 1, properties=said).wait_for_publish(10)
        else:
            device.send(f"{topic}/{form.suffix}", SAID[form.encoding])
        arrived(house, f"Machine/{name}")
        device.close()


@pytest.mark.parametrize("form", SPOKEN, ids=lambda form: form.suffix)
def test_over_http_for_one_twin(house: House, form: Form) -> None:
    """By its content type, 202 when it is durable."""
    twin = f"Machine/{form.suffix}-http"
    answer = house.ask("POST", f"/twins/{twin}/telemetry", SAID[form.encoding], media=form.media[-1])
    assert (answer.status, answer.json) == (202, {"accepted": 1})
    arrived(house, twin)


@pytest.mark.parametrize("form", SPOKEN, ids=lambda form: form.suffix)
def test_over_http_for_several_twins(house: House, form: Form) -> None:
    """Formats that cannot name a twin are refused as what they are; the others arrive where they say."""
    twin = f"Machine/{form.suffix}-batch"
    batches = _batches(twin)
    answer = house.ask("POST", "/telemetry", batches.get(form.encoding, b"x"), media=form.media[0])
    if form.encoding in batches:
        assert (answer.status, answer.json) == (202, {"accepted": 1})
        arrived(house, twin)
    else:
        assert form.encoding in (Encoding.BINARY, Encoding.XML, Encoding.SPARKPLUG)
        assert (answer.status, answer.json["at"]) == (415, "Content-Type")


def _batches(twin: str) -> dict[Encoding, bytes]:
    """The reading of a named twin, in every format that can name one."""
    one = {"twin": twin, "data": json.loads(SAID[Encoding.JSON])}
    pack = json.loads(SAID[Encoding.SENML_JSON])
    labels = {"bn": -2, "bt": -3, "n": 0, "u": 1, "v": 2}
    pack[0]["bn"] = f"{twin}/"
    return {
        Encoding.JSON: json.dumps([one]).encode(),
        Encoding.NDJSON: json.dumps(one).encode(),
        Encoding.CBOR: cbor2.dumps([one]),
        Encoding.MSGPACK: msgspec.msgpack.encode([one]),
        Encoding.CSV: b"twin,t,temp,speed\n%s,%d,300.5,900\n" % (twin.encode(), SECONDS),
        Encoding.SENML_JSON: json.dumps(pack).encode(),
        Encoding.SENML_CBOR: cbor2.dumps([{labels[label]: said for label, said in record.items()} for record in pack]),
        Encoding.ARROW: (FILES / "machine.arrow").read_bytes(),
    }


@pytest.mark.parametrize("form", SPOKEN, ids=lambda form: form.suffix)
def test_over_a_websocket(house: House, form: Form) -> None:
    """Texts are JSON, binary messages what `type` says; counted back when durable."""
    twin = f"Machine/{form.suffix}-ws"
    address = f"ws://127.0.0.1:{house.http}/api/v1/twins/{twin}/telemetry?type={form.suffix}"
    with connect(address, additional_headers={"Authorization": f"Bearer {house.token}"}) as socket:
        socket.send(SAID[form.encoding])
        assert json.loads(socket.recv(timeout=10)) == {"durable": 1, "accepted": 1}
        socket.send(SAID[Encoding.JSON].decode())
        assert json.loads(socket.recv(timeout=10)) == {"durable": 2, "accepted": 2}
    arrived(house, twin)


def test_what_is_sealed_comes_in_by_every_door(house: House) -> None:
    """By content type and by suffix; a list of several twins is no place for it."""
    keys = SealKeys(house.live.options.folder / "keys")
    key = keys.make("sealed", ["Machine/sealed-*"], now=0)
    said = {**json.loads(SAID[Encoding.JSON]), "seq": 1}

    def sealed(door: str) -> bytes:
        return px.seal(json.dumps(said).encode(), key=key, twin=f"Machine/sealed-{door}")

    device = Paho(house, "sealed-mqtt", level=4)
    device.send("twins/Machine/sealed-mqtt/telemetry/cose", sealed("mqtt"))
    arrived(house, "Machine/sealed-mqtt")
    device.close()
    answer = house.ask("POST", "/twins/Machine/sealed-http/telemetry", sealed("http"), media="application/cose")
    assert (answer.status, answer.json) == (202, {"accepted": 1})
    arrived(house, "Machine/sealed-http")
    address = f"ws://127.0.0.1:{house.http}/api/v1/twins/Machine/sealed-ws/telemetry?type=cose"
    with connect(address, additional_headers={"Authorization": f"Bearer {house.token}"}) as socket:
        socket.send(sealed("ws"))
        assert json.loads(socket.recv(timeout=10)) == {"durable": 1, "accepted": 1}
    arrived(house, "Machine/sealed-ws")
    assert house.ask("POST", "/telemetry", sealed("http"), media="application/cose").status == 415


def test_a_stream_that_is_not_read_slows_its_sender_down(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """While there is no room for what it sends, a sender of megabytes gets a few of them off; then all arrive."""
    put, full, sent = Inlet.put, threading.Event(), [0]
    full.set()

    def taken(inlet: Inlet, messages: Any, done: Any) -> None:
        if full.is_set():
            raise Overloaded("full", retry_after=0.05)
        put(inlet, messages, done)

    monkeypatch.setattr(Inlet, "put", taken)
    address = f"ws://127.0.0.1:{house.http}/api/v1/twins/Machine/flood/telemetry"
    body, count = json.dumps({"temp": 300, "label": "x" * 4_000, "nothing": "x" * 1_000_000}), 60
    with connect(address, additional_headers={"Authorization": f"Bearer {house.token}"}, ping_interval=None) as socket:

        def send() -> None:
            for _ in range(count):
                socket.send(body)
                sent[0] += 1

        sender = threading.Thread(target=send)
        sender.start()
        pause, before = threading.Event(), -1
        while sent[0] != before:
            before = sent[0]
            pause.wait(0.4)
        assert before < count // 2
        full.clear()
        while json.loads(socket.recv(timeout=20))["durable"] < count:
            pass
        sender.join(20)
    assert sent[0] == count


def test_plain_numbers_need_a_topic_that_names_the_signal(house: House) -> None:
    """So HTTP and streams, which have no such address, refuse them by their type."""
    answer = house.ask("POST", "/twins/Machine/M-1/telemetry", b"300.5", media="text/plain")
    assert (answer.status, answer.json["at"]) == (415, "Content-Type")
    assert "text/csv" in answer.json["hint"]
