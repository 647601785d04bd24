"""Edge nodes of Sparkplug at the site's own endpoint: births, data, deaths, rebirths, orders, rights, restarts."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from tests.check.sparkplug_node import BOOLEAN, DOUBLE, FLOAT, INT32, STRING, EdgeNode, Tag, part
from tests.connect.rig import until

import pollux as px
from pollux.check.sparkplug import Metric, read_sparkplug
from pollux.clock import WallClock
from pollux.columns.quality import Quality, Reason
from pollux.errors import SetupError
from pollux.site.live import LiveSite


class Pump(px.Twin):
    line = px.fact("text")
    temp = px.sensor("degC", low=-20, high=150)
    running = px.fact("flag")
    speed = px.actuator("rad/s", low=0, high=200, safe=0)


class Tank(px.Twin):
    level = px.sensor("m", low=0, high=10)


TEMP = Tag("temp", DOUBLE, 68.0, 1, {"engUnit": "°F"})
RUNNING = Tag("running", BOOLEAN, True, 2)
SPEED = Tag("Motor/Speed", FLOAT, 60.0, 3, {"engUnit": "rpm"})
LINE = Tag("line", STRING, "l1")
TAGS = TEMP, RUNNING, SPEED, LINE


def millis() -> int:
    return WallClock().now() // 1_000_000


class Edge(EdgeNode):
    """An edge node on the wire, with its will; it hears commands and the state of its primary host."""

    def __init__(self, port: int, node: str, account: str = "", secret: str = "", *, host: str = "pollux") -> None:
        super().__init__("plant", node)
        self.heard: list[tuple[str, bytes]] = []
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=node, protocol=MQTTProtocolVersion.MQTTv311, clean_session=True
        )
        if account:
            self.client.username_pw_set(account, secret)
        topic, will = self.ndeath()
        self.client.will_set(topic, will, qos=1)
        self.client.on_message = lambda client, data, message: self.heard.append(
            (message.topic, bytes(message.payload))
        )
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        until(self.client.is_connected)
        granted: list[int] = []
        self.client.on_subscribe = lambda client, data, mid, codes, said: granted.append(mid)
        for one in (f"spBv1.0/STATE/{host}", f"spBv1.0/plant/NCMD/{node}", f"spBv1.0/plant/DCMD/{node}/+"):
            self.client.subscribe(one, qos=1)
        until(lambda: len(granted) == 3)

    def say(self, message: tuple[str, bytes]) -> None:
        self.client.publish(*message, qos=0)

    def birth(self, device: str = "P-7", *tags: Tag) -> None:
        self.say(self.nbirth(millis()))
        self.say(self.dbirth(device, millis(), *(tags or TAGS)))

    def commands(self, kind: str) -> list[tuple[Metric, ...]]:
        return [read_sparkplug(payload).metrics for topic, payload in list(self.heard) if f"/{kind}/" in topic]

    def state(self) -> list[dict[str, Any]]:
        return [json.loads(payload) for topic, payload in list(self.heard) if "/STATE/" in topic]

    def lose(self) -> None:
        """The connection breaks: the broker tells the will."""
        sock = self.client.socket()
        self.client.loop_stop()
        assert sock is not None
        sock.close()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def plant(**more: Any) -> "tuple[px.Site, px.Fleet[Pump]]":
    site = px.Site("plant")
    return site, site.fleet(Pump, px.sparkplug("plant", names={"Motor/Speed": Pump.speed}, **more))


Opened = tuple[LiveSite, "px.Fleet[Pump]", Callable[..., Edge]]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Opened]:
    site, pumps = plant()
    edges: list[Edge] = []
    with site.open(tmp_path, act=True) as live:
        live.accounts.add("gw", kind="device", roles={"device"}, twins=["Pump/*"])
        secret = live.accounts.issue("gw").secret

        def edge(node: str = "gw1") -> Edge:
            assert live.endpoint is not None
            edges.append(Edge(live.endpoint.port, node, "gw", secret))
            return edges[-1]

        yield live, pumps, edge
        for one in edges:
            one.close()


def counted(live: LiveSite, name: str) -> int:
    return live.doors.fields.drivers[0].counters[name]


def test_a_device_behind_a_node_becomes_a_twin(house: Opened) -> None:
    """Units of the birth, values by alias with their own time, facts by name; in the log as they were understood."""
    _, pumps, edge = house
    node = edge()
    assert until(node.state)[0]["online"] is True
    node.birth()
    until(lambda: len(pumps))
    until(lambda: pumps["P-7"].now.temp == pytest.approx(293.15))
    assert str(pumps["P-7"].now.line) == "l1"
    assert float(pumps["P-7"].now.speed) == pytest.approx(2 * np.pi)
    then = millis() + 5
    node.say(node.ddata("P-7", then, TEMP.told(212.0, then), RUNNING.told(False, then)))
    until(lambda: pumps["P-7"].now.temp == pytest.approx(373.15))
    assert not bool(pumps["P-7"].now.running)
    until(lambda: then * 1_000_000 in pumps["P-7"].history(Pump.temp, "1 h").time.tolist())


def test_what_was_lost_is_asked_for_again(house: Opened) -> None:
    """A gap in seq: NCMD with Node Control/Rebirth, nothing believed until the birth, everything after it."""
    live, pumps, edge = house
    node = edge()
    node.birth()
    until(lambda: len(pumps))
    node.seq += 1
    node.say(node.ddata("P-7", millis(), TEMP.told(100.0, millis())))
    (asked,) = until(lambda: node.commands("NCMD"))
    assert [(one.name, one.value) for one in asked] == [("Node Control/Rebirth", True)]
    node.birth("P-7", Tag("temp", DOUBLE, 50.0, 9, {"engUnit": "degC"}))
    until(lambda: pumps["P-7"].now.temp == pytest.approx(323.15))
    assert (counted(live, "host_gaps"), counted(live, "host_rebirths")) == (1, 1)


def test_the_will_of_a_node_makes_everything_behind_it_stale(house: Opened) -> None:
    """At once, with the last value and the reason; a birth makes it fresh again."""
    _, pumps, edge = house
    node = edge()
    node.birth()
    until(lambda: len(pumps) and pumps["P-7"].now.temp.quality == Quality.GOOD)
    node.lose()
    until(lambda: pumps["P-7"].now.temp.quality == Quality.UNCERTAIN)
    assert pumps["P-7"].now.temp == pytest.approx(293.15)
    back = edge()
    back.birth()
    until(lambda: pumps["P-7"].now.temp.quality == Quality.GOOD)


def test_an_order_is_a_command_and_done_when_the_device_tells_it(house: Opened) -> None:
    """With the datatype and unit of the birth, by alias, at QoS 0; a value that differs is not its effect."""
    live, pumps, edge = house
    node = edge()
    node.birth()
    until(lambda: len(pumps))
    order = pumps["P-7"].set({Pump.speed: 2 * np.pi * 2}, reason="more flow")
    (asked,) = until(lambda: node.commands("DCMD"))
    assert [(one.alias, one.name, one.kind) for one in asked] == [(3, "", FLOAT)]
    assert asked[0].value == pytest.approx(120.0)
    node.say(node.ddata("P-7", millis(), SPEED.told(60.0, millis())))
    node.say(node.ddata("P-7", millis(), SPEED.told(119.99999, millis())))
    until(lambda: _state(live, order) in ("done", "verified"), "the order is done")


def test_an_order_that_no_metric_can_hold_is_rejected_with_the_reason(house: Opened) -> None:
    """A device that is dead, and a datatype that is too small."""
    live, pumps, edge = house
    node = edge()
    node.birth("P-7", TEMP, Tag("Motor/Speed", INT32, 10, 3))
    until(lambda: len(pumps))
    order = pumps["P-7"].set({Pump.speed: 1.5}, reason="try")
    until(lambda: _state(live, order) == "rejected")
    node.say(node.ddeath("P-7", millis()))
    until(lambda: pumps["P-7"].now.temp.quality == Quality.UNCERTAIN)
    order = pumps["P-7"].set({Pump.speed: 2.0}, reason="try")
    until(lambda: _state(live, order) == "rejected")
    assert node.commands("DCMD") == []


def test_hostile_messages_are_refused_and_named_and_the_others_go_on(house: Opened) -> None:
    """Bytes that are no payload, data sets for a signal, an id that no twin can have, topics of nobody."""
    live, pumps, edge = house
    node = edge()
    node.birth()
    until(lambda: len(pumps))
    node.client.publish("spBv1.0/plant/NDATA/gw1", b"\x0b\xff", qos=0)
    data_set = part(2, 1) + part(3, millis()) + part(4, 16) + part(17, b"\x08\x01")
    node.say(node.ddata("P-7", millis(), data_set))
    node.say(node.dbirth("P 8", millis(), Tag("temp", DOUBLE, 1.0, 11)))
    node.say(node.ddata("P-7", millis(), TEMP.told(32.0, millis())))
    until(lambda: pumps["P-7"].now.temp == pytest.approx(273.15))
    assert live.ids("Pump") == ["P-7"]
    assert {Reason.MALFORMED, Reason.WRONG_TYPE, Reason.BAD_ID} <= {Reason(reason) for reason in live.letters.counts}


def test_nobody_commands_a_node_but_the_site(house: Opened) -> None:
    """A command that a client publishes is refused, so that no node hears it; a device may tell its own twin only."""
    live, pumps, edge = house
    victim = edge("gw1")
    victim.birth()
    until(lambda: len(pumps))
    assert live.endpoint is not None
    live.accounts.add("P-9", kind="device", roles={"device"}, twins=["Pump/P-9"])
    rights = live.endpoint._common.rights
    own, gateway = (live.gate.authenticate(_credential(live, name)).result() for name in ("P-9", "gw"))
    assert own is not None
    assert gateway is not None
    for identity in (own, gateway):
        assert rights.publish(identity, "spBv1.0/plant/NCMD/gw1") is None
        assert rights.publish(identity, "spBv1.0/plant/DCMD/gw1/P-7") is None
        assert rights.publish(identity, "spBv1.0/STATE/pollux") is None
        assert rights.publish(identity, "spBv1.0/other/NDATA/gw1") is None
    assert rights.publish(own, "spBv1.0/plant/DDATA/gw1/P-9")
    assert rights.publish(own, "spBv1.0/plant/DDATA/gw1/P-7") is None
    assert rights.publish(own, "spBv1.0/plant/NBIRTH/gw1") is None
    assert rights.hear(own, "spBv1.0/plant/DCMD/gw1/P-9")
    assert not rights.hear(own, "spBv1.0/plant/DCMD/gw1/P-7")


def test_a_replay_knows_what_the_conversation_meant(tmp_path: Path) -> None:
    """The log holds what was understood: after a restart the values are there before any node has spoken."""
    site, pumps = plant(node="{id}", device="")
    with site.open(tmp_path, insecure=True) as live:
        assert live.endpoint is not None
        live.accounts.add("gw", kind="device", roles={"device"}, twins=["Pump/*"])
        node = Edge(live.endpoint.port, "N-1", "gw", live.accounts.issue("gw").secret)
        node.say(node.nbirth(millis(), TEMP, LINE))
        node.say(node.ndata(millis(), TEMP.told(212.0, millis() + 1)))
        until(lambda: len(pumps) and pumps["N-1"].now.temp == pytest.approx(373.15))
        node.close()
        before = live.column("Pump", "N-1")
    with site.open(tmp_path, mqtt=None) as live:
        assert live.column("Pump", "N-1").tobytes() == before.tobytes()
        assert "without an endpoint" in live.doors.fields.broken()[0].text


def test_devices_of_two_types_behind_one_node_are_told_apart_by_form(tmp_path: Path) -> None:
    """Each fleet follows the whole node's sequence and takes its own devices."""
    site = px.Site("plant")
    pumps = site.fleet(Pump, px.sparkplug("plant", device="pump-{id}"))
    tanks = site.fleet(Tank, px.sparkplug("plant", device="tank-{id}", node="gw1"))
    with site.open(tmp_path) as live:
        assert live.endpoint is not None
        live.accounts.add("gw", kind="device", roles={"device"}, twins=["*"])
        node = Edge(live.endpoint.port, "gw1", "gw", live.accounts.issue("gw").secret)
        node.birth("pump-7", TEMP)
        node.say(node.dbirth("tank-1", millis(), Tag("level", DOUBLE, 1.5, 2, {"engUnit": "m"})))
        until(lambda: len(tanks) and float(tanks["1"].now.level) == 1.5)
        node.say(node.ddata("pump-7", millis(), TEMP.told(212.0, millis() + 1)))
        until(lambda: pumps["7"].now.temp == pytest.approx(373.15))
        assert (live.ids("Pump"), live.ids("Tank")) == (["7"], ["1"])
        assert [driver.counters["host_gaps"] for driver in live.doors.fields.drivers] == [0, 0]
        node.close()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"device": "P-7"}, "expected {id}"),
        ({"node": "{id}"}, "expected {id}"),
        ({"node": "a/b"}, "expected the name of a node"),
        ({"host": ""}, "expected the name of a host"),
        ({"units": {"temp": "kPa"}}, "or a unit like it"),
        ({"beat": "1 ms"}, "expected beat"),
    ],
)
def test_declarations_that_cannot_be_meant_are_refused(more: dict[str, Any], said: str) -> None:
    """With what was expected."""
    with pytest.raises(SetupError) as refused:
        plant(**more)
    assert said in str(refused.value)


def _credential(live: LiveSite, name: str) -> Any:
    from pollux.guard import Credential

    return Credential(name, live.accounts.issue(name).secret.encode(), address="127.0.0.1")


def _state(live: LiveSite, order: Any) -> str:
    return live.estate.orders.find(order if isinstance(order, str) else order.id).state
