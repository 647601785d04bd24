"""Cars against published figures: drive cycles, labels, where the energy goes, ageing of cells, following a car.

The checks A1 to A8 and A10. What needs the drive cycles of FASTSim skips where they are not here; a made-up cycle has
the same balance, and always runs.
"""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.published.models_automotive import AgeingCell, CyclingCell, ElectricCar, TwoCars
from tests.published.reckon import BACKENDS, SECOND, Case, digits, reckoned, simulated

import pollux as px
from pollux.columns.arrays import F64
from pollux.columns.layout import layout_of
from pollux.model.schema import schema_of

MILE = 1609.344
CHARGER = 0.86
LABEL = 0.7
"""What the label tells of two cycles: the wall's energy over this factor (EPA)."""

CYCLES = {"udds": (1369, 11.990), "hwfet": (765, 16.507), "us06": (600, 12.888), "wltc_3b": (1800, 23.266)}

LEAF = {"drag": 0.315 * 2.755, "motor.rating": 80, "wheels.resistance": 0.008}
VEHICLES = {
    "Leaf 24": {**LEAF, "mass": 1613},
    "Leaf 30": {**LEAF, "mass": 1636},
    "Bolt": {"drag": 0.29 * 2.845, "mass": 1758, "wheels.resistance": 0.0073, "motor.rating": 150},
    "Model S60": {"drag": 0.30 * 2.832, "mass": 2270, "wheels.resistance": 0.008, "motor.rating": 285},
    "Model 3": {
        "drag": 0.23 * 2.22,
        "mass": 1752,
        "wheels.resistance": 0.007,
        "motor.rating": 239,
        "wheels.radius": 0.33435,
    },
}
MODEL = {
    "city": (27.2, 27.4, 28.2, 35.8, 25.4),
    "highway": (34.9, 35.0, 34.7, 41.1, 26.9),
    "combined": (30.6, 30.8, 31.1, 38.2, 26.1),
    "wltc": (13.9, 14.0, 14.0, 16.8, 11.3),
}
PUBLISHED = (29.6, 29.3, 28.3, 37.5, 25.5)
"""Combined labels, kWh/100 mi; that of the Model 3 is from memory, unverified."""

Driven = dict[str, F64]


def drive(speeds: F64, backend, vehicles=VEHICLES) -> Driven:
    """Some vehicles through a cycle, one speed a second: states at the end, kinetic energy gained."""
    begins = np.arange(len(speeds) - 1) * SECOND
    inputs = {"before": px.level(begins, speeds[:-1]), "after": px.level(begins, speeds[1:])}
    found = simulated(ElectricCar, list(vehicles.values()), len(speeds) - 1, dt=1, backend=backend, inputs=inputs)
    layout = layout_of(schema_of(ElectricCar))
    driven = {name: found.final[layout.place(name)] for name in layout.schema.states}
    mass, radius = (found.final[layout.place(name)] for name in ("mass", "wheels.radius"))
    moving = 0.5 * (mass + 4 * 0.815 / radius**2) / 1000
    return driven | {"gained": moving * (speeds[-1] ** 2 - speeds[0] ** 2)}


def kilowatt_hours(driven: Driven, per: float) -> F64:
    """Energy out of the cells over a distance in metres."""
    return driven["drawn"] / 3600 / driven["odometer"] * per


@pytest.fixture(scope="module", params=BACKENDS)
def published(request, data: Callable[[str], Path]) -> dict[str, Driven]:
    """Five vehicles through four cycles."""
    return {name: drive(cycle(data("ev_fastsim"), name), request.param) for name in CYCLES}


def cycle(folder: Path, name: str) -> F64:
    """The speeds of a cycle in m/s."""
    with open(folder / "cycles" / f"{name}.csv") as file:
        return np.array([float(row["cycMps"]) for row in csv.DictReader(file)])


