"""Edge nodes of Sparkplug behind a foreign broker: the host's state, rebirths after a restart, orders."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.check.sparkplug_node import DOUBLE, Tag
from tests.connect.broker.mosquitto import mosquitto
from tests.connect.rig import until
from tests.site.test_sparkplug import TEMP, Edge, Pump, millis

import pollux as px


def test_a_host_behind_mosquitto_says_that_it_is_there_and_asks_again_after_a_restart(
    tmp_path: Path, tool: Callable[[str], str]
) -> None:
    """STATE is retained, the same timestamp in birth and death; whoever was heard before is asked for its births."""
    with mosquitto(tool, tmp_path / "broker") as broker:
        site = px.Site("plant")
        through = px.Broker(f"mqtt://127.0.0.1:{broker.port}")
        pumps = site.fleet(
            Pump, px.sparkplug("plant", broker=through, host="hq", names={"Motor/Speed": Pump.speed}, beat="1 s")
        )
        node = Edge(broker.port, "gw1", host="hq")
        with site.open(tmp_path / "data", mqtt=None, act=True) as live:
            until(lambda: not live.doors.fields.broken(), "the broker is heard")
            until(node.state)
            node.birth("P-7", TEMP, Tag("Motor/Speed", DOUBLE, 1.0, 3, {"engUnit": "rad/s"}))
            until(lambda: len(pumps) and pumps["P-7"].now.temp == pytest.approx(293.15))
            order = pumps["P-7"].set({Pump.speed: 5.0}, reason="more flow")
            (asked,) = until(lambda: node.commands("DCMD"))
            assert asked[0].value == 5.0
            node.say(node.ddata("P-7", millis(), Tag("Motor/Speed", DOUBLE, 0, 3).told(5.0, millis())))
            assert order.wait("done") == "done"
            until(lambda: live.doors.fields.drivers[0].counters["beats"], "a beat of who lives and says nothing")
        until(lambda: len(node.state()) >= 2 and not node.state()[-1]["online"], "the host has said goodbye")
        assert [one["online"] for one in node.state()[-2:]] == [True, False]
        assert len({one["timestamp"] for one in node.state()[-2:]}) == 1
        node.heard.clear()
        with site.open(tmp_path / "data", mqtt=None) as live:
            assert pumps["P-7"].now.temp == pytest.approx(293.15)
            until(lambda: node.commands("NCMD"), "a rebirth is asked for")
            assert node.state()[-1]["online"] is True
            node.birth("P-7", Tag("temp", DOUBLE, 10.0, 8, {"engUnit": "degC"}))
            until(lambda: pumps["P-7"].now.temp == pytest.approx(283.15))
            node.lose()
            until(lambda: live.doors.fields.drivers[0].counters["host_deaths"], "the will is heard")
