"""NEWS2 of a patient at home: what his devices told is counted, what nobody told or is too old is named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.show.plant import Door

import pollux as px
from pollux.worlds.heart import home
from pollux.worlds.heart.patient import Patient

START = px.instant("2026-11-02T08:00:00Z")
HOUR = 3_600 * 10**9
TOLD = {"respiration": 22, "saturation": 94, "systolic": 105, "diastolic": 70, "pulse": 105, "temperature": 37.5}


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[tuple[Any, px.Fleet[Patient], Door]]:
    """A patient whose devices have told everything that the chart asks them, and whom nobody has looked at."""
    site = px.Site("Clinic")
    patients = site.fleet(Patient, presenter=home.declare().site.declared["Patient"].presenter)
    with site.open(tmp_path, http="127.0.0.1:0", clock=px.SimulatedClock(START)) as live:
        live.accounts.add("nurse", kind="person", roles={"administrator"}, twins=["*"])
        assert live.server is not None
        door = Door(live.server.url, live.accounts.issue("nurse").secret)
        patients.add("H-1")
        door.ask("POST", "twins/Patient/H-1/telemetry", {"t": START / 1e9} | TOLD)
        yield live, patients, door


def counted(door: Door, at: int | None = None) -> Any:
    """The one score that the page is told, now or as known at a moment."""
    when = "" if at is None else f"?at={at / 1e9}"
    (found,) = door.ask("GET", f"twins/Patient/H-1/scores{when}")["scores"]
    return found


def test_a_score_with_every_input_is_a_number_in_the_colour_of_the_chart(clinic: tuple[Any, Any, Door]) -> None:
    """Scored by hand on the chart: 2 + 1 + 0 + 1 + 1 + 0 + 0 is 5, for which it asks an urgent assessment."""
    _, patients, door = clinic
    patients.add("H-1", {Patient.oxygen: False, Patient.consciousness: "A"})
    found = counted(door)
    assert (found["title"], found["points"], found["most"]) == ("NEWS2", 5, 20)
    assert (found["complete"], found["measure"], found["severity"]) == (True, "7 of 7 inputs", "medium")
    assert "urgent assessment" in found["text"]


def test_what_nobody_told_is_named_and_never_counted_as_zero(clinic: tuple[Any, Any, Door]) -> None:
    """No device knows whether he is awake or given oxygen: until somebody says so the score is at least what it is."""
    live, patients, door = clinic
    found = counted(door)
    assert found["title"] == "NEWS2 incomplete, at least 5"
    assert found["text"].startswith("Missing: oxygen (not measured), consciousness (not measured)")
    assert (found["complete"], found["severity"]) == (False, "medium")
    live.advance_to(START + HOUR)
    patients.add("H-1", {Patient.oxygen: True, Patient.consciousness: "C"})
    assert (counted(door)["points"], counted(door)["severity"]) == (10, "high")
    assert counted(door, START)["title"] == "NEWS2 incomplete, at least 5"


def test_what_is_too_old_or_doubted_does_not_count(clinic: tuple[Any, Any, Door]) -> None:
    """After thirteen hours nothing that was measured counts; a pulse of 260 is kept as doubted and counts as little."""
    live, _, door = clinic
    live.advance_to(START + 13 * HOUR)
    assert "pulse (13 h old)" in counted(door)["text"]
    door.ask("POST", "twins/Patient/H-1/telemetry", {"t": live.clock.now() / 1e9, "pulse": 260})
    (pulse,) = (one for one in counted(door)["inputs"] if one["signal"] == "pulse")
    assert pulse["points"] is None
