"""The figures of a device in an open site: in Python, over HTTP, kept through a restart."""

from pathlib import Path

from tests.site.plants import device, site


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
