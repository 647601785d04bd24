"""Home Assistant's MQTT discovery: what is announced, to whom, and what comes back as orders."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from tests.connect.broker.mosquitto import mosquitto
from tests.connect.rig import until
from tests.site.discovery import check_entity

import pollux as px
from pollux.connect.wire.rights import Reach, native
from pollux.errors import SetupError
from pollux.site.homeassistant.topics import DiscoveryTopics, coded, decoded
from pollux.site.homeassistant.units import shown
from pollux.site.live import LiveSite


class Pump(px.Twin):
    """A pump with everything that Home Assistant can show."""

    temp = px.sensor("degC", low=-20, high=150, doc="Temperature of the oil")
    energy = px.sensor("kWh", low=0, high=1e9)
    valve = px.sensor("percent", low=0, high=100)
    running = px.fact("flag")
    fuel = px.fact(["gas", "oil"])
    line = px.fact("text")
    speed = px.actuator("rpm", low=600, high=3000, safe=600)

    @px.command
    def flush(self) -> None:
        """Flush the line."""


class Guest(px.Twin, personal=True):
    pulse = px.sensor("1/min", low=0, high=300)


class Home:
    """Home Assistant's place on the wire: its account, its subscriptions, its will."""

    def __init__(self, port: int, account: str = "", secret: str = "", *, prefix: str = "homeassistant") -> None:
        self.retained: dict[str, bytes] = {}
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="home", protocol=MQTTProtocolVersion.MQTTv311, clean_session=True
        )
        if account:
            self.client.username_pw_set(account, secret)
        self.client.will_set(f"{prefix}/status", b"offline", qos=0)
        self.client.on_message = lambda client, data, message: self.retained.update(
            {message.topic: bytes(message.payload)}
        )
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        until(self.client.is_connected)
        for one in (f"{prefix}/+/+/config", f"{prefix}/+/+/+/config", "twins/+/+/state", f"{prefix}/pollux/#"):
            self.client.subscribe(one)
        self.client.publish(f"{prefix}/status", b"online")

    def configs(self) -> dict[str, dict[str, Any]]:
        return {
            topic: json.loads(said) for topic, said in dict(self.retained).items() if topic.endswith("/config") and said
        }

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def site(**more: Any) -> px.Site:
    made = px.Site("home", home_assistant=px.HomeAssistant(**more))
    made.fleet(Pump)
    made.fleet(Guest)
    return made


def pump(live: LiveSite, **told: Any) -> None:
    """A device's message, over HTTP's way into the site."""
    from pollux.columns.frames import Frames, Message, Origin

    said = json.dumps(told or {"temp": 20.5, "running": True, "fuel": "oil", "speed": 900}).encode()
    live.sink(Frames.of([Message(Origin("", "P-7"), b"twins/Pump/P-7/telemetry", said, live.clock.now())])).wait(5)


Opened = tuple[LiveSite, Callable[..., Home]]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Opened]:
    homes: list[Home] = []
    with site().open(tmp_path, act=True) as live:
        live.accounts.add("home", kind="service", roles={"service", "operator"}, twins=["*"])

        def home(name: str = "home") -> Home:
            assert live.endpoint is not None
            homes.append(Home(live.endpoint.port, name, live.accounts.issue(name).secret))
            return homes[-1]

        yield live, home
        for one in homes:
            one.close()


def test_every_entity_of_a_twin_is_announced_in_the_words_of_home_assistant(house: Opened) -> None:
    """Sensors, facts as diagnostics, actuators with their limits, commands as buttons; classes by unit."""
    live, home = house
    pump(live)
    heard = home()
    until(lambda: len(heard.configs()) == 7)
    found = heard.configs()
    for topic, config in found.items():
        check_entity(topic, config)
    by = {topic.split("/")[3]: (topic.split("/")[1], config) for topic, config in found.items()}
    assert {name: component for name, (component, _) in by.items()} == {
        "temp": "sensor", "energy": "sensor", "valve": "sensor", "running": "binary_sensor", "fuel": "sensor",
        "speed": "number", "flush": "button",
    }  # fmt: skip
    temp, speed, fuel = by["temp"][1], by["speed"][1], by["fuel"][1]
    assert (temp["unit_of_measurement"], temp["device_class"], temp["state_class"]) == (
        "°C",
        "temperature",
        "measurement",
    )
    assert temp["name"] == "Temperature of the oil"
    assert by["energy"][1]["state_class"] == "total"
    assert "device_class" not in by["valve"][1]
    assert (speed["min"], speed["max"], speed["step"]) == (600.0, 3000.0, 1.0)
    assert (fuel["options"], fuel["entity_category"]) == (["gas", "oil"], "diagnostic")
    assert len({json.dumps(config["device"]) for _, config in by.values()}) == 1


