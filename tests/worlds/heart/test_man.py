"""The man whom the devices measure: stable as the demo's patient is, ill within days, better on twice the diuretic."""

from dataclasses import dataclass

import numpy as np
import pytest

import pollux as px
from pollux.columns.layout import layout_of
from pollux.model.schema import schema_of
from pollux.simulate import Outcome, Run, run
from pollux.worlds.heart.man import BROUGHT, DAY, HOUR, MORNING, TURN, WELL, Habits, Illness, Lives, Man, wearables
from pollux.worlds.heart.patient import CONGESTED, Patient

DAYS = 24
ONSET, DOUBLED = 6.0, 10.0
KINDS = {"well": slice(0, 4), "ill": slice(4, 8), "treated": slice(8, 12)}
SEEN = ("filling", "systolic", "diastolic", "pulse", "weight", "ejection", "saturation", "respiration", "temperature")
COLD = Illness(ONSET, 40)
FORGETFUL = Habits(forgets=0.3)


@dataclass
class Lived:
    """What became of twelve men in some weeks: four well, four ill, four ill who are given twice the diuretic."""

    outcome: Outcome

    def daily(self, name: str, kind: str) -> np.ndarray:
        """Means of each day (days, men)."""
        return np.asarray(self.outcome[name][1:, KINDS[kind]].reshape(DAYS, 24, -1).mean(axis=1))

    def mornings(self, kind: str) -> np.ndarray:
        """Weights at 7 o'clock (days, men)."""
        return np.asarray(self.outcome["weight"][7::24, KINDS[kind]])


@pytest.fixture(scope="module")
def lived() -> Lived:
    """One run of all of them."""
    schema = schema_of(Man)
    lives = Lives(0, (WELL,) * 4 + (COLD,) * 8, seed=7)
    dose = px.level([0, int(DOUBLED * DAY)], np.array([[40.0] * 12, [40.0] * 8 + [80.0] * 4]))
    start = layout_of(schema).start(12)
    inputs = {**lives(0, DAYS * DAY), "loop_diuretic": dose}
    plan = Run(schema, start, 0, DAYS * DAY, grid=HOUR, record=SEEN, inputs=inputs, backend="numba")
    return Lived(run(plan))


@pytest.mark.parametrize(
    ("name", "value", "within"),
    [("systolic", 118, 5), ("diastolic", 62, 3), ("pulse", 75, 2), ("filling", 16, 2), ("ejection", 0.30, 0.01),
     ("weight", 84, 0.7), ("saturation", 97, 1), ("respiration", 15.5, 1)],
)  # fmt: skip
def test_while_he_is_well_he_looks_like_the_patient_of_the_demo(lived: Lived, name: str, value: float, within: float):
    """Every day of three weeks, averaged over four men, lies near the stable patient's figures."""
    assert lived.daily(name, "well").mean(axis=1) == pytest.approx(value, abs=within)


def test_well_he_gains_nothing_that_a_rule_would_see(lived: Lived):
    """Without an illness no three days bring two kilograms, and his filling pressure stays below 20 mmHg."""
    mornings = lived.mornings("well")
    assert np.abs(mornings[3:] - mornings[:-3]).max() < 1.8
    assert lived.daily("filling", "well").max() < 20


def test_the_illness_decompensates_him_within_days(lived: Lived):
    """A day's mean filling pressure passes 25 mmHg four to eight days after the onset; two kilograms in three days."""
    filling = lived.daily("filling", "ill")
    passed = (filling > CONGESTED).argmax(axis=0) - ONSET
    assert np.all((passed >= 4) & (passed <= 8)), passed
    mornings = lived.mornings("ill")
    assert (mornings[3:] - mornings[:-3]).max(axis=0).min() > 2.0
    assert lived.daily("saturation", "ill")[-1].max() < 93
    assert lived.daily("respiration", "ill")[-1].min() > 18


def test_twice_the_diuretic_brings_him_back_though_he_is_still_ill(lived: Lived):
    """Four days into the illness the dose is doubled: two weeks later he is lighter and below 25 mmHg again."""
    treated, ill = lived.daily("filling", "treated"), lived.daily("filling", "ill")
    assert treated[-1].max() < 25 < ill[-1].min()
    assert np.all(lived.mornings("treated")[-1] < lived.mornings("ill")[-1] - 3)


def test_his_days_have_a_rhythm(lived: Lived):
    """By day his heart beats faster and he is warmer than by night, and he is heavier after a meal than before it."""
    hours = {name: lived.outcome[name][24:144, KINDS["well"]].reshape(5, 24, -1).mean(axis=(0, 2)) for name in SEEN}
    assert hours["pulse"][15] > hours["pulse"][3] + 1
    assert hours["temperature"][15] > hours["temperature"][3] + 0.3
    assert hours["weight"][20] > hours["weight"][7] + 0.3


