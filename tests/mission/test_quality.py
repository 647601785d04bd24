"""G6: sensors are calibrated and checked against each other."""

from pathlib import Path

import pytest
from tests.mission.promises import shows
from tests.site.plants import device

import pollux as px


class Trio(px.Twin):
    """Three thermometers of one temperature."""

    a = px.sensor("degC", low=-20, high=120)
    b = px.sensor("degC", low=-20, high=120)
    c = px.sensor("degC", low=-20, high=120)


@shows(
    "G6",
    state="works",
    command="site.fleet(Pump, checks=[px.Agree([Pump.a, Pump.b, Pump.c], within='2 K')], calibrations=[...])",
)
def test_a_calibrated_sensor_that_the_others_contradict_is_named(tmp_path: Path) -> None:
    """Calibrated, three sensors agree; the one that deviates is uncertain with its reason, the others stay good."""
    site = px.Site("lab")
    trios = site.fleet(
        Trio,
        checks=[px.Agree([Trio.a, Trio.b, Trio.c], within="2 K")],
        calibrations=[px.Calibration("T-1", Trio.c, gain=1.0, offset=-5.0, certificate="C-1")],
    )
    with site.open(tmp_path, insecure=True) as live, device(live, "Trio/T-1") as t1:
        t1.send(a=50.0, b=50.5, c=55.2)
        now = trios["T-1"].now
        assert [float(now.a), float(now.c)] == pytest.approx([323.15, 323.35])
        t1.send(a=60.0, b=50.5, c=55.2)
        found = trios["T-1"].quality
        assert [found[name].reasons for name in "abc"] == [{"cross": 1}, {}, {}]
        assert found["c"].calibration == "C-1"
