"""The row of the mission about field protocols, as far as Sparkplug B keeps it, with Home Assistant beside it."""

from pathlib import Path

import pytest
from tests.check.sparkplug_node import DOUBLE, Tag
from tests.connect.rig import until
from tests.mission.promises import shows
from tests.site.discovery import check_entity
from tests.site.test_homeassistant import Home
from tests.site.test_sparkplug import Edge, millis

import pollux as px


class Mixer(px.Twin):
    """A mixer behind an edge node."""

    temp = px.sensor("degC", low=-20, high=150)
    speed = px.actuator("rpm", low=0, high=300, safe=0)


@shows(
    "B4",
    state="partly",
    command="docs/how-to/opcua.md, modbus.md and sparkplug.md",
    missing="BACnet (no library with a written licence)",
)
def test_a_device_of_sparkplug_is_a_twin_that_home_assistant_sets(tmp_path: Path) -> None:
    """Born by alias, announced by discovery; a number set there becomes a DCMD that the device confirms."""
    site = px.Site("works", home_assistant=px.HomeAssistant())
    mixers = site.fleet(Mixer, px.sparkplug("plant"))
    temp, speed = Tag("temp", DOUBLE, 20.0, 1, {"engUnit": "°C"}), Tag("speed", DOUBLE, 60.0, 2, {"engUnit": "rpm"})
    with site.open(tmp_path, act=True) as live:
        assert live.endpoint is not None
        live.accounts.add("gw", kind="device", roles={"device"}, twins=["Mixer/*"])
        live.accounts.add("home", kind="service", roles={"service", "operator"}, twins=["Mixer/*"])
        edge = Edge(live.endpoint.port, "gw1", "gw", live.accounts.issue("gw").secret)
        home = Home(live.endpoint.port, "home", live.accounts.issue("home").secret)
        edge.birth("X-1", temp, speed)
        until(lambda: len(home.configs()) == 2)
        for topic, config in home.configs().items():
            check_entity(topic, config)
        home.client.publish("homeassistant/pollux/Mixer-X-1/speed/set", b"120")
        (asked,) = until(lambda: edge.commands("DCMD"))
        assert (asked[0].alias, asked[0].value) == (2, pytest.approx(120.0))
        edge.say(edge.ddata("X-1", millis(), speed.told(120.0, millis())))
        order = live.estate.orders.of("Mixer", "X-1")[0].id
        until(lambda: live.estate.orders.find(order).state in ("done", "verified"))
        assert mixers["X-1"].now.temp == pytest.approx(293.15)
        edge.close()
        home.close()
