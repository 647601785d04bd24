"""Evidence enters by the handle, narrows what is believed, stands in the log, and does not depend on the stream."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.site.plants import device, site

import pollux as px
from pollux.clock import MINUTE, SECOND, SimulatedClock

START = 1_800_000_000 * SECOND


class Kettle(px.Twin):
    """Its heat is measured; nobody sees how fast it cools, unless somebody measures that once."""

    heat = px.sensor("K", noise=0.5, start=300)
    fade = px.parameter("1/h", px.lognormal(0.05, 0.5))
    room = px.parameter("K", px.normal(290, 5))

    @px.rate(heat)
    def cools(self):
        return -self.fade * (self.heat - self.room)

    @px.derived
    def half(self):
        return px.log(2) / self.fade


def opened() -> tuple[px.Site, px.Fleet[Kettle]]:
    kitchen = px.Site("kitchen")
    return kitchen, kitchen.fleet(Kettle, learning=px.Learning(members=64, every="10 min"))


def test_evidence_narrows_a_twin_before_its_first_reading(tmp_path: Path) -> None:
    """A half-life measured once is believed at once, the room stays unknown; a restart has the same, and goes on."""
    kitchen, kettles = opened()
    with kitchen.open(tmp_path, mqtt=None, clock=SimulatedClock(START)):
        kettle = kettles.add("K-1")
        kettle.believe([px.Evidence(Kettle.half, 20.0, sigma=1.0)])
        before = kettle.now
        assert float(before.fade) == pytest.approx(np.log(2) / 20.0, rel=0.08)
        assert float(before.fade.sigma) < 0.15 * float(before.fade)
        assert float(before.room.sigma) == pytest.approx(5.0, rel=0.35)
    kitchen, kettles = opened()
    clock = SimulatedClock(START + MINUTE)
    with kitchen.open(tmp_path, insecure=True, clock=clock) as live, device(live, "Kettle/K-1") as device_:
        after = kettles["K-1"].now
        assert (float(after.fade), float(after.fade.sigma)) == (float(before.fade), float(before.fade.sigma))
        for step in (1, 2, 3):
            live.advance_to(START + step * 10 * MINUTE)
            device_.send(heat=320.0, t=(START + step * 10 * MINUTE) / SECOND)
        live.advance_to(START + 31 * MINUTE)
        assert live.filters["Kettle"].fault == ""
        belief = live.estate.beliefs["Kettle/K-1"]
        assert belief.updates >= 1
        assert max(belief.surprises) < 9  # the first reading is where the belief began: no surprise
        assert float(kettles["K-1"].now.fade.sigma) < 0.15 * float(kettles["K-1"].now.fade)


def test_evidence_is_refused_where_it_means_nothing(tmp_path: Path) -> None:
    """A name that the type does not compute, and a type that learns nothing, are refused and change nothing."""
    kitchen, kettles = opened()
    with kitchen.open(tmp_path / "a", mqtt=None, clock=SimulatedClock(START)) as live:
        kettle = kettles.add("K-1")
        with pytest.raises(px.NotFound, match="expected something that Kettle computes, got 'halve'"):
            kettle.believe([px.Evidence("half", 20.0, 1.0), px.Evidence("halve", 20.0, 1.0)])
        assert "Kettle/K-1" not in live.estate.beliefs
    plant, motors, _ = site()
    with (
        plant.open(tmp_path / "b", mqtt=None, clock=SimulatedClock(START)),
        pytest.raises(px.SetupError, match="learns nothing"),
    ):
        motors.add("M-1").believe([px.Evidence("wear", 0.1, 0.1)])


def test_readings_are_taken_while_an_update_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site hands readings to a filter under its lock, in which an update reads its column: none waits for ever."""
    kitchen, kettles = opened()
    clock = SimulatedClock(START)
    with kitchen.open(tmp_path, insecure=True, clock=clock) as live, device(live, "Kettle/K-1") as device_:
        kettles.add("K-1")
        filter_, column, free = live.filters["Kettle"], live.column, list[bool]()

        def read(type_: str, twin: str) -> Any:
            other = threading.Thread(target=filter_.resume, args=({},), daemon=True)
            other.start()
            other.join(5)
            free.append(not other.is_alive())
            return column(type_, twin)

        monkeypatch.setattr(live, "column", read)
        device_.send(heat=320.0, t=START / SECOND)
        live.advance_to(START + 11 * MINUTE)
        assert free == [True]