def made_up() -> F64:
    """Seven minutes of a drive in which a car stands, crawls, races, and brakes hard."""
    marks = [0, 10, 40, 100, 130, 150, 160, 220, 300, 330, 360, 390, 400]
    speeds = [0, 0, 14, 14, 0, 0, 2, 12, 30, 36, 36, 4, 0]
    return np.interp(np.arange(421), marks, speeds)


def label(driven: dict[str, Driven]) -> dict[str, F64]:
    """What stands on the label, kWh/100 mi."""
    city, highway = (kilowatt_hours(driven[name], 100 * MILE) / CHARGER / LABEL for name in ("udds", "hwfet"))
    return {"city": city, "highway": highway, "combined": 0.55 * city + 0.45 * highway}


def test_a1_the_cycles_are_as_long_as_they_are(published, data: Callable[[str], Path]) -> None:
    """A1: duration and distance of four cycles, by trapezoids, are those of the reference."""
    for name, (seconds, kilometres) in CYCLES.items():
        assert len(cycle(data("ev_fastsim"), name)) == seconds + 1
        assert [digits(one, 3) for one in published[name]["odometer"] / 1000] == [kilometres] * len(VEHICLES)


def test_a2_five_vehicles_use_what_the_simple_model_uses(published) -> None:
    """A2: label values in the city, on the highway and combined, and the WLTC, within 0.5 % of the reference."""
    found = label(published) | {"wltc": kilowatt_hours(published["wltc_3b"], 100_000)}
    for name, expected in MODEL.items():
        assert found[name] == pytest.approx(expected, rel=5e-3), name


def test_a3_five_vehicles_against_their_labels(published) -> None:
    """A3: combined values against the published labels, as the reference prints their errors; at most 10 % in whole
    percent.

    The Bolt comes out 10.05 % above its label: the reference prints +10 %. That of the Model 3 is from memory,
    unverified.
    """
    errors = 100 * (label(published)["combined"] / PUBLISHED - 1)
    assert [digits(one, 0) for one in errors] == [3, 5, 10, 2, 2]
    assert errors.max() == pytest.approx(10.05, abs=0.01)


def test_a4_the_model_3_at_the_wall(published) -> None:
    """A4: 17.8 kWh/100 mi in the city at the wall; the EPA measured 18.06 for the long-range car of 2017."""
    wall = kilowatt_hours(published["udds"], 100 * MILE)[-1] / CHARGER
    assert digits(wall, 1) == 17.8
    assert wall == pytest.approx(18.06, rel=0.10)


def balance(driven: Driven) -> F64:
    """What is drawn less what it went into, relative to what is drawn."""
    lost = [name for name in driven if name.startswith("into_")]
    assert len(lost) == 6
    return (driven["drawn"] - sum(driven[name] for name in lost) + driven["missing"] - driven["gained"]) / driven[
        "drawn"
    ]


def test_a5_the_energy_balance_closes_on_published_cycles(published) -> None:
    """A5: battery = losses + change of kinetic energy + auxiliaries, within 1e-9, on every cycle."""
    for name, driven in published.items():
        assert np.abs(balance(driven)).max() < 1e-9, name


@pytest.mark.parametrize("backend", BACKENDS)
def test_a5_the_energy_balance_closes_on_a_made_up_cycle(backend) -> None:
    """A5, wherever the data are: it closes too where the cycle ends in motion and the motor is too weak for it."""
    weak = VEHICLES | {"weak": {**LEAF, "mass": 1613, "motor.rating": 30}}
    still, fast = (drive(speeds, backend, weak) for speeds in (made_up(), made_up()[:350]))
    assert np.abs(balance(still)).max() < 1e-9
    assert np.abs(balance(fast)).max() < 1e-9
    assert (fast["gained"] > 100).all()
    assert (still["gained"] == 0).all()
    assert still["missing"][-1] > 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_steady_drive_is_one_line_of_algebra(backend) -> None:
    """At 90 km/h on the level a Leaf draws what air, road, motor, auxiliaries and battery take, worked by hand."""
    speed = 25.0
    driven = drive(np.full(61, speed), backend, {"Leaf 24": VEHICLES["Leaf 24"]})
    wheel = 0.5 * 1.2 * 0.315 * 2.755 * speed**3 + 1613 * 9.81 * 0.008 * speed
    shaft = wheel / 0.98
    efficiency = np.interp(shaft / 80e3, [0.10, 0.20], [0.91, 0.93])
    by_hand = (shaft / efficiency + 250) / np.sqrt(0.97) * 60 / 1000
    assert driven["drawn"][0] == pytest.approx(by_hand, rel=1e-12)