def test_life_is_the_same_however_time_is_cut():
    """Asked for two days at once or for odd pieces of them, the same meals, tablets and postures come."""
    lives = Lives(0, (WELL, Illness(0.5, 1.5)), seed=3, habits=FORGETFUL)
    whole = lives(0, 2 * DAY)
    for start, end in ((0, 7 * HOUR), (7 * HOUR, 31 * HOUR), (31 * HOUR, 2 * DAY)):
        piece = lives(start, end)
        for name in BROUGHT:
            places = np.searchsorted(whole[name].times, piece[name].times)
            assert np.array_equal(piece[name].values, whole[name].values[places])


def test_a_man_lives_his_own_days():
    """Men differ, seeds differ, and a man's days do not depend on how many men there are."""
    one, two = Lives(0, (WELL,), seed=3)(0, 3 * DAY), Lives(0, (WELL, WELL), seed=3)(0, 3 * DAY)
    assert np.array_equal(one["eaten"].values, two["eaten"].values[:, 0])
    assert not np.array_equal(two["eaten"].values[:, 0], two["eaten"].values[:, 1])
    assert not np.array_equal(one["eaten"].values, Lives(0, (WELL,), seed=4)(0, 3 * DAY)["eaten"].values)


def test_he_eats_what_his_habits_say_and_forgets_as_often():
    """Over 2000 days: sodium and food per day, the share of forgotten days, tablets within one turn of the morning."""
    lives = Lives(0, (WELL,), seed=5, habits=FORGETFUL)(0, 2000 * DAY)
    hours = TURN / HOUR
    assert lives["eaten"].values.sum() * hours / 2000 == pytest.approx(150, rel=0.03)
    assert lives["taken_in"].values.sum() * hours / 2000 == pytest.approx(2.4, rel=0.03)
    swallowed = lives["swallows"].values.reshape(2000, -1)
    assert np.all(swallowed.sum(axis=1) * hours <= 1.0 + 1e-12)
    assert np.flatnonzero(swallowed.any(axis=0)).tolist() == [MORNING * HOUR // TURN]
    assert np.mean(swallowed.sum(axis=1) == 0) == pytest.approx(0.3, abs=0.05)
    assert np.mean(lives["adhered"].values) == pytest.approx(np.mean(swallowed.sum(axis=1) > 0), abs=0.01)


def test_what_he_wears_tells_signals_of_the_twin_with_gaps():
    """Every channel is a signal of `Patient` in a fitting unit; the cuff is silent while he does not use it."""
    lost = (3 * DAY, 5 * DAY - 12 * HOUR)
    cuff = next(one for one in wearables(lost=(lost,)) if one.name == "cuff")
    assert cuff.due(0, DAY) == [7 * HOUR, 13 * HOUR, 21 * HOUR]
    for sensor in wearables():
        for channel in sensor.channels:
            assert Patient.__pollux__.signal(channel.signal).role in ("sensor", "actuator")
            assert (
                Man.__pollux__.unit_of(channel.measured).dimension
                == Patient.__pollux__.unit_of(channel.signal).dimension
            )
    assert cuff.gaps == (lost,)


def test_measured_through_the_front_door_he_is_near_his_truth(tmp_path):
    """Five days of emulated devices on an open site: readings with their errors, forgotten tablets, a cuff unused."""
    start = px.instant("2026-11-02T00:00:00Z")
    site = px.Site("ward")
    patients = site.fleet(Patient)
    lives = Lives(start, (WELL,), seed=3, habits=FORGETFUL)
    sensors = wearables(lost=((start + 2 * DAY, start + 3 * DAY + 12 * HOUR),))
    clock = px.SimulatedClock(start)
    with (
        site.open(tmp_path, clock=clock) as live,
        px.emulate(patients, ids=["H-1"], every="2 h", obeys=Man, life=lives, sensors=sensors, seed=1) as him,
    ):
        doses = []
        for day in range(1, 6):
            live.advance_to(start + day * DAY)
            doses.append(float(patients["H-1"].now.loop_diuretic))
            if day == 3:
                assert float(patients["H-1"].now.systolic.age) > 86_400
        now = patients["H-1"].now
        assert set(doses) == {0.0, 40.0}
        assert float(now.weight) == pytest.approx(him.truth("weight")[0], abs=1.5)
        assert float(now.respiration) == pytest.approx(him.truth(Patient.respiration)[0], abs=5)
        assert float(now.temperature) == pytest.approx(him.truth("temperature")[0], abs=0.8)
        assert float(now.systolic.age) < 86_400
        assert 12 < him.truth("filling")[0] < 20