def test_state_and_availability_are_heard_by_the_account(house: Opened) -> None:
    """The retained state that templates read, and whether the twin is heard."""
    live, home = house
    pump(live)
    heard = home()
    until(lambda: heard.retained.get("homeassistant/pollux/Pump-P-7/availability") == b"online")
    state = json.loads(until(lambda: heard.retained.get("twins/Pump/P-7/state")))
    assert state["temp"]["value"] == pytest.approx(20.5)
    assert state["fuel"]["value"] == 1.0


def test_a_number_set_there_becomes_an_order_of_the_account(house: Opened) -> None:
    """Through the same gate, checks and limits; what may not be is refused and named."""
    live, home = house
    pump(live)
    heard = home()
    until(lambda: len(heard.configs()) == 7)
    setting = heard.configs()["homeassistant/number/Pump-P-7/speed/config"]["command_topic"]
    heard.client.publish(setting, b"1200")
    order = until(lambda: next(iter(live.estate.orders.of("Pump", "P-7")), None))
    assert (order.proposer, order.name, order.reason) == ("home", "set", "by Home Assistant")
    assert order.params[0][1] == pytest.approx(1200.0)
    before = live.doors.guests.home.asking.refused  # type: ignore[union-attr]
    for wrong in (b"9000", b"fast", b"nan", b"1" * 100, b""):
        heard.client.publish(setting, wrong)
    heard.client.publish(setting.replace("speed", "temp"), b"1")
    until(lambda: live.doors.guests.home.asking.refused == before + 6)  # type: ignore[union-attr]
    assert len(live.estate.orders.of("Pump", "P-7")) == 1
    pressing = heard.configs()["homeassistant/button/Pump-P-7/flush/config"]
    heard.client.publish(pressing["command_topic"], pressing["payload_press"].encode())
    until(lambda: "flush" in [one.name for one in live.estate.orders.of("Pump", "P-7")])


def test_who_may_not_command_sees_and_commands_nothing(house: Opened) -> None:
    """A viewer's commands are refused; a device sees no other twin's entities, and forges none."""
    live, home = house
    pump(live)
    live.accounts.add("board", kind="service", roles={"service"}, twins=["*"])
    board = home("board")
    until(lambda: len(board.configs()) == 7)
    board.client.publish("homeassistant/pollux/Pump-P-7/speed/set", b"1200")
    until(lambda: live.doors.guests.home.asking.refused)  # type: ignore[union-attr]
    assert not live.estate.orders.of("Pump", "P-7")
    assert live.endpoint is not None
    live.accounts.add("P-9", kind="device", roles={"device"}, twins=["Pump/P-9"])
    from pollux.guard import Credential

    secret = live.accounts.issue("P-9").secret.encode()
    device = live.gate.authenticate(Credential("P-9", secret=secret, address="127.0.0.1")).result()
    assert device is not None
    rights = live.endpoint._common.rights
    for topic in ("sensor/Pump-P-7/temp/config", "pollux/Pump-P-7/availability"):
        assert not rights.hear(device, f"homeassistant/{topic}")
        assert rights.publish(device, f"homeassistant/{topic}") is None
    assert rights.publish(device, "homeassistant/pollux/Pump-P-7/speed/set") is None