CAPACITY = (0.8539, 0.8448, 0.8202, 0.9247, 0.8174, 0.7805)
RESISTANCE = (1.2390, 1.3208, 1.5118)
CELLS = (
    {"voltage": 3.699, "temperature": 323.15, "age": 365},
    {"voltage": 3.9, "temperature": 298.15, "age": 2920},
    {"charge": 4100, "depth": 0.5},
    {"charge": 4100, "depth": 0.1},
    {"charge": 2050, "depth": 0.8},
    {"charge": 2050, "depth": 1.0},
)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a6_cells_age_as_schmalstieg_found(backend) -> None:
    """A6: capacity and resistance of six cells, by calendar and by cycling, to the last digit of the reference."""
    found = reckoned(AgeingCell, CELLS, backend=backend)
    assert tuple(digits(one, 4) for one in found["capacity"]) == CAPACITY
    assert tuple(digits(one, 4) for one in found["resistance"][:3]) == RESISTANCE


@pytest.mark.parametrize("backend", BACKENDS)
def test_a7_cells_lose_by_cycling_as_wang_found(backend) -> None:
    """A7: percent lost at four rates (Wang 2011; coefficients from memory, unverified), to the last digit."""
    rates = [(0.5, 31630), (2, 21681), (6, 12934), (10, 15512)]
    found = reckoned(CyclingCell, [{"rate": rate, "factor": factor} for rate, factor in rates], backend=backend)
    assert [digits(one, 2) for one in found["lost"]] == [10.31, 8.84, 9.58, 20.89]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a8_two_cars_come_to_the_gap_of_their_speed(backend) -> None:
    """A8: behind a car of constant speed the gap settles to (s0 + v T) / sqrt(1 - (v/v0)^4), within 1e-6."""
    speeds = np.array([5.0, 10.0, 20.0, 30.0])
    cases = [{"ahead": one, "speed": 20, "gap": 60} for one in speeds]
    found = simulated(TwoCars, cases, 2000, dt=0.1, backend=backend, record=("gap", "speed"))
    gaps = (2 + 1.5 * speeds) / np.sqrt(1 - (speeds / 33.3) ** 4)
    assert found["gap"][-1] == pytest.approx(gaps, rel=1e-6)
    assert found["speed"][-1] == pytest.approx(speeds, rel=1e-6)


OLDER: dict[str, tuple[Case, ...]] = {
    "age": ({"age": 30}, {"age": 300}, {"age": 3000}),
    "voltage": tuple({"age": 365, "voltage": volts} for volts in (3.5, 3.7, 3.9, 4.2)),
    "temperature": tuple({"age": 365, "temperature": kelvin} for kelvin in (283.15, 298.15, 313.15, 328.15)),
    "charge": tuple({"charge": hours} for hours in (100, 1000, 4000)),
    "depth": tuple({"charge": 1000, "depth": depth} for depth in (0.1, 0.3, 0.6, 1.0)),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("what", OLDER)
def test_a10_more_of_anything_ages_more(backend, what) -> None:
    """A10: with time, voltage (3.5-4.2 V), temperature, charge and depth (0.1-1) capacity falls, resistance rises."""
    found = reckoned(AgeingCell, OLDER[what], backend=backend)
    assert (np.diff(found["capacity"]) < 0).all()
    assert (np.diff(found["resistance"]) > 0).all()
