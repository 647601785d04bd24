"""The row of the mission about what is there before anything is connected."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.connect.broker.mosquitto import mosquitto
from tests.connect.rig import until
from tests.mission.promises import shows
from tests.site.survey.test_listening import talking

from pollux.cli import main


@shows("B8", state="works", command="pollux survey mqtt://HOST, docs/how-to/survey.md")
def test_a_broker_nobody_has_described_becomes_a_site_that_hears_it(tool: Callable[[str], str], tmp_path: Path) -> None:
    """A broker is listened to; the draft that comes of it is opened as it is, and mirrors devices with units."""
    with mosquitto(tool, tmp_path / "broker") as broker, talking(broker.port) as say:
        for pump in ("P-7", "P-8"):
            say(f"plant/line1/{pump}/telemetry", b'{"temp_c": 21.5, "inlet_kPa": 180.5, "state": "run"}', True)
        out = tmp_path / "found"
        assert main(["survey", f"mqtt://127.0.0.1:{broker.port}", "--for", "300 ms", "--out", str(out)]) == 0
        assert "its name ends in kPa" in (out / "survey.md").read_text()
        draft: dict[str, Any] = {}
        exec((out / "site.py").read_text(), draft)
        (declared,) = draft["site"].declared.values()
        with draft["site"].open(tmp_path / "data", mqtt=None) as live:
            client = next(iter(live.doors.brokers.clients.values()))
            until(lambda: client.connected)
            say("plant/line1/P-7/telemetry", b'{"temp_c": 22.5, "inlet_kPa": 181.0, "state": "run"}', False)
            name = declared.schema.name
            until(lambda: [*live.ids(name)] == ["P-7"])
            pump = live.handle(declared, "P-7")
            until(lambda: float(pump.now.inlet_kpa) == 181.0)