def test_persons_are_not_announced_unless_they_are_named(tmp_path: Path) -> None:
    """Personal types are left out, and their topics mean nothing."""
    with site().open(tmp_path / "a") as live:
        assert live.doors.guests.home is not None
        assert live.doors.guests.home.topics.reach("homeassistant/sensor/Guest-G-1/pulse/config") is None
    with site(personal=["Guest"]).open(tmp_path / "b") as live:
        assert live.doors.guests.home is not None
        assert live.doors.guests.home.topics.reach("homeassistant/sensor/Guest-G-1/pulse/config") is not None
    with pytest.raises(SetupError, match="expected declared types"):
        site(only=["Tank"]).open(tmp_path / "c")
    for wrong in ({"prefix": "a/+"}, {"account": "home"}):
        with pytest.raises(SetupError):
            px.HomeAssistant(**wrong)


def test_behind_a_broker_states_are_told_there_and_what_is_gone_is_taken_back(
    tmp_path: Path, tool: Callable[[str], str]
) -> None:
    """Retained at the broker, with the bridge's own availability; a site that acts no more takes its number back."""
    with mosquitto(tool, tmp_path / "broker") as broker:
        where = f"mqtt://127.0.0.1:{broker.port}"
        home = Home(broker.port)
        with site(broker=where, account="hass").open(tmp_path / "data", act=True) as live:
            live.accounts.add("hass", kind="service", roles={"service", "operator"}, twins=["Pump/*"])
            pump(live)
            until(lambda: len(home.configs()) == 7)
            assert json.loads(until(lambda: home.retained.get("twins/Pump/P-7/state")))["temp"]["value"] == 20.5
            assert home.retained["homeassistant/pollux/status"] == b"online"
            home.client.publish("homeassistant/pollux/Pump-P-7/speed/set", b"800")
            order = until(lambda: next(iter(live.estate.orders.of("Pump", "P-7")), None))
            assert order.proposer == "hass"
        until(lambda: home.retained["homeassistant/pollux/status"] == b"offline")
        with site(broker=where).open(tmp_path / "data", mqtt=None):
            until(lambda: "homeassistant/sensor/Pump-P-7/speed/config" in home.configs())
            until(lambda: home.retained["homeassistant/number/Pump-P-7/speed/config"] == b"")
            assert len(home.configs()) == 6
        home.close()


@given(st.text(min_size=1, max_size=20))
def test_every_id_has_a_level_of_its_own(id_: str) -> None:
    """Coding keeps ids apart and within the letters that discovery allows."""
    if native(f"twins/Pump/{id_}/state") is None:
        return
    topics = DiscoveryTopics("homeassistant", ["Pump"])
    assert decoded(coded(id_)) == id_
    topic = topics.config("sensor", "Pump", id_, "temp")
    reach = topics.reach(topic)
    assert reach is not None
    assert reach.twin == f"Pump/{id_}"
    asked = topics.asked(topics.asking("Pump", id_, "speed"))
    assert asked == ("Pump", id_, "speed")


@pytest.mark.parametrize(
    "topic",
    ["x", "pollux/Pump-P-7/speed", "sensor/Pump/temp/config", "sensor/Tank-1/temp/config", "pollux/Pump-_ZZ/speed/set",
     "pollux/Pump-_FF/speed/set", "lock/Pump-P-7/a/config"],
)  # fmt: skip
def test_other_topics_mean_nothing(topic: str) -> None:
    """Unknown types, codes and components."""
    assert DiscoveryTopics("homeassistant", ["Pump"]).reach(f"homeassistant/{topic}") is None


def test_a_mapping_below_the_prefix_goes_on_to_be_heard() -> None:
    """Only what Home Assistant asks of twins is taken; other topics mean what they meant."""
    topics = DiscoveryTopics("homeassistant", ["Pump"])
    translate = topics.translate(lambda topic: Reach("Pump/x", "telemetry"))
    assert translate("homeassistant/sensor/other/state") == Reach("Pump/x", "telemetry")
    assert not b"homeassistant/sensor/other/state".startswith(topics.heard)


def test_a_unit_that_is_not_in_the_table_is_shown_as_it_is() -> None:
    """Without a class."""
    assert shown("N*m") == ("N*m", "", "measurement")
