"""The figures of a device in an open site: in Python, over HTTP, kept through a restart."""

from pathlib import Path
from typing import Any

from tests.site.plants import Motor, device, site

import pollux as px
from pollux.columns import Reason


def test_a_twin_tells_how_well_its_device_measures(tmp_path: Path) -> None:
    """Samples by quality and reason and duplicates are counted, and a restart goes on counting."""
    plant, motors, _ = site()
    with plant.open(tmp_path, insecure=True) as live, device(live, "Motor/M-1") as m1:
        m1.send(temp=310.0, seq=1)
        m1.send(temp=310.0, seq=1)
        m1.send(temp=-5.0, seq=2)
        found = motors["M-1"].quality
        assert (found.messages, found.duplicates) == (3, 1)
        assert found["temp"].qualities == {"good": 1, "bad": 1}
        assert found["temp"].reasons == {"range": 1}
        assert found.clock is None
    with plant.open(tmp_path, insecure=True):
        assert motors["M-1"].quality == found


def test_another_calibration_is_a_replay(tmp_path: Path) -> None:
    """The log keeps what the sensor showed: opened under another certificate, present and past are other values."""
    for offset in (0.5, -2.0):
        plant = px.Site("plant")
        curve = px.Calibration("M-1", Motor.temp, offset=offset, certificate="C-7", uncertainty=0.1)
        motors = plant.fleet(Motor, calibrations=[curve])
        with plant.open(tmp_path, insecure=True) as live:
            if offset > 0:
                with device(live, "Motor/M-1") as m1:
                    m1.send(temp=310.0)
            assert float(motors["M-1"].now.temp) == 310.0 + offset
            assert motors["M-1"].history(Motor.temp, "1 h").value.tolist() == [310.0 + offset]
            assert motors["M-1"].quality["temp"].calibration == "C-7, uncertainty 0.1"


def test_checks_of_a_fleet_show_in_the_figures_of_a_twin(tmp_path: Path) -> None:
    """A device that is an hour behind is told as such, after a restart too."""
    plant = px.Site("plant")
    motors = plant.fleet(Motor, checks=[px.DeviceClock("1 ms", messages=3)])
    with plant.open(tmp_path, insecure=True) as live, device(live, "Motor/M-1") as m1:
        for k in range(4):
            m1.send(temp=310.0 + k, t=live.clock.now() - 3600 * 10**9)
        clock = motors["M-1"].quality.clock
        assert clock is not None
        assert -3601 < clock.offset < -3599
    with plant.open(tmp_path, insecure=True):
        assert motors["M-1"].quality.clock == clock


def test_the_history_shows_every_sample_as_it_was_judged(tmp_path: Path) -> None:
    """By itself, beside its neighbours, by what followed its device: with quality and reason, after a restart too."""
    plant = px.Site("plant")
    doubts: dict[Any, list[Any]] = {Motor.temp: [px.Spike("20 K", of=3)]}
    checks = [px.OtherUnit(Motor.temp, "degC")]
    plant.fleet(Motor, px.mqtt(doubts=doubts), checks=checks)
    sent = [300.0, 301.0, 302.0, 370.0, 300.0, -5.0, *[26.85] * 10]
    with plant.open(tmp_path, insecure=True) as live, device(live, "Motor/M-1") as m1:
        for temp in sent:
            m1.send(temp=temp)
        end = live.clock.now() + 1
    for _ in range(2):
        with plant.open(tmp_path, insecure=True) as live:
            whole = live.rooms.history.inside("Motor", "M-1", "temp", 0, end)
            assert whole.reason is not None
            why = [Reason(code).name for code in whole.reason]
            assert why[:6] == ["NONE", "NONE", "NONE", "SPIKE", "NONE", "RANGE"]
            assert why[-3:] == ["UNIT", "UNIT", "UNIT"]
            later = live.rooms.history.inside("Motor", "M-1", "temp", int(whole.time[3]), end)
            assert later.quality.tolist() == whole.quality[3:].tolist()
