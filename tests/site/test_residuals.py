"""The model as a witness: a sensor that lies far from what the filter foresaw, twice on one side, is contradicted."""

from pathlib import Path
from typing import Any

from tests.site.plants import device

import pollux as px
from pollux.clock import MINUTE, SECOND, SimulatedClock
from pollux.columns import Reason
from pollux.site.residuals import Residuals

START = 1_800_000_000 * SECOND


class Tank(px.Twin):
    """Two sensors of what is computed from one state."""

    heat = px.hidden("K", start=300)
    top = px.sensor("K", noise=0.5)
    bottom = px.sensor("K", noise=0.5)
    fade = px.parameter("1/h", px.lognormal(0.05, 0.1))

    @px.rate(heat)
    def cools(self) -> Any:
        return -self.fade * (self.heat - px.quantity(290, "K"))

    @px.reading(top)
    def reads_top(self) -> Any:
        return px.mean(self.heat, over="1 min")

    @px.reading(bottom)
    def reads_bottom(self) -> Any:
        return px.mean(self.heat, over="1 min")


def test_far_twice_on_one_side_is_contradicted_since_the_update_before() -> None:
    """Once is an outlier, on two sides is noise; a snapshot goes on."""
    residuals = Residuals()
    assert residuals.note("Tank/T-1", {"top": 0.1, "bottom": 9.0}, 10) == {}
    assert residuals.note("Tank/T-1", {"top": 4.0, "bottom": -9.0}, 20) == {}
    again = Residuals()
    again.restore(residuals.freeze())
    for one in (residuals, again):
        assert one.note("Tank/T-1", {"top": 3.5, "bottom": 0.0}, 30) == {"top": 10}
        assert one.of("Tank/T-1", "top") == 3.5
    residuals.forget("Tank/T-1")
    assert residuals.of("Tank/T-1", "top") is None


def test_a_note_of_a_filter_doubts_the_readings_it_contradicts(tmp_path: Path) -> None:
    """The last value and the history are uncertain with the reason, the other sensor stays good, a restart has it."""
    site = px.Site("tanks")
    tanks = site.fleet(Tank)
    clock = SimulatedClock(START)
    with site.open(tmp_path, insecure=True, clock=clock) as live, device(live, "Tank/T-1") as tank:
        for step in range(1, 5):
            live.advance_to(START + step * MINUTE)
            tank.send(top=300.0 if step < 3 else 320.0, bottom=300.0, t=(START + step * MINUTE) / SECOND)
            far = 0.2 if step < 3 else 40.0
            body = {"type": "Tank", "twin": "T-1", "at": START + step * MINUTE + SECOND, "values": {}}
            live._estimated("Tank", "T-1", {**body, "against": {"top": far, "bottom": -0.3}})
        block = live.estate.blocks["Tank"]
        assert Reason(block.reason[block.schema.index["top"], 0]) is Reason.MODEL
        assert Reason(block.reason[block.schema.index["bottom"], 0]) is Reason.NONE
        assert tanks["T-1"].quality["top"].residual == 40.0
    with site.open(tmp_path, insecure=True, clock=SimulatedClock(START + 10 * MINUTE)) as live:
        whole = live.rooms.history.inside("Tank", "T-1", "top", START, START + 10 * MINUTE)
        assert whole.reason is not None
        assert [Reason(code).name for code in whole.reason] == ["NONE", "NONE", "MODEL", "MODEL"]
        other = live.rooms.history.inside("Tank", "T-1", "bottom", START, START + 10 * MINUTE)
        assert other.quality.tolist() == [1, 1, 1, 1]


def test_a_filter_tells_how_far_each_reading_lay(tmp_path: Path) -> None:
    """A sensor that goes off while the other stays is contradicted by the filter that hears both."""
    site = px.Site("tanks")
    tanks = site.fleet(Tank, learning=px.Learning(members=64, every="10 min"))
    with site.open(tmp_path, insecure=True, clock=SimulatedClock(START)) as live, device(live, "Tank/T-1") as tank:
        for step in range(1, 13):
            live.advance_to(START + step * 10 * MINUTE)
            at = (START + step * 10 * MINUTE) / SECOND
            tank.send(top=300.0 + (25.0 if step > 8 else 0.0), bottom=300.0, t=at)
        live.advance_to(START + 121 * MINUTE)
        assert live.filters["Tank"].fault == ""
        found = tanks["T-1"].quality
        assert found["top"].residual is not None
        assert found["bottom"].residual is not None
        assert abs(found["top"].residual) > 3


def test_a_filter_counts_with_the_uncertainty_of_a_certificate(tmp_path: Path) -> None:
    """A sensor that is calibrated to 5 K says less of the state than one calibrated to 0.1 K."""

    def sigma(uncertainty: float, folder: Path) -> float:
        site = px.Site("tanks")
        curve = px.Calibration("T-1", Tank.top, uncertainty=uncertainty)
        tanks = site.fleet(Tank, learning=px.Learning(members=64, every="10 min"), calibrations=[curve])
        with site.open(folder, insecure=True, clock=SimulatedClock(START)) as live, device(live, "Tank/T-1") as tank:
            for step in range(1, 6):
                live.advance_to(START + step * 10 * MINUTE)
                tank.send(top=303.0, t=(START + step * 10 * MINUTE) / SECOND)
            live.advance_to(START + 51 * MINUTE)
            assert live.filters["Tank"].fault == ""
            against = tanks["T-1"].quality["top"].residual
            assert against is not None
            return abs(against)

    assert sigma(5.0, tmp_path / "rough") < 0.5 * sigma(0.1, tmp_path / "fine")
