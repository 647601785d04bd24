"""The demo: the declared home, and gates that read his twin."""

from pathlib import Path

import pytest

import pollux as px
from pollux.worlds.heart import gates, history, home, known, lab
from pollux.worlds.heart.facts import DAY, SECOND
from pollux.worlds.heart.patient import Patient

START = px.instant("2026-11-02T00:00:00Z")


def test_the_home_declares_rules_and_a_policy() -> None:
    """The type is declared with rules on raw values, and a signature by somebody else than who proposes."""
    declared = home.declare().site.declared["Patient"]
    assert {rule.signal for rule in declared.rules} == {"systolic", "pulse", "saturation", "weight"}
    assert declared.policy.signatures == 1
    assert not declared.policy.proposer_may_sign
    assert declared.presenter is not None
    assert declared.outlook is not None


def test_the_rules_of_the_scale_differ_at_exactly_two_kilograms() -> None:
    """A loss of exactly 2 kg is an alert, a gain of exactly 2 kg is none."""
    rules = [rule for rule in home.RULES if rule.title.startswith(("Weight up", "Possibly dry"))]
    assert [getattr(rule, "inclusive", None) for rule in rules] == [False, True]


def test_a_gate_reads_what_the_twin_was_told(tmp_path: Path) -> None:
    """Unknown facts keep a treatment from being recommended; told ones free it, close it, and grow too old."""
    declared = home.declare()
    clock = px.SimulatedClock(START)
    with declared.site.open(tmp_path, mqtt=None, clock=clock) as live:
        patient = declared.patients.add("H-1")
        (choice,) = (one for one in lab.offered(declared.patients, "H-1") if one.id == "sglt2")
        asked = px.LabChoice(choice.id, choice.label, choice.short, choice.values)
        assert [gate.verdict for gate in lab.gate(declared.patients, "H-1", asked)] == ["unknown"]
        told = history.DEMO.since(START).told
        for name, dated in told.items():
            declared.patients.add("H-1", {getattr(Patient, name): dated.value}, when=dated.time)
        assert known.told(patient, now=START)["potassium"].time == pytest.approx(START - 2 * DAY * SECOND)
        assert [gate.verdict for gate in lab.gate(declared.patients, "H-1", asked)] == ["free"]
        declared.patients.add("H-1", {Patient.type_one_diabetes: True})
        assert [gate.verdict for gate in lab.gate(declared.patients, "H-1", asked)] == ["closed"]
        live.advance_to(START + round(20 * DAY) * SECOND)
        verdict = gates.judge("mra", known.facts(patient, now=clock.now()))
        assert verdict.state is gates.State.UNKNOWN
        assert any("days old" in reason for reason in verdict.reasons)


def test_what_is_tried_follows_his_doses(tmp_path: Path) -> None:
    """The step up of the diuretic starts from what he takes now, as last told."""
    declared = home.declare()
    with declared.site.open(tmp_path, mqtt=None, clock=px.SimulatedClock(START)):
        declared.patients.add("H-1")
        (step,) = (one for one in lab.offered(declared.patients, "H-1") if one.id == "loop+1")
        assert list(step.values.values()) == [80.0]
        assert lab.offered(declared.patients, "H-1")[0].values == {}
