"""Machines, stocks and bearings against published figures: the checks M6, M7, M9, M10 and M11."""

import math

import numpy as np
import pytest
from scipy.signal import butter, hilbert, sosfiltfilt
from tests.published.models_manufacturing import DamagedBearing, Forecast, Machine, Rig, Stock
from tests.published.reckon import BACKENDS, SECOND, digits, only, reckoned, simulated

from pollux.columns.arrays import F64

RATE = 10_000
"""Samples of the vibration per second."""


@pytest.mark.parametrize("backend", BACKENDS)
def test_m6_overall_equipment_effectiveness(backend) -> None:
    """M6: 90 % available, 95 % as fast, 99 % good make .84645, printed .8464; 90 h up and 10 h of repair make .9."""
    found = only(reckoned(Machine, backend=backend), ("effectiveness", "up"))
    assert found["effectiveness"] == pytest.approx(0.84645, rel=1e-12)
    assert found["up"] == pytest.approx(0.9, rel=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_m7_economic_order_quantity(backend) -> None:
    """M7: 1200 a year, 50 an order, 3 a piece and year: lots of 200 cost 600 a year, and any other lot costs more."""
    found = reckoned(Stock, [{"lot": lot} for lot in (200, 100, 199, 201, 400)], backend=backend)
    assert found["best_lot"] == pytest.approx(200, rel=1e-12)
    assert found["least_cost"] == pytest.approx(600, rel=1e-12)
    assert found["cost"][0] == pytest.approx(600, rel=1e-12)
    assert (found["cost"][1:] > found["cost"][0]).all()


MULTIPLIERS = {"outer": 3.5848, "inner": 5.4152, "cage": 0.3983, "spin": 2.3567}
HERTZ = {"outer": 107.36, "inner": 162.19, "cage": 11.93, "spin": 70.58}


@pytest.mark.parametrize("backend", BACKENDS)
def test_m9_frequencies_of_a_bearing(backend) -> None:
    """M9: SKF 6205: multipliers of the shaft's frequency, and Hz at 1797 turns a minute, to the last digit."""
    found = simulated(Rig, [{}, {"bearing.shaft": 60}], 1, dt=1, backend=backend, record=tuple(HERTZ))
    assert {name: digits(found[name][-1, 0], 2) for name in HERTZ} == HERTZ
    assert {name: digits(found[name][-1, 1], 4) for name in HERTZ} == MULTIPLIERS
    assert digits(2 * found["spin"][-1, 1], 4) == 4.7135
    assert digits(2 * found["spin"][-1, 0], 2) == 141.17


def envelope_peak(vibration: F64) -> float:
    """The frequency at which the envelope of a band around the ringing is strongest, in Hz, up to 500."""
    band = sosfiltfilt(butter(4, (1500, 2500), "bandpass", fs=RATE, output="sos"), vibration)
    envelope = np.abs(hilbert(band))
    spectrum = np.abs(np.fft.rfft((envelope - envelope.mean()) * np.hanning(len(envelope))))
    frequencies = np.fft.rfftfreq(len(envelope), 1 / RATE)
    return float(frequencies[np.argmax(np.where(frequencies < 500, spectrum, 0))])


def test_m10_a_damaged_race_is_heard_in_the_envelope() -> None:
    """M10: a housing struck at every passage of a ball, with noise over it: the envelope's spectrum peaks at 107.36 Hz
    for the outer race and at 162.19 Hz for the inner, within one bin (0.5 Hz); without a fault it peaks at neither.
    """
    found = simulated(
        DamagedBearing,
        [{}, {"at_outer": 0}, {"blow": 0}],
        2,
        dt=5e-5,
        backend="numba",
        grid=SECOND // RATE,
        record=("acceleration",),
    )
    vibration = found["acceleration"][1:]
    noise = np.random.default_rng(6205).normal(0, vibration[:, 0].std(), vibration.shape)
    outer, inner, sound = (envelope_peak(one) for one in (vibration + noise).T)
    assert outer == pytest.approx(HERTZ["outer"], abs=0.5)
    assert inner == pytest.approx(HERTZ["inner"], abs=0.5)
    assert min(abs(sound - HERTZ["outer"]), abs(sound - HERTZ["inner"])) > 0.5


def test_m10_the_struck_housing_is_the_same_in_both_back_ends() -> None:
    """The vibration of the first 50 ms is the same in NumPy and in numba."""
    wanted = {"grid": SECOND // RATE, "record": ("acceleration",)}
    numpy, numba = (
        simulated(DamagedBearing, [{}, {"at_outer": 0}], 0.05, dt=5e-5, backend=backend, **wanted)["acceleration"]
        for backend in BACKENDS
    )
    np.testing.assert_allclose(numpy, numba, rtol=1e-9, atol=1e-9 * np.abs(numpy).max())


@pytest.mark.parametrize("backend", BACKENDS)
def test_m11_score_of_a_forecast(backend) -> None:
    """M11: 13 flights too early, right, 10 too late: e - 1, 0, e - 1, to 1e-12."""
    score = reckoned(Forecast, [{"predicted": 100 + late} for late in (-13, 0, 10)], backend=backend)["score"]
    assert score == pytest.approx([math.e - 1, 0, math.e - 1], abs=1e-12)
