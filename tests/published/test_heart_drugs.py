"""Published pharmacology and physiology of the heart world: drugs, sodium, and what measurements identify."""

import numpy as np
import pytest

from pollux.worlds.heart import carvedilol, fisher, furosemide, metoprolol, sodium


@pytest.mark.parametrize(("concentration", "change", "digits"), [(7.7, -9.6, 12), (20, -13.9, 1), (40, -16.1, 1)])
def test_h19_carvedilol_effect(concentration, change, digits):
    """H19: S-carvedilol of 7.7, 20 and 40 ng/ml slows exercise by 9.6 (exactly), 13.9 and 16.1 beats per minute."""
    assert round(float(carvedilol.slowing(concentration)), digits) == pytest.approx(change, abs=1e-12)


@pytest.mark.parametrize(
    ("release", "share"), [(carvedilol.MORNING, 1.0), (carvedilol.EVENING, 0.80), (carvedilol.CONTROLLED, 0.76)]
)
def test_h20_carvedilol_mass_balance(release, share):
    """H20: the area under 12.5 mg S-carvedilol is dose over clearance, 83.89 ng h/ml, times the share let in."""
    assert carvedilol.course(12.5, release).area[-1] == pytest.approx(83.89 * share, rel=1e-3)


@pytest.mark.parametrize(
    ("who", "peak", "at", "area"), [(metoprolol.MAN, 89.0, 1.44, 476.2), (metoprolol.WOMAN, 142.0, 1.90, 846)]
)
def test_h21_metoprolol(who, peak, at, area):
    """H21: 50 mg metoprolol peaks at 89.0 ng/ml after 1.44 h in men and 142.0 after 1.90 h in women, areas 476.2 and
    846.
    """
    digits = 1 if area == 476.2 else 0
    assert (round(who.peak, 1), round(who.peak_time, 2), round(who.area, digits)) == (peak, at, area)
    hours = np.linspace(0, 24, 24_001)
    assert who.concentration(hours).max() == pytest.approx(who.peak, rel=1e-6)
    assert hours[who.concentration(hours).argmax()] == pytest.approx(who.peak_time, abs=2e-3)


def test_h22_furosemide_efficiency():
    """H22: a microgram of furosemide does most at a urinary delivery of 21.5 µg/min."""
    x = np.linspace(1, 200, 200_000)
    assert x[(furosemide.response(x) / x).argmax()] == pytest.approx(21.5, abs=0.1)
    assert furosemide.most_efficient() == pytest.approx(21.5, abs=0.1)


@pytest.mark.parametrize("half_life", [20.0, 60.0, 120.0])
@pytest.mark.parametrize("largest", [furosemide.URINE, furosemide.SODIUM])
def test_h23_furosemide_infusion_does_more(largest, half_life):
    """H23: on the healthy curve the same urinary delivery does more as an infusion than as a bolus."""
    slow, fast = furosemide.infusion(24_000), furosemide.bolus(24_000, half_life=half_life)
    assert slow.total == pytest.approx(fast.total, rel=1e-9)
    assert slow.effect(largest) > 1.05 * fast.effect(largest)


def test_h17_sodium_step():
    """H17: a step of +100 mmol/day has a half-time of 21 h, a gain of 1.26 d, +126 mmol and +0.90 l."""
    days = np.linspace(0, 3, 30_001)
    path = sodium.step_response(100.0, days)
    final = float(sodium.step_response(100.0, 1e3))
    assert days[(path >= final / 2).argmax()] * 24 == pytest.approx(21.0, rel=0.01)
    assert final / 100 == pytest.approx(1.26, rel=0.01)
    assert round(final) == 126
    assert round(float(sodium.litres(final)), 2) == 0.90


PUBLISHED = {
    "prior": ((0.30, 0.20, 0.25, 0.15, 0.30), 8.7, None),
    "cuff": ((0.22, 0.16, 0.18, 0.15, 0.20), 7.9, 0.76),
    "cuff, weight": ((0.22, 0.16, 0.18, 0.05, 0.20), 7.4, 0.76),
    "cuff, weight, output": ((0.21, 0.15, 0.07, 0.05, 0.08), 7.0, 0.25),
    "cuff, weight, echo": ((0.12, 0.11, 0.14, 0.05, 0.16), 7.1, 0.58),
    "cuff, weight, PA pressure": ((0.21, 0.15, 0.17, 0.05, 0.19), 3.5, 0.74),
    "all": ((0.11, 0.09, 0.06, 0.04, 0.08), 3.0, 0.24),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_h24_fisher_posterior(name):
    """H24: the posterior of each set of measurements is the published one to the last digit printed."""
    deviations, filling, output = PUBLISHED[name]
    known = fisher.posterior(fisher.SETS[name])
    obtained = [known.deviation(p) for p in ("Ees", "alpha", "SVR", "SBV", "C_art")]
    assert obtained == pytest.approx(list(deviations), abs=0.0051)
    assert known.predicted(fisher.SENSITIVITIES["LAP"]) == pytest.approx(filling, abs=0.051)
    if output is not None:
        assert known.predicted(fisher.SENSITIVITIES["CO"]) == pytest.approx(output, abs=0.0051)
