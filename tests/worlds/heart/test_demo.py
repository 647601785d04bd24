"""The demo: the declared home, the hidden patient, and the story with its checks."""

import numpy as np
import pytest

import pollux as px
from pollux.worlds.heart import home
from pollux.worlds.heart.mortal import Body, Illness, Mortal, equilibrium, worn


def test_the_home_declares_rules_a_policy_and_choices():
    """The type is declared with rules on raw values, a signature by somebody else, and choices for the lab."""
    declared = home.declare().site.declared["Patient"]
    assert {rule.signal for rule in declared.rules} == {"systolic", "pulse", "saturation", "weight"}
    assert declared.policy.signatures == 1
    assert not declared.policy.proposer_may_sign
    assert declared.presenter is not None
    assert home.choices()[0].values == {}


def test_the_rules_of_the_scale_differ_at_exactly_two_kilograms():
    """A loss of exactly 2 kg is an alert, a gain of exactly 2 kg is none."""
    rules = [rule for rule in home.RULES if rule.title.startswith(("Weight up", "Possibly dry"))]
    assert [getattr(rule, "inclusive", None) for rule in rules] == [False, True]


def test_a_gate_closes_what_the_facts_forbid():
    """An unknown fact keeps a treatment from being recommended; known and fine ones free it."""
    empty = home.declare()
    assert not empty.verdict("sglt2", now=0).recommendable


@pytest.mark.parametrize("seed", range(5))
def test_the_hidden_patient_is_plausible_and_decompensates_after_the_retention_begins(seed: int):
    """Before the illness his pressures stay plausible; with it weight and filling pressure rise past 25 mmHg."""
    man = Mortal(seed=seed, illness=Illness(begins=8, ends=40))
    man.live(days=20)
    before = slice(0, 8 * 24)
    assert 90 < man.course["systolic"][before].min() < man.course["systolic"][before].max() < 150
    assert man.course["filling"][before].mean() < 22
    assert man.course["filling"][-24:].mean() > 25
    assert man.course["weight"][-1] - man.course["weight"][8 * 24] > 2


def test_more_diuretic_takes_weight_off():
    """Two weeks on twice the dose end lighter than two weeks on the present one."""
    ends = []
    for dose in (40.0, 80.0):
        man = Mortal(seed=1, dose=dose)
        man.live(days=14)
        ends.append(man.course["weight"][-1])
    assert ends[1] < ends[0] - 0.5


def test_the_pumps_meet_the_vessels_at_more_pressure_for_more_blood():
    """Filling pressure, output and systolic pressure rise with the stressed volume."""
    low, high = (equilibrium(Body(), volume, 0.985, 77.0) for volume in (1000.0, 1300.0))
    assert all(low[name] < high[name] for name in ("filling", "output", "systolic"))


def test_the_devices_tell_the_truth_with_errors_and_gaps():
    """Readings lie about the truth, some are missing, and nothing is told of what nobody measures."""
    man = Mortal(seed=2)
    man.live(days=10)
    tape = worn(man, 0, start=0, seed=1)
    assert isinstance(tape, px.Tape)
    assert "filling" not in tape.values
    seen = np.isfinite(tape.values["weight"])
    assert 8 <= seen.sum() <= 10
    assert np.abs(tape.values["weight"][seen] - man.course["weight"][seen]).max() < 1.0
