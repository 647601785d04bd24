"""Brokers that a site's mappings name: whom they may speak for, what is shown of them, and how orders leave."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.connect.broker.rig import FakeBroker
from tests.connect.rig import Client, until
from tests.doors.rig import opened

import pollux as px
from pollux.connect.wire.packets import Ack, Publish, Wish
from pollux.site.brokers import site_id
from pollux.site.live import LiveSite

TEMP = b'{"temp": %d}'


class Pump(px.Twin):
    line = px.fact("text")
    temp = px.sensor("K", low=0, high=1e9)
    speed = px.actuator("rad/s", low=0, high=200, safe=0)


class Room(px.Twin):
    temp = px.sensor("K", low=0, high=1e9)


def plant(port: int, **broker: Any) -> "tuple[px.Site, px.Fleet[Pump]]":
    site = px.Site("plant")
    through = px.Broker(f"mqtt://127.0.0.1:{port}", **broker)
    fleet = site.fleet(Pump, px.mqtt("plant/{line}/{id}/telemetry", broker=through, commands="plant/{line}/{id}/cmd"))
    site.fleet(Room, px.mqtt("rooms/{id}", broker=through))
    return site, fleet


def client(live: LiveSite, place: int = 0) -> Any:
    return list(live.doors.brokers.clients.values())[place]


@pytest.fixture
def broker() -> Any:
    made = FakeBroker()
    yield made
    made.close()


def test_fleets_share_the_connection_of_their_broker(broker: FakeBroker, tmp_path: Path) -> None:
    """One connection with the filters of both; each message is of its own type; the client's name stays."""
    site, pumps = plant(broker.port)
    with site.open(tmp_path, mqtt=None) as live:
        line = broker.line()
        hello = line.welcome(subscribed=False)
        assert hello.client_id == f"pollux-{site_id(tmp_path)}"
        assert len(hello.client_id) == 23
        asked = [wish.filter for wish in line.granted().wishes]
        assert asked == ["plant/+/+/telemetry", "plant/+/+/telemetry/+", "rooms/+", "rooms/+/+"]
        line.message(301, form=TEMP)
        line.message(302, form=TEMP, topic=b"rooms/R-1")
        line.acks(2)
        assert float(pumps["P-7"].now.temp) == 301
        assert str(pumps["P-7"].now.line) == "l1"
        assert live.ids("Room") == ["R-1"]


def test_the_site_opens_without_its_broker_and_says_so(broker: FakeBroker, tmp_path: Path) -> None:
    """What is wrong is a broken promise, for those who may know, and in the metrics; when it comes all is well."""
    port = broker.port
    broker.close()
    site, _ = plant(port)
    with opened(tmp_path, site=site) as house:
        token = house.account("ann", roles={"administrator"}, twins=["*"])
        found = until(lambda: list(house.get("/health/ready", token).json["broken"] or ()))
        assert found[0]["promise"] == f"broker:127.0.0.1:{port} is heard"
        until(lambda: "cannot be reached" in house.get("/health/ready", token).json["broken"][0]["text"])
        heard = f'pollux_broker_connected{{broker="broker:127.0.0.1:{port}"}}'
        assert house.count(heard) == 0
        back = FakeBroker(port=port)
        back.line().welcome(subscribed=True)
        until(lambda: house.count(heard) == 1)
        assert house.get("/health/ready", token).json["ready"]
        back.close()


def test_several_brokers_each_have_their_connection(tmp_path: Path) -> None:
    """What one of them says under the topics of the other is refused: it may not speak for those twins."""
    first, second = FakeBroker(), FakeBroker()
    site = px.Site("plant")
    pumps = site.fleet(Pump, px.mqtt("plant/{id}/t", broker=f"mqtt://127.0.0.1:{first.port}"))
    site.fleet(Room, px.mqtt("rooms/{id}", broker=f"mqtt://127.0.0.1:{second.port}"))
    with site.open(tmp_path) as live:
        lines = [one.line() for one in (first, second)]
        for line in lines:
            line.welcome()
        lines[0].message(300, form=TEMP, topic=b"plant/P-1/t")
        lines[1].message(301, form=TEMP, topic=b"plant/P-1/t")
        lines[1].message(302, form=TEMP, topic=b"rooms/R-1")
        assert (lines[0].acks(1), lines[1].acks(2)) == ([300], [301, 302])
        assert float(pumps["P-1"].now.temp) == 300
        assert [client(live, place).counters["refused"] for place in (0, 1)] == [0, 1]
        assert sum(live.letters.counts.values()) == 1
    for one in (first, second):
        one.close()


