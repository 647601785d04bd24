"""End to end: a node of a stock server becomes a value of a twin, stands in its history, and an order writes it."""

import pytest

import pollux as px
from pollux.clock import SECOND, WallClock
from pollux.site.house import SiteHouse
from tests.connect.opcua.authority import fingerprint
from tests.connect.opcua.hearing import until
from tests.connect.opcua.rig import PASSWORD, URI, USER


class Pump(px.Twin):
    """A pump of the plant."""

    temp = px.sensor("degC", low=-50, high=200)
    speed = px.actuator("rpm", low=0, high=3000, safe=0)


def pumps(plant, monkeypatch):
    """A site that reads the pumps of the plant and may set them."""
    monkeypatch.setenv("PLANT_PASSWORD", PASSWORD)
    site = px.Site("plant")
    fleet = site.fleet(
        Pump,
        px.opcua(
            plant.url,
            nodes={Pump.temp: f"nsu={URI};s=X.{{id}}.temp"},
            actuators={Pump.speed: f"nsu={URI};s=X.{{id}}.speed"},
            pin=fingerprint(plant.certificate),
            username=USER,
            password_env="PLANT_PASSWORD",
            publishing="50 ms",
            sampling="20 ms",
        ),
    )
    return site, fleet


def test_from_the_node_to_the_twin_its_history_and_back(plant, tmp_path, monkeypatch):
    """With source time and status; acted on as an order; after a restart of the site the gap is filled, once."""
    plant.add("X.P7.temp", 21.0, historic=True)
    plant.add("X.P7.speed", 0.0, writable=True)
    then = WallClock().now() // 1000 * 1000 - 30 * SECOND
    plant.say("X.P7.temp", 21.0, then)
    site, fleet = pumps(plant, monkeypatch)
    with site.open(tmp_path, mqtt=None, act=True) as live:
        until(lambda: live.ids("Pump") == ["P7"])
        assert fleet["P7"].now.temp == pytest.approx(294.15)
        plant.say("X.P7.temp", None, then + SECOND, status=0x808C0000)
        until(lambda: fleet["P7"].quality["temp"].reasons == {"failed": 1})
        order = fleet["P7"].set({Pump.speed: 900.0}, reason="more water")
        until(lambda: order.state == "done")
        assert plant.value("X.P7.speed") == 900.0
        assert fleet["P7"].now.speed == 900.0
        assert SiteHouse(live).broken() == []
    for i in range(2, 5):
        plant.say("X.P7.temp", 20.0 + i, then + i * SECOND)
    with site.open(tmp_path, mqtt=None) as live:
        until(lambda: live.doors.fields.drivers[0].connected)
        plant.say("X.P7.temp", 25.0, then + 5 * SECOND)
        times = [then + i * SECOND for i in range(6)]
        until(lambda: fleet["P7"].history(Pump.temp, "1 h").time.tolist() == times)
        assert not live.doors.fields.drivers[0].takes("P7")
