"""H26: the ensemble filter of `predict` on the circulation, many seeds, cuff and scale only.

The circulation is replaced by an emulator of its periodic state (a polynomial in four parameters, checked here
against the model), so that hundreds of months run in seconds. Patient and filter share it: this is coverage with the
same model.
"""

from itertools import combinations_with_replacement

import numpy as np
import pytest
from tests.published.heart_cases import STABLE, filled, together

from pollux.predict import analyse, binomial_test
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


def month(emulator, seed):
    """Three weeks of one patient who gains 60 ml of blood a day from day 10: error and 90 % interval of the filling
    pressure.
    """
    rng = np.random.default_rng(seed)
    members = (MEAN + PRIOR * rng.standard_normal((MEMBERS, 4))).T
    truth, days = TRUTH.copy(), []
    for day in range(DAYS):
        truth[2] += GAIN if day >= ONSET else 0.0
        members = members + (WALK[:, None] * rng.standard_normal(members.shape) if day else 0.0)
        real = emulator(truth[None])[0]
        measured = np.array([real[0], real[1], truth[2]]) + NOISE * rng.standard_normal(3)
        seen = emulator(members.T).T
        members = analyse(members, np.vstack([seen[:2], members[2]]), measured, NOISE).members
        filling = emulator(members.T)[:, 2]
        days.append((filling.mean() - real[2], *(np.quantile(filling, (0.05, 0.95)) - real[2])))
    return days


def test_h26_filter_of_the_filling_pressure(emulator):
    """H26: over 200 seeds the bias stays within 2.5 mmHg every day and the 90 % interval of day 20 covers as a 90 %
    interval.
    """
    errors = np.array([month(emulator, seed) for seed in range(SEEDS)])
    bias = errors[:, :, 0].mean(axis=0)
    last = errors[:, -1]
    hits = int(((last[:, 1] <= 0) & (last[:, 2] >= 0)).sum())
    width, rms = (last[:, 2] - last[:, 1]).mean(), float(np.sqrt((last[:, 0] ** 2).mean()))
    print(f"bias {bias[0]:.2f} to {bias[-1]:.2f} mmHg, hits {hits} of {SEEDS}, width {width:.1f}, rms {rms:.1f} mmHg")
    assert np.abs(bias).max() <= 2.5
    assert binomial_test(hits, SEEDS, 0.9) > 0.01
