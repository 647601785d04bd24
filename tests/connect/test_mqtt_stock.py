"""Stock clients: paho-mqtt and mosquitto's tools work against the endpoint as they are."""

import subprocess
import threading
from collections.abc import Callable
from typing import Any

import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties as PahoProperties

from tests.connect.rig import Plant, until

COMMANDS = "twins/Pump/P-7/commands"
TELEMETRY = "twins/Pump/P-7/telemetry"
PAHO = {4: MQTTProtocolVersion.MQTTv311, 5: MQTTProtocolVersion.MQTTv5}


class Paho:
    """A paho client with what it heard."""

    def __init__(
        self, plant: Plant, level: int, name: str, *, keep_alive: int = 60, client_id: str = "", kept: bool = False
    ) -> None:
        self.heard: list[Any] = []
        self.ended: list[Any] = []
        self.connected = threading.Event()
        self.subscribed = threading.Event()
        self.present: list[bool] = []
        how: dict[str, Any] = {} if level == 5 else {"clean_session": not kept}
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id or name, protocol=PAHO[level], **how)
        self.client.username_pw_set(name)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = lambda client, data, message: self.heard.append(message)
        self.client.on_disconnect = lambda client, data, flags, reason, said: self.ended.append(reason)
        said = PahoProperties(PacketTypes.CONNECT) if level == 5 else None
        if said is not None:
            said.SessionExpiryInterval = 600 if kept else 0
            said.TopicAliasMaximum = 5
        options: dict[str, Any] = {"clean_start": not kept, "properties": said} if level == 5 else {}
        self.client.connect("127.0.0.1", plant.endpoint.port, keepalive=keep_alive, **options)
        self.client.loop_start()
        assert self.connected.wait(20)

    def _on_connect(self, client: Any, data: Any, flags: Any, reason: Any, said: Any) -> None:
        self.present.append(flags.session_present)
        self.connected.set()

    def subscribe(self, topic: str, qos: int = 1) -> None:
        self.subscribed.clear()
        self.client.subscribe(topic, qos)
        assert self.subscribed.wait(20)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def test_paho_publishes_and_hears(plant: Plant, level: int) -> None:
    """A paho device publishes at QoS 0 and 1 and hears its commands; a reader hears the telemetry."""
    device, reader = Paho(plant, level, "P-7"), Paho(plant, level, "ann")
    try:
        reader.subscribe("twins/#")
        device.subscribe(COMMANDS)
        for number in range(20):
            sent = device.client.publish(TELEMETRY, b"%d" % number, qos=number % 2)
            sent.wait_for_publish(20)
        assert plant.sink.wait(20) == [b"%d" % number for number in range(20)]
        # Order holds within a QoS: those of QoS 1 may overtake those of QoS 0.
        until(lambda: len(reader.heard) == 20)
        for qos in (0, 1):
            got = [message.payload for message in reader.heard if message.qos == qos]
            assert got == [b"%d" % number for number in range(20) if number % 2 == qos]
        plant.endpoint.publish(COMMANDS, b'{"id": "1"}', qos=1)
        until(lambda: [message.payload for message in device.heard] == [b'{"id": "1"}'])
        plant.until("confirmed_qos1", 11)
    finally:
        device.close()
        reader.close()


def test_paho_is_told_no(plant: Plant, level: int) -> None:
    """A paho client without rights gets a refusal it understands: a code in 5, the end of the connection in 3.1.1."""
    device = Paho(plant, level, "P-7")
    try:
        answered: list[Any] = []
        device.client.on_publish = lambda client, data, mid, reason, said: answered.append(reason)
        device.client.publish("twins/Pump/P-8/telemetry", b"x", qos=1)
        if level == 5:
            until(lambda: answered)
            assert str(answered[0]) == "Not authorized"
        else:
            until(lambda: device.ended)
        assert plant.sink.payloads() == []
    finally:
        device.close()


def test_paho_with_retained_messages_and_a_will(plant: Plant, level: int) -> None:
    """A retained state meets a paho client that comes later; the will of one whose connection breaks is heard."""
    plant.endpoint.publish("twins/Pump/P-7/state", b"kept", qos=1, retain=True)
    reader = Paho(plant, level, "ann")
    try:
        reader.subscribe("twins/#")
        until(lambda: [(message.payload, message.retain) for message in reader.heard] == [(b"kept", True)])
        dying = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="P-7", protocol=PAHO[level])
        dying.will_set(TELEMETRY, b"lost", qos=1)
        dying.connect("127.0.0.1", plant.endpoint.port)
        dying.loop_start()
        until(lambda: plant.count("admitted") == 2)
        dying.loop_stop()
        until(dying.socket).close()
        until(lambda: b"lost" in [message.payload for message in reader.heard])
    finally:
        reader.close()


