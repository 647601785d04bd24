"""The row of the mission about the agent beside the device."""

from pathlib import Path

from tests.doors.rig import until
from tests.edge.plant import agrees, counted, free_port, ring_of, site
from tests.mission.promises import shows


@shows("B6", state="works", command="pollux edge EDGE.py --data DIR")
def test_a_thousand_samples_a_second_become_summaries_that_survive_an_outage(tmp_path: Path) -> None:
    """The site is away while the agent samples; then every window is there, once, and says what the samples were."""
    port = free_port()
    plant, pumps = site()
    with counted(port, period="1 ms").open(tmp_path / "edge") as agent:
        assert until(lambda: agent.standing.waiting >= 5)
        with plant.open(tmp_path / "site", insecure=True, mqtt=f"127.0.0.1:{port}"):
            assert until(lambda: agent.standing.sent >= 6 and not agent.standing.waiting)
            agent.close()
            assert agrees(pumps["P-7"], tmp_path / "edge") >= 6
    _, values = ring_of(tmp_path / "edge")
    assert values.tolist() == list(range(len(values)))
    assert len(values) + agent.standing.missed > 1000