def test_a_topic_that_the_site_reads_otherwise_is_refused(broker: FakeBroker, tmp_path: Path) -> None:
    """Where an earlier mapping would decode it as another type's the broker is not believed."""
    site = px.Site("plant")
    site.fleet(Room, px.mqtt("all/{id}"))
    pumps = site.fleet(Pump, px.mqtt("all/{id}", broker=f"mqtt://127.0.0.1:{broker.port}"))
    with site.open(tmp_path) as live:
        line = broker.line()
        line.welcome()
        line.message(300, form=TEMP, topic=b"all/P-1")
        assert line.acks(1) == [300]
        assert (len(pumps), live.ids("Room"), client(live).counters["refused"]) == (0, [], 1)


def test_the_own_endpoint_hears_native_topics_only(broker: FakeBroker, tmp_path: Path) -> None:
    """A fleet behind a broker is heard there; natively a device may come to the site itself."""
    site, pumps = plant(broker.port)
    with site.open(tmp_path, insecure=True) as live:
        assert live.endpoint is not None
        device = Client(live.endpoint.port, level=5)
        device.connect("P-7")
        device.send(Publish(b"plant/l1/P-7/telemetry", TEMP % 301, 1, packet_id=1))
        device.send(Publish(b"twins/Pump/P-7/telemetry", TEMP % 302, 1, packet_id=2))
        until(lambda: len(pumps))
        assert float(pumps["P-7"].now.temp) == 302
        assert live.endpoint.counters["denied"] == 1


def test_an_order_leaves_through_the_broker(broker: FakeBroker, tmp_path: Path) -> None:
    """Under the mapping's topic, with its expiry; the answer moves it on. A twin without an address gets none."""
    site, pumps = plant(broker.port)
    with site.open(tmp_path, act=True, mqtt=None) as live:
        line = broker.line()
        line.welcome(subscribed=False)
        filters = [wish.filter for wish in line.granted().wishes]
        assert filters[4:] == ["plant/+/+/cmd/ack", "twins/Room/+/commands/ack"]
        pumps.add("P-9")
        lost = pumps["P-9"].set({Pump.speed: 4.0}, reason="a try", expires="1 min")
        line.message(301, form=TEMP)
        line.acks(1)
        order = pumps["P-7"].set({Pump.speed: 5.0}, reason="a try", expires="1 min")
        sent = line.expect(Publish)
        assert (sent.topic, sent.qos, json.loads(sent.payload)["id"]) == (b"plant/l1/P-7/cmd", 1, order.id)
        assert 50 <= (sent.properties.message_expiry or 0) <= 60
        answer = json.dumps({"id": order.id, "state": "accepted"}).encode()
        line.send(Publish(b"plant/l1/P-7/cmd/ack", answer, 1, packet_id=7))
        assert order.wait("accepted") == "accepted"
        assert lost.state == "sent"
        assert live.letters.counts == {}


def test_an_order_over_the_own_endpoint_carries_its_expiry(tmp_path: Path) -> None:
    """MQTT 5 ends what nobody fetched in time."""
    site = px.Site("plant")
    pumps = site.fleet(Pump)
    with site.open(tmp_path, act=True, insecure=True) as live:
        assert live.endpoint is not None
        device = Client(live.endpoint.port, level=5)
        device.connect("P-7")
        device.subscribe(Wish("twins/Pump/P-7/commands", 1))
        device.send(Publish(b"twins/Pump/P-7/telemetry", TEMP % 302, 1, packet_id=2))
        until(lambda: len(pumps))
        pumps["P-7"].set({Pump.speed: 5.0}, reason="a try", expires="1 min")
        until(lambda: isinstance(device.get(), Ack))
        sent = device.message()
        assert 50 <= (sent.properties.message_expiry or 0) <= 60


def test_pollux_hears_pollux(tmp_path: Path) -> None:
    """Another site's own endpoint is a broker too, for an account that may read there."""
    front = px.Site("front")
    front.fleet(Pump)
    behind = px.Site("behind")
    with front.open(tmp_path / "front", insecure=True) as outer:
        assert outer.endpoint is not None
        outer.accounts.add("reader", kind="service", roles={"service"}, twins=["Pump/*"])
        (tmp_path / "token").write_text(outer.accounts.issue("reader").secret + "\n")
        where = px.Broker(f"mqtt://reader@127.0.0.1:{outer.endpoint.port}", password_file=tmp_path / "token")
        pumps = behind.fleet(Pump, px.mqtt(broker=where))
        with behind.open(tmp_path / "behind", mqtt=None) as inner:
            until(lambda: client(inner).connected, client(inner).trouble)
            device = Client(outer.endpoint.port, level=5)
            device.connect("P-7")
            device.send(Publish(b"twins/Pump/P-7/telemetry", b'{"temp": 302, "seq": 1}', 1, packet_id=2))
            until(lambda: len(pumps) and float(pumps["P-7"].now.temp) == 302)
            until(lambda: outer.endpoint and outer.endpoint.counters["confirmed_qos1"] == 1)
        (tmp_path / "token").write_text("another")
        with behind.open(tmp_path / "behind", mqtt=None) as inner:
            until(lambda: "bad credentials" in client(inner).trouble)


