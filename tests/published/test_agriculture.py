"""A meadow and a field against published figures: the checks G3 and G4."""

import numpy as np
import pytest
from tests.published.models_agriculture import Field, Meadow, Sun
from tests.published.reckon import BACKENDS, DAY, SECOND, Case, digits, reckoned, simulated

import pollux as px
from pollux.columns.layout import layout_of
from pollux.model.schema import schema_of


@pytest.mark.parametrize("backend", BACKENDS)
def test_g3_example_18_of_fao_56(backend) -> None:
    """G3: Brussels, 6 July: Ra 41.09, Rs 22.07, Rn 13.28 MJ/m2/d and ETo 3.880 mm/d, to the last digit."""
    found = reckoned(Meadow, backend=backend)
    radiation = [digits(found[name][0], 2) for name in ("sky.radiation", "sun", "kept")]
    assert radiation == [41.09, 22.07, 13.28]
    assert digits(found["evaporates"][0], 3) == 3.880


@pytest.mark.parametrize("backend", BACKENDS)
def test_g3_the_day_of_the_sun_adds_up_to_its_formula(backend) -> None:
    """What a meter counts from midnight to midnight is Ra, wherever and whenever there is a sunset."""
    places = [(50.8, 187), (0, 80), (-33.9, 355), (60, 20), (-22.9, 135)]
    cases = [{"sky.latitude": latitude, "sky.day": day} for latitude, day in places]
    formula = reckoned(Sun, cases, backend=backend)["sky.radiation"]
    found = simulated(Sun, cases, DAY + 600, dt=60, backend=backend, record=("counted",))
    assert found["counted"][-1] == pytest.approx(formula, rel=1e-5)


def a_year(seed: int) -> tuple[list[int], list[float], list[float]]:
    """Instants, rain and evaporation of 365 days: dry spells and cloudbursts."""
    rng = np.random.default_rng(seed)
    rain = np.where(rng.random(365) < 0.3, rng.gamma(0.7, 14, 365), 0.0)
    demand = 3 + 2 * np.sin(2 * np.pi * np.arange(365) / 365) + rng.normal(0, 0.3, 365)
    return [day * DAY * SECOND for day in range(365)], rain.tolist(), demand.tolist()


@pytest.mark.parametrize("backend", BACKENDS)
def test_g4_the_water_of_a_random_year_closes(backend) -> None:
    """G4: over a random year of rain, drought and irrigation, water in less water out is what the soil gained: 1e-9."""
    days, rain, demand = a_year(4)
    inputs = {"rain": px.level(days, rain), "demand": px.level(days, demand)}
    cases: list[Case] = [{"portion": 30}, {"portion": 0}, {"roots": 0.3, "portion": 10}]
    found = simulated(
        Field, cases, 365 * DAY, dt=DAY / 8, backend=backend, inputs=inputs, grid=DAY * SECOND, record=KEPT
    )
    depletion, fallen, run_off, drunk, seeped, watered = (found[name] for name in KEPT)
    gained = depletion[0] - depletion
    np.testing.assert_allclose(gained, fallen - run_off - drunk - seeped + watered, atol=1e-9)
    assert fallen[-1] == pytest.approx([sum(rain)] * 3, rel=1e-12)
    assert (np.stack([run_off, drunk, seeped])[:, -1] > 0).all()
    assert (watered[-1] > 0).tolist() == [True, False, True]
    assert depletion[-1].min() > 0
    assert (depletion <= 1000 * 0.18 * np.array([0.8, 0.8, 0.3])).all()


KEPT = ("depletion", "fallen", "run_off", "drunk", "seeped", "watered")


@pytest.mark.parametrize("backend", BACKENDS)
def test_g4_a_field_dries_as_its_formula(backend) -> None:
    """Without rain the depletion rises in a straight line until the readily available water is gone, and from there
    exponentially towards the wilting point.
    """
    layout = layout_of(schema_of(Field))
    found = simulated(
        Field, [{"portion": 0}], 60 * DAY, dt=DAY / 50, backend=backend, grid=DAY * SECOND, record=("depletion",)
    )
    assert found.final[layout.place("watered"), 0] == 0
    available, demand = 1000 * 0.18 * 0.8, 1.1 * 4
    until = (0.5 * available - 20) / demand
    days = np.arange(61)
    late = available - 0.5 * available * np.exp(-(days - until) * demand / (0.5 * available))
    expected = np.where(days < until, 20 + demand * days, late)
    np.testing.assert_allclose(found["depletion"][:, 0], expected, rtol=1e-6)