def test_paho_with_properties(plant: Plant) -> None:
    """Properties of version 5 that paho sets reach a paho reader as they were."""
    device, reader = Paho(plant, 5, "P-7"), Paho(plant, 5, "ann")
    try:
        reader.subscribe("twins/#")
        said = PahoProperties(PacketTypes.PUBLISH)
        said.ContentType = "application/json"
        said.UserProperty = [("line", "1")]
        said.ResponseTopic = "answers"
        said.CorrelationData = b"7"
        device.client.publish(TELEMETRY, b"{}", qos=1, properties=said)
        (message,) = until(lambda: reader.heard)
        assert message.properties.ContentType == "application/json"
        assert message.properties.UserProperty == [("line", "1")]
        assert message.properties.ResponseTopic == "answers"
        assert message.properties.CorrelationData == b"7"
    finally:
        device.close()
        reader.close()


def test_paho_at_qos_2(plant: Plant, level: int) -> None:
    """paho publishes and hears at QoS 2, each message once, in order."""
    device, reader = Paho(plant, level, "P-7"), Paho(plant, level, "ann")
    try:
        reader.subscribe("twins/#", 2)
        for number in range(20):
            device.client.publish(TELEMETRY, b"%d" % number, qos=2)
        until(lambda: len(reader.heard) == 20)
        assert [(message.payload, message.qos) for message in reader.heard] == [(b"%d" % n, 2) for n in range(20)]
        assert plant.sink.payloads() == [b"%d" % number for number in range(20)]
        plant.until("confirmed_qos2", 20)
    finally:
        device.close()
        reader.close()


def test_paho_finds_its_session(plant: Plant, level: int) -> None:
    """A paho client that goes and returns hears what came meanwhile, at QoS 1 and 2, without subscribing again."""
    reader = Paho(plant, level, "ann", kept=True)
    reader.subscribe("twins/#", 2)
    reader.close()
    until(lambda: not plant.endpoint.connections())
    for qos in (1, 2):
        plant.endpoint.publish("twins/Pump/P-7/state", b"%d" % qos, qos=qos)
    back = Paho(plant, level, "ann", kept=True)
    try:
        until(lambda: len(back.heard) == 2)
        assert [(message.payload, message.qos) for message in back.heard] == [(b"1", 1), (b"2", 2)]
        assert (reader.present, back.present) == ([False], [True])
    finally:
        back.close()


def test_paho_shares_a_subscription(plant: Plant, level: int) -> None:
    """Two paho clients of a group hear each message once between them, topics by alias where they take those."""
    pair = [Paho(plant, level, "ann", client_id=name) for name in ("one", "two")]
    try:
        for reader in pair:
            reader.subscribe("$share/readers/twins/#", 1)
        for number in range(10):
            plant.endpoint.publish("twins/Pump/P-7/state", b"%d" % number, qos=1)
        until(lambda: sum(len(reader.heard) for reader in pair) == 10)
        assert [len(reader.heard) for reader in pair] == [5, 5]
        heard = sorted(message.payload for reader in pair for message in reader.heard)
        assert heard == [b"%d" % number for number in range(10)]
    finally:
        for reader in pair:
            reader.close()


@pytest.mark.parametrize("version", ["311", "5"])
def test_mosquitto_tools(plant: Plant, tool: Callable[[str], str], version: str) -> None:
    """mosquitto_pub and mosquitto_sub work in both versions: commands arrive, telemetry is acknowledged."""
    publish, subscribe = tool("mosquitto_pub"), tool("mosquitto_sub")
    port = str(plant.endpoint.port)
    common = ["-h", "127.0.0.1", "-p", port, "-V", version, "-i", "P-7", "-q", "1"]
    listening = subprocess.Popen([subscribe, *common, "-t", COMMANDS, "-C", "1"], stdout=subprocess.PIPE)
    try:
        until(lambda: plant.endpoint._loop.router._exact)
        plant.endpoint.publish(COMMANDS, b"start", qos=1)
        assert listening.communicate(timeout=30)[0] == b"start\n"
    finally:
        listening.kill()
        listening.wait()
    command = [publish, *common, "-t", TELEMETRY, "-m", '{"temp": 300}']
    assert subprocess.run(command, timeout=30, check=False).returncode == 0
    assert plant.sink.payloads() == [b'{"temp": 300}']
    refused = [publish, *common, "-t", "twins/Pump/P-8/telemetry", "-m", "{}"]
    done = subprocess.run(refused, timeout=30, capture_output=True, text=True, check=False)
    assert done.returncode != 0 or "Not authorized" in done.stderr
    assert len(plant.sink.payloads()) == 1
