"""H34: each gate of the heart world, its fact closing it, missing, and fine. The thresholds are rules of the
installation; those
marked from memory (ESC 2021) have not been verified against the guideline."""

import pytest

from pollux.worlds.heart.facts import AGES, DAY, SECOND, Dated, Fact, Facts
from pollux.worlds.heart.gates import GATES, REFERRED, State, judge
from pollux.worlds.heart.grades import Grade

NOW = 10**6 * int(DAY) * SECOND // 10**3
FINE: dict[Fact, float | bool | str] = {
    Fact.SYSTOLIC: 118.0,
    Fact.PULSE: 75.0,
    Fact.RHYTHM: "sinus",
    Fact.POTASSIUM: 4.6,
    Fact.FILTRATION: 57.0,
    Fact.ANGIO_OEDEMA: False,
    Fact.AV_BLOCK: False,
    Fact.TYPE_ONE_DIABETES: False,
    Fact.DECOMPENSATED: False,
    Fact.POSSIBLY_DRY: False,
    Fact.LABS_DUE: False,
    Fact.IN_HOSPITAL: True,
    Fact.ACE_TAKEN: False,
    Fact.ACE_LAST: "never",
    Fact.ARNI_TAKEN: False,
    Fact.ARNI_LAST: "never",
    Fact.PDE5_TAKEN: False,
}
CLOSING: dict[tuple[str, Fact], float | bool | str] = {
    ("ace-inhibitor", Fact.ARNI_TAKEN): True,
    ("ace-inhibitor", Fact.ARNI_LAST): "taken",
    ("ace-inhibitor", Fact.ANGIO_OEDEMA): True,
    ("arni", Fact.ACE_TAKEN): True,
    ("arni", Fact.ACE_LAST): "taken",
    ("arni", Fact.ANGIO_OEDEMA): True,
    ("arni", Fact.POTASSIUM): 5.5,
    ("arni", Fact.FILTRATION): 29.0,
    ("arni", Fact.SYSTOLIC): 99.0,
    ("beta-blocker", Fact.DECOMPENSATED): True,
    ("beta-blocker", Fact.PULSE): 49.0,
    ("beta-blocker", Fact.SYSTOLIC): 89.0,
    ("beta-blocker", Fact.AV_BLOCK): True,
    ("mra", Fact.POTASSIUM): 5.1,
    ("mra", Fact.FILTRATION): 29.0,
    ("sglt2", Fact.FILTRATION): 24.0,
    ("sglt2", Fact.TYPE_ONE_DIABETES): True,
    ("ivabradine", Fact.RHYTHM): "atrial fibrillation",
    ("ivabradine", Fact.PULSE): 69.0,
    ("loop-diuretic", Fact.POSSIBLY_DRY): True,
    ("loop-diuretic", Fact.LABS_DUE): True,
    ("nitrate", Fact.SYSTOLIC): 89.0,
    ("nitrate", Fact.PDE5_TAKEN): True,
    ("nitroprusside", Fact.SYSTOLIC): 89.0,
    ("nitroprusside", Fact.PDE5_TAKEN): True,
    ("inotrope", Fact.IN_HOSPITAL): False,
}


def facts(**changes):
    told = {fact: Dated(value, NOW) for fact, value in FINE.items()}
    return Facts(told | changes.get("told", {}), NOW)


def test_every_condition_of_every_gate_is_tried():
    """The table of closing facts covers each condition of each gate, so that none goes untested."""
    assert set(CLOSING) == {(treatment, condition.fact) for treatment, rows in GATES.items() for condition in rows}


@pytest.mark.parametrize(("treatment", "fact"), CLOSING)
def test_h34_closed(treatment, fact):
    """H34: a fact against a treatment refuses it with the reason."""
    verdict = judge(treatment, facts(told={fact: Dated(CLOSING[treatment, fact], NOW)}))
    assert verdict.state is State.CLOSED
    assert not verdict.recommendable
    assert len(verdict.reasons) == 1
    assert fact.split()[0].lower() in verdict.reasons[0].lower() or treatment == "inotrope"


@pytest.mark.parametrize(("treatment", "fact"), CLOSING)
def test_h34_unknown(treatment, fact):
    """H34: a missing fact leaves the treatment not recommended, still simulated, and names the fact."""
    told = {known: Dated(value, NOW) for known, value in FINE.items() if known is not fact}
    verdict = judge(treatment, Facts(told, NOW))
    assert verdict.state is State.UNKNOWN
    assert not verdict.recommendable
    assert verdict.reasons == (f"{fact}: not known",)


@pytest.mark.parametrize(("treatment", "fact"), [pair for pair in CLOSING if pair[1] in AGES])
def test_h34_too_old(treatment, fact):
    """H34: a fact older than the interval that the team sets counts as unknown, with its age."""
    old = Dated(FINE[fact], NOW - int((AGES[fact] + DAY) * SECOND))
    verdict = judge(treatment, facts(told={fact: old}))
    assert verdict.state is State.UNKNOWN
    assert "days old" in verdict.reasons[0]


@pytest.mark.parametrize("treatment", GATES)
def test_h34_free(treatment):
    """H34: when every fact is known and fine the gate is free."""
    assert judge(treatment, facts()).state is State.FREE


def test_the_wash_out_ends_after_36_hours():
    """An ARNI is closed 35 h after the last ACE inhibitor and free after 37 h (published: prescribing information)."""

    def after(hours):
        last = Dated("taken", NOW - int(hours * 3600) * SECOND)
        return judge("arni", facts(told={Fact.ACE_LAST: last})).state

    assert after(35) is State.CLOSED
    assert after(37) is State.FREE


@pytest.mark.parametrize("treatment", sorted(REFERRED))
def test_devices_and_surgery_are_referred(treatment):
    """CRT, LVAD, valves and revascularisation are for the heart team whatever the facts."""
    assert judge(treatment, facts()).state is State.REFERRED


def test_a_treatment_without_a_gate_is_not_recommended():
    """No gate means not recommended, never free."""
    assert judge("leeches", facts()).state is State.UNKNOWN


def test_an_unverified_threshold_says_so():
    """A gate from memory prints that it is an unverified rule; a published one does not."""
    unverified = judge("mra", facts(told={Fact.POTASSIUM: Dated(5.2, NOW)}))
    published = judge("arni", facts(told={Fact.ACE_TAKEN: Dated(True, NOW)}))
    assert "unverified" in str(unverified)
    assert "unverified" not in str(published)
    assert any(row.source.grade is Grade.PUBLISHED for row in GATES["arni"])
