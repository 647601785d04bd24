"""Rooms and buildings against exact solutions and figures worked by hand: the checks B1, B2, B4 and B7."""

import numpy as np
import pytest
from tests.published.models_thermal import Building, HeatPump, House, Room
from tests.published.reckon import BACKENDS, HOUR, SECOND, digits, reckoned, simulated

import pollux as px
from pollux.columns.layout import layout_of
from pollux.model.schema import schema_of
from pollux.simulate import Run, run

MEMBERS = 32


@pytest.mark.parametrize("backend", BACKENDS)
def test_b1_a_room_takes_the_exact_step(backend) -> None:
    """B1: one resistance and one capacity follow T = To + RQ + (T0 - To - RQ) exp(-t/RC), to 1e-8."""
    schema, rng = schema_of(Room), np.random.default_rng(1)
    layout = layout_of(schema)
    start = layout.start(MEMBERS, rng)
    start[layout.place("heat")] = rng.uniform(-5, 10, MEMBERS)
    found = run(
        Run(
            schema,
            start,
            0,
            48 * HOUR * SECOND,
            step=60 * SECOND,
            grid=HOUR * SECOND,
            record=("temp",),
            backend=backend,
        )
    )
    resistance, capacity, heat, first = (start[layout.place(one)] for one in ("resistance", "capacity", "heat", "temp"))
    rest = 273.15 + resistance * heat
    hours = np.arange(49)[:, None]
    exact = rest + (first - rest) * np.exp(-hours / (resistance * capacity))
    np.testing.assert_allclose(found["temp"] - 273.15, exact - 273.15, rtol=1e-8, atol=1e-8)
    assert np.ptp(exact[-1]) > 10


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("leak", [0.0, 0.15])
def test_b2_at_rest_the_flows_are_the_heat(backend, leak) -> None:
    """B2: two and three resistances with two capacities come to rest where what leaves is what is given, to 1e-9."""
    schema, rng = schema_of(House), np.random.default_rng(2)
    layout = layout_of(schema)
    start = layout.start(MEMBERS, rng)
    start[layout.place("leak")] = leak
    start[layout.place("heat")] = rng.uniform(1, 10, MEMBERS)
    found = run(
        Run(
            schema,
            start,
            0,
            6000 * HOUR * SECOND,
            step=900 * SECOND,
            record=("by_air", "by_wall", "temp"),
            backend=backend,
        )
    )
    leaves = found["by_air"][-1] + found["by_wall"][-1]
    np.testing.assert_allclose(leaves, start[layout.place("heat")], rtol=1e-9)
    across = start[layout.place("wall.inner")] + start[layout.place("wall.outer")]
    conductance = leak + 1 / across
    np.testing.assert_allclose(found["temp"][-1], 273.15 + start[layout.place("heat")] / conductance, rtol=1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
def test_b4_what_a_judge_says_of_a_day_by_hand(backend) -> None:
    """B4: discomfort, energy, cost, emissions and peak of two zones over a made-up day, worked by hand, to 1e-12.

    South warms from 18 to 26 °C in 8 h, stays for 4 h, and falls to 22 °C in the next 4: 2 h below 20 °C by 1 K on
    average, 2 h above 24 °C by 1 K, 4 h by 2 K, 2 h by 1 K: 14 Kh. North stays at 19.5 °C for 16 h: 8 Kh; then both are
    well. The meter shows 4 kW for 6 h, 10 kW for a quarter of an hour, 2 kW for the rest: 24 + 2.5 + 35.5 = 62 kWh on
    100 m2. Power costs 0.30 EUR/kWh, and 0.40 from hour 6 to hour 8: 0.30 x 62 + 0.10 x (2.5 + 3.5) = 19.2 EUR.
    """
    inputs = {
        "south.temp": px.straight(_hours(0, 8, 12, 16), _kelvin(18, 26, 26, 22)),
        "north.temp": px.level(_hours(0, 16), _kelvin(19.5, 21)),
        "power": px.level(_hours(0, 6, 6.25), [4.0, 10.0, 2.0]),
        "price": px.level(_hours(0, 6, 8), [0.3, 0.4, 0.3]),
    }
    names = ("discomfort", "energy", "cost", "emissions", "quarter")
    case = {"south.floor": 60, "north.floor": 40}
    found = simulated(
        Building, [case], 24 * HOUR, dt=300, backend=backend, inputs=inputs, grid=900 * SECOND, record=names
    )
    expected = {"discomfort": (14 + 8) / 2, "energy": 0.62, "cost": 0.192, "emissions": 0.124}
    assert {name: found[name][-1, 0] for name in expected} == pytest.approx(expected, rel=1e-12)
    assert np.nanmax(found["quarter"]) == pytest.approx(0.1, rel=1e-12)


def _hours(*hours: float) -> list[int]:
    return [round(one * HOUR * SECOND) for one in hours]


def _kelvin(*celsius: float) -> list[float]:
    return [one + 273.15 for one in celsius]


@pytest.mark.parametrize("backend", BACKENDS)
def test_b7_a_heat_pump_by_carnot(backend) -> None:
    """B7: from 0 to 35 °C with 45 % of Carnot's share a heat pump gives 3.962 times what it takes."""
    assert digits(reckoned(HeatPump, backend=backend)["performance"][0], 3) == 3.962
