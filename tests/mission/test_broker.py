"""The row of the mission about MQTT: as endpoint, and as client of a broker that is already there."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.connect.broker.mosquitto import mosquitto
from tests.connect.rig import until
from tests.mission.promises import shows

import pollux as px


class Pump(px.Twin):
    line = px.fact("text")
    temp = px.sensor("K", low=250, high=450)


@shows(
    "B1",
    state="partly",
    command="docs/how-to/broker.md",
    missing="retained messages of clients through a restart, enhanced authentication",
)
def test_both_sides_of_mqtt(tmp_path: Path, tool: Callable[[str], str]) -> None:
    """One device publishes to the site itself, another to a Mosquitto in a layout of its own; both are twins. A session
    that is to last is there after a restart.
    """
    publish, subscribe, site = tool("mosquitto_pub"), tool("mosquitto_sub"), px.Site("plant")
    with mosquitto(tool, tmp_path / "broker") as broker:
        where = f"mqtt://127.0.0.1:{broker.port}"
        pumps = site.fleet(Pump, px.mqtt("plant/{line}/{id}/telemetry", broker=where))
        with site.open(tmp_path / "data", insecure=True) as live:
            assert live.endpoint is not None
            until(lambda: not live.doors.brokers.broken(), "the broker is heard")
            for version, port, topic in (
                ("311", live.endpoint.port, "twins/Pump/P-1/telemetry"),
                ("5", live.endpoint.port, "twins/Pump/P-2/telemetry"),
                ("311", broker.port, "plant/l1/P-3/telemetry"),
                ("5", broker.port, "plant/l2/P-4/telemetry"),
            ):
                name = topic.split("/")[2]
                words = ["-p", str(port), "-V", version, "-i", name, "-q", "1", "-t", topic, "-m", '{"temp": 300}']
                subprocess.run([publish, "-h", "127.0.0.1", *words], check=True, timeout=20)
            until(lambda: len(pumps) == 4)
            assert [float(pump.now.temp) for pump in pumps] == [300.0] * 4
            assert str(pumps["P-4"].now.line) == "l2"
            lasting = ["-p", str(live.endpoint.port), "-c", "-E", "-i", "P-1", "-q", "1"]
            subprocess.run([subscribe, *lasting, "-t", "twins/Pump/P-1/commands"], check=True, timeout=20)
        with site.open(tmp_path / "data", insecure=True) as again:
            assert again.endpoint is not None
            assert again.endpoint.counters["restored_sessions"] == 1
