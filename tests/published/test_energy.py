"""Wakes, a panel and a battery against published figures: the checks E7, E10 and the PVWatts part of E9.

Power flow, the sun's place, modules of the CEC and scores of forecasts need other packages, and are not here.
"""

import numpy as np
import pytest
from scipy.optimize import linprog
from tests.published.models_energy import Battery, Panel, Row
from tests.published.reckon import BACKENDS, HOUR, SECOND, digits, reckoned, simulated

import pollux as px
from pollux.columns.arrays import F64

WIND = (1, 0.7701, 0.7385, 0.7272, 0.7220, 0.7193, 0.7178, 0.7168, 0.7162, 0.7158)
POWER = (1, 0.457, 0.403, 0.385, 0.376, 0.372, 0.370, 0.368, 0.367, 0.367)


@pytest.mark.parametrize("backend", BACKENDS)
def test_e7_ten_turbines_in_each_others_wakes(backend) -> None:
    """E7: wind and power of ten turbines in a row, seven diameters apart, to the last digit (Jensen)."""
    found = reckoned(Row, [{"place": place} for place in range(1, 11)], backend=backend)
    assert tuple(digits(one, 4) for one in found["wind"]) == WIND
    assert tuple(digits(one, 3) for one in found["power"]) == POWER


@pytest.mark.parametrize("backend", BACKENDS)
def test_e9_a_panel_in_the_sun(backend) -> None:
    """E9, PVWatts: 100 W of panels give 88.65 W at 900 W/m2 and 30 °C, to the last digit."""
    assert digits(reckoned(Panel, backend=backend)["power"][0], 2) == 88.65


def traded(schedules: F64, backend) -> dict[str, F64]:
    """What comes of schedules (members, 4): charging and discharging in a first hour, at 1, and in a second, at 3."""
    hours = [0, HOUR * SECOND]
    inputs = {
        "charging": px.level(hours, schedules[:, [0, 2]].T),
        "discharging": px.level(hours, schedules[:, [1, 3]].T),
        "price": px.level(hours, [1.0, 3.0]),
    }
    cases: list[dict[str, float]] = [{}] * len(schedules)
    found = simulated(
        Battery,
        cases,
        2 * HOUR,
        dt=HOUR,
        backend=backend,
        inputs=inputs,
        grid=HOUR * SECOND,
        record=("stored", "earned"),
    )
    return {"stored": found["stored"], "earned": found["earned"][-1]}


def best(converter: float) -> tuple[F64, float]:
    """The schedule (4,) and the profit of the linear programme of the reference, by HiGHS."""
    flow = np.array([0.9, -1 / 0.9, 0.9, -1 / 0.9])
    first = np.array([flow * [1, 1, 0, 0], -flow * [1, 1, 0, 0]])
    found = linprog(
        [1, -1, 3, -3], A_ub=first, b_ub=[1, 0], A_eq=[flow], b_eq=[0], bounds=[(0, converter)] * 4, method="highs"
    )
    return np.array(found.x), -float(found.fun)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("converter", "buy", "sell", "profit"), [(2, 1.1111, 0.9, 1.5889), (1, 1, 0.81, 1.43)])
def test_e10_a_battery_buys_at_1_and_sells_at_3(backend, converter, buy, sell, profit) -> None:
    """E10: what the linear programme plans, to the last digit, is what the battery earns; it ends as empty as it was,
    and no feasible plan among a thousand at random earns more.
    """
    plan, promised = best(converter)
    assert [digits(one, 4) for one in (plan[0], plan[3], promised)] == [buy, sell, profit]
    bought = np.random.default_rng(10).uniform(0, min(converter, 1 / 0.9), 1000)
    others = np.stack([bought, 0 * bought, 0 * bought, 0.81 * bought], axis=1)
    found = traded(np.vstack([plan, others]), backend)
    assert found["earned"][0] == pytest.approx(promised, rel=1e-12)
    assert np.abs(found["stored"][-1]).max() < 1e-12
    assert found["stored"].min() > -1e-12
    assert found["stored"].max() < 1 + 1e-12
    assert found["earned"][1:].max() <= promised + 1e-12
