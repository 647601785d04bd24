"""What is heard of persons over MQTT is what is shown of them over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.site.clinic import app
from tests.site.plants import device, site, until

import pollux as px
from pollux.site import LiveSite
from pollux.site.states import state_of


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveSite]:
    """An open site with a person and a motor that speak."""
    plant, _, _ = site()
    with plant.open(tmp_path, insecure=True) as live:
        yield live


@pytest.mark.parametrize(("role", "granted"), [("viewer", "Not authorized"), ("clinician", "Granted QoS 1")])
@pytest.mark.parametrize("channel", ["state", "telemetry", "commands/ack", "plan/ack"])
def test_a_person_is_heard_by_those_who_may_see_names(live: LiveSite, role: str, granted: str, channel: str) -> None:
    """Whoever may read things alone is refused the topics of a person, and granted those of a thing."""
    with app(live, "Person/anna", f"twins/Person/anna/{channel}", role=role) as one:
        assert one.granted == [granted]
    if channel in ("state", "telemetry"):
        with app(live, "Motor/M-1", f"twins/Motor/M-1/{channel}", role=role) as one:
            assert one.granted == ["Granted QoS 1"]


@pytest.mark.parametrize(("role", "heard"), [("viewer", {"M-1"}), ("clinician", {"M-1", "anna"})])
def test_a_wildcard_opens_no_person(live: LiveSite, role: str, heard: set[str]) -> None:
    """Of all that is published whoever may not see names hears the things."""
    live.accounts.add("all", kind="service", roles={role}, twins=["*"])
    login = "all", live.accounts.issue("all").secret
    with app(live, "Person/anna", "twins/#", role=role, login=login) as one:
        with device(live, "Person/anna") as scale, device(live, "Motor/M-1") as motor:
            scale.send(weight=71.5)
            motor.send(temp=310.0)
        until(lambda: any("M-1" in topic for topic, _ in one.heard))
        assert {topic.split("/")[2] for topic, _ in one.heard} == heard


def test_the_state_of_a_thing_names_nobody(tmp_path: Path) -> None:
    """A fact that is marked personal stays out of what whoever may read the thing hears."""

    class Locker(px.Twin):
        """A locker that somebody uses."""

        temp = px.sensor("K", low=250, high=450)
        age = px.fact("year", personal=True)

    plant = px.Site()
    lockers = plant.fleet(Locker)
    with plant.open(tmp_path) as live:
        lockers.add("L-1", {Locker.age: 62})
        assert "62" not in json.dumps(state_of(live.estate, "Locker", 0))
