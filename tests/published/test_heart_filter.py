"""H26: the ensemble filter of `predict` on the circulation, many seeds, cuff and scale only; F5 on the same months.

The circulation is replaced by an emulator of its periodic state (a polynomial in four parameters, checked here
against the model), so that hundreds of months run in seconds. Patient and filter share it: this is coverage with the
same model.
"""

from itertools import combinations_with_replacement

import numpy as np
import pytest
from tests.published.heart_cases import STABLE, filled, together

from pollux.predict import analyse, interval, score
from pollux.worlds.heart.circulation import Circulation

MEAN = np.array([np.log(0.75), np.log(1.05), 1800.0, np.log(1.0)])
PRIOR = np.array([0.3, 0.25, 150.0, 0.3])
WALK = np.array([0.02, 0.02, 60.0, 0.01])
NOISE = np.array([5 / 3**0.5, 4 / 3**0.5, 100.0])
TRUTH = np.array([np.log(0.8306), np.log(0.9727), 1865.5, np.log(0.8222)])
REACH = np.array([1.0, 0.8, 600.0, 0.95])
LOW, HIGH = MEAN - REACH, MEAN + REACH + np.array([0, 0, 500.0, 0])
DEGREE, MEMBERS, DAYS, ONSET, GAIN, SEEDS = 4, 40, 21, 10, 60.0, 200


def model(points):
    cases = [
        filled(
            {**STABLE, "lv.stiffness": np.exp(e), "svr": np.exp(r), "blood": 3700 + v, "arteries.compliance": np.exp(c)}
        )
        for e, r, v, c in points
    ]
    seen = together(Circulation, cases, 30)
    return np.stack([seen[name][-1] for name in ("systolic", "diastolic", "filling")], axis=1)


def powers(points):
    z = 2 * (np.clip(points, LOW, HIGH) - LOW) / (HIGH - LOW) - 1
    terms = [c for degree in range(DEGREE + 1) for c in combinations_with_replacement(range(4), degree)]
    return np.stack([np.prod(z[:, list(c)], axis=1) for c in terms], axis=1)


@pytest.fixture(scope="module")
def emulator():
    rng = np.random.default_rng(0)
    points = rng.uniform(LOW, HIGH, (600, 4))
    weights = np.linalg.lstsq(powers(points), np.log(model(points)), rcond=None)[0]
    return lambda where: np.exp(powers(where) @ weights)


def test_the_emulator_is_the_model(emulator):
    """Where the prior lies the emulator reads as the circulation: the filling pressure within half a mmHg (standard
    deviation).
    """
    points = MEAN + PRIOR * np.random.default_rng(1).standard_normal((200, 4))
    assert (emulator(points) - model(points)).std(axis=0).max() < 1.0
    assert (emulator(points) - model(points))[:, 2].std() < 0.5


def month(emulator, seed, *, drawn=False):
    """Three weeks of one patient: the error of the mean filling pressure, its interval and the truth, each day.

    He is the one of H26, who gains 60 ml of blood a day from day 10, or `drawn` from what the filter believes: the
    prior, and the walk of each day.
    """
    rng = np.random.default_rng((seed, drawn))
    members = (MEAN + PRIOR * rng.standard_normal((MEMBERS, 4))).T
    truth, days = MEAN + PRIOR * rng.standard_normal(4) if drawn else TRUTH.copy(), []
    for day in range(DAYS):
        if drawn:
            truth += WALK * rng.standard_normal(4) if day else 0.0
        else:
            truth[2] += GAIN if day >= ONSET else 0.0
        members = members + (WALK[:, None] * rng.standard_normal(members.shape) if day else 0.0)
        real = emulator(truth[None])[0]
        measured = np.array([real[0], real[1], truth[2]]) + NOISE * rng.standard_normal(3)
        seen = emulator(members.T).T
        members = analyse(members, np.vstack([seen[:2], members[2]]), measured, NOISE, rng).members
        days.append((*interval(emulator(members.T)[:, 2]), real[2]))
    return days


def followed(emulator, drawn):
    """The bias of each day, and the score of the last, over all seeds."""
    low, median, high, truth = np.array([month(emulator, seed, drawn=drawn) for seed in range(SEEDS)]).T
    bias = (median - truth).mean(axis=1)
    last = score(low[-1], median[-1], high[-1], truth[-1])
    print(
        f"bias {bias[0]:.2f} to {bias[-1]:.2f} mmHg, hits {last.coverage * SEEDS:.0f} of {SEEDS}, "
        f"p {last.p_value:.3f}, width {last.width:.1f}, rms {last.rms:.1f} mmHg"
    )
    return bias, last


def test_h26_filter_of_the_filling_pressure(emulator):
    """H26 with patients drawn from what the filter believes: over 200 seeds the bias stays within 2.5 mmHg every day
    and the 90 % interval of day 20 covers as a 90 % interval.
    """
    bias, last = followed(emulator, True)
    assert np.abs(bias).max() <= 2.5
    assert last.p_value > 0.01


def test_h26_for_the_patient_of_the_reference(emulator):
    """H26 with the one patient of the reference: the bias stays within 2.5 mmHg every day, and the 90 % interval of day
    20 covers at least as often as it claims.

    More often, in fact: he lies near the middle of the prior, so that an interval that is right for all patients holds
    him nearly always (with 1,000 members too). Only patients drawn from the prior can tell whether 90 % is 90 %.
    """
    bias, last = followed(emulator, False)
    assert np.abs(bias).max() <= 2.5
    assert last.coverage >= 0.9 or last.p_value > 0.01
