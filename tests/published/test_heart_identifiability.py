"""What measurements identify: the sensitivities of the circulation, and fits of real patients."""

import numpy as np
import pytest
from tests.published.heart_cases import STABLE, filled, together

from pollux.model.schema import schema_of
from pollux.worlds.heart import fisher
from pollux.worlds.heart.circulation import Circulation

KNOBS = {
    "Ees": "lv.stiffness",
    "alpha": "lv.curve",
    "EesR": "rv.stiffness",
    "SVR": "svr",
    "PVR": "pvr",
    "SBV": "blood",
    "C_art": "arteries.compliance",
}
READS = {
    "SBP": ("systolic", 1),
    "DBP": ("diastolic", 1),
    "CO": ("output", 1),
    "mPAP": ("lung_mean", 1),
    "EF": ("ejection", 100),
    "EDV": ("full", 1),
    "LAP": ("filling", 1),
    "CVP": ("venous", 1),
}
UNSTRESSED = 3700.0
STEP = 0.02


def moved(parameter, sign):
    knob, factor = KNOBS[parameter], np.exp(sign * STEP)
    if parameter == "SBV":
        return filled({**STABLE, knob: UNSTRESSED + (STABLE[knob] - UNSTRESSED) * factor})
    return filled({**STABLE, knob: STABLE[knob] * factor})


@pytest.fixture(scope="module")
def sensitivities():
    cases = [moved(p, sign) for p in fisher.PARAMETERS for sign in (1, -1)]
    seen = together(Circulation, cases, 40)
    last = {name: seen[name][-1].reshape(-1, 2) for name in schema_of(Circulation).readings}
    found = {
        label: scale * (last[name][:, 0] - last[name][:, 1]) / (2 * STEP) for label, (name, scale) in READS.items()
    }
    return found | {"volume": fisher.SENSITIVITIES["volume"]}


@pytest.mark.parametrize("observation", READS)
def test_h25_sensitivities(sensitivities, observation):
    """H25: central differences of the model give the matrix of the reference within 2 % of the largest entry of each
    row.
    """
    expected = fisher.SENSITIVITIES[observation]
    assert sensitivities[observation] == pytest.approx(expected, abs=0.02 * np.abs(expected).max())


def test_h25_and_the_posterior_that_follows(sensitivities):
    """The posterior from the model's own sensitivities is that from the published matrix, to a tenth of a mmHg."""
    for name, observations in fisher.SETS.items():
        ours = fisher.posterior(observations, sensitivities).predicted(sensitivities["LAP"])
        published = fisher.posterior(observations).predicted(fisher.SENSITIVITIES["LAP"])
        assert ours == pytest.approx(published, abs=0.12), name
