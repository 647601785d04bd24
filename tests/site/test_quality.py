"""The figures of a device in an open site: in Python, over HTTP, kept through a restart."""

from pathlib import Path

from tests.site.plants import Motor, device, site

import pollux as px


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