def test_a_password_that_is_not_there_is_told(
    broker: FakeBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the name of the variable, until it is there."""
    monkeypatch.delenv("PLANT_PASSWORD", raising=False)
    site, _ = plant(broker.port, username="me", password_env="PLANT_PASSWORD")
    with site.open(tmp_path, mqtt=None) as live:
        until(lambda: "PLANT_PASSWORD" in client(live).trouble)
        monkeypatch.setenv("PLANT_PASSWORD", "hush")
        while True:
            try:
                hello = broker.line().welcome()
                break
            except AssertionError:
                continue  # an attempt that ended before it said anything
        assert (hello.username, hello.password) == ("me", b"hush")


def test_a_shared_subscription_names_its_group(broker: FakeBroker, tmp_path: Path) -> None:
    """Telemetry is shared; answers to a site's own orders are not."""
    site, _ = plant(broker.port, share="twins")
    with site.open(tmp_path, act=True, mqtt=None):
        line = broker.line()
        line.welcome(subscribed=False)
        filters = [wish.filter for wish in line.granted().wishes]
        assert filters[0] == "$share/twins/plant/+/+/telemetry"
        assert filters[4] == "plant/+/+/cmd/ack"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: px.Broker("mqtts://me:hush@host"), "no password in the address"),
        (lambda: px.Broker("http://host"), "mqtt:// or mqtts://"),
        (lambda: px.Broker("mqtt://host:99999"), "address of a broker"),
        (lambda: px.Broker("mqtts://host/topic"), "nothing behind host and port"),
        (lambda: px.Broker("mqtt://plant.example"), "mqtts:// beyond this machine"),
        (lambda: px.Broker("mqtts://host", password_env="P"), "a user beside the password"),
        (lambda: px.Broker("mqtts://me@host", password_env="P", password_file="p"), "one place of the password"),
        (lambda: px.Broker("mqtts://host", certificate="c"), "certificate and key together"),
        (lambda: px.Broker("mqtt://localhost", ca="c"), "mqtts:// beside certificates"),
        (lambda: px.Broker("mqtts://host", version="4"), 'version "5" or "3.1.1"'),  # type: ignore[arg-type]
        (lambda: px.Broker("mqtts://host", qos=3), "qos 0, 1 or 2"),  # type: ignore[arg-type]
        (lambda: px.Broker("mqtts://host", share="a/b"), "the name of a group"),
        (lambda: px.Broker("mqtts://host", keepalive="1 day"), "keepalive in seconds from 1 to 65535"),
        (lambda: px.Broker("mqtts://host", receive_maximum=0), "receive_maximum from 1"),
        (lambda: px.mqtt("plant/{id}", commands="a/{id}"), "a broker beside commands"),
        (lambda: px.mqtt("plant/{id}", broker="mqtts://host", commands="a/b"), "a topic with {id}"),
        (lambda: px.mqtt("plant/{id}", broker="mqtts://host", commands="a/{id}/#"), "no wildcard"),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_is_written(make: Any, words: str) -> None:
    """With what was expected, and never with the password."""
    with pytest.raises(px.SetupError, match=words.replace("{", r"\{")) as refused:
        make()
    assert "hush" not in str(refused.value)


def test_what_cannot_be_meant_together_is_refused_when_the_site_opens(tmp_path: Path) -> None:
    """Two descriptions of one broker, and topics of orders with facts that the class has not."""
    one, other = (px.Broker("mqtt://localhost", keepalive=text) for text in ("1 s", "2 s"))
    site = px.Site("plant")
    site.fleet(Pump, px.mqtt("a/{id}", broker=one))
    site.fleet(Room, px.mqtt("b/{id}", broker=other))
    with pytest.raises(px.SetupError, match="one description of a broker"):
        site.open(tmp_path / "two", mqtt=None)
    site = px.Site("plant")
    site.fleet(Pump, px.mqtt("a/{id}", broker=one, commands="{floor}/{id}/cmd"))
    with pytest.raises(px.SetupError, match="text or choice fact of Pump"):
        site.open(tmp_path / "floor", mqtt=None, act=True)
    assert not list(tmp_path.iterdir())


def test_the_page_of_a_twin_says_through_whom_it_is_heard(broker: FakeBroker, tmp_path: Path) -> None:
    """Whether its device is there only the broker knows; whether the broker is, is told."""
    site, _ = plant(broker.port)
    with site.open(tmp_path, mqtt=None) as live:
        line = broker.line()
        line.welcome()
        line.message(301, form=TEMP)
        line.acks(1)
        name = f"broker:127.0.0.1:{broker.port}"
        told = live.rooms.receptions.of("Pump", "P-7")
        assert (told.connected, told.link) == (None, f"heard through {name}")
        line.close()
        until(lambda: "is not heard" in live.rooms.receptions.of("Pump", "P-7").link)
