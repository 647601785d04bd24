"""The things behind emulated devices obey their equations, their actuators' limits and their sensors' noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.castor.plants import Kiln

from pollux.castor.plant import Plant
from pollux.clock import SECOND
from pollux.errors import NotFound, SetupError
from pollux.model.schema import schema_of

SCHEMA = schema_of(Kiln)
EVERYTHING = frozenset({"heat", "draught", "burner", "flap"})


def plant(count: int = 1, *, seed: int = 1, **actuators: float) -> Plant:
    rng = np.random.Generator(np.random.Philox(key=seed))
    return Plant(SCHEMA, count, start=0, rng=rng, settings=actuators)


def test_a_thing_goes_where_its_equations_take_it() -> None:
    """With the burner on for long, the heat is that at which loss and burner balance, for each thing its own."""
    three = plant(3, burner=200.0)
    three.advance(3 * 3600 * SECOND)
    assert three.truth("heat") == pytest.approx(293.15 + 200.0 / three.truth("loss"), rel=1e-6)
    assert len(set(three.truth("loss").tolist())) == 3


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.floats(0, 1000))
def test_an_actuator_never_moves_faster_than_its_slew(spans: list[int], aim: float) -> None:
    """However time is cut, the burner has moved by the slew times the time, and no further than its aim."""
    one = plant(burner=100.0)
    one.aim(0, "burner", aim)
    for span in spans:
        one.advance(one.time + span * SECOND)
    expected = 100.0 + np.clip(aim - 100.0, -10.0 * sum(spans), 10.0 * sum(spans))
    assert float(one.truth("burner")[0]) == pytest.approx(expected)
    assert one.reached(0, "burner") == (abs(aim - 100.0) <= 10.0 * sum(spans))


def test_the_way_of_an_actuator_is_felt() -> None:
    """While the burner turns up, the heat rises with it: half the energy of a burner that was on all along."""
    ramped, on = plant(burner=0.0), plant(burner=400.0)
    ramped.aim(0, "burner", 400.0)
    for one in (ramped, on):
        one.advance(40 * SECOND)
    share = (ramped.truth("heat") - 293.15) / (on.truth("heat") - 293.15)
    assert 0.45 < float(share[0]) < 0.53


def test_an_actuator_without_a_slew_moves_at_once() -> None:
    """The flap is where it was aimed at before time has passed."""
    one = plant()
    one.aim(0, "flap", 1.0)
    assert one.reached(0, "flap")
    assert float(one.truth("flap")[0]) == 1.0


def test_sensors_add_their_noise_and_speak_the_units_of_the_outside() -> None:
    """Heat is told in degC with the declared noise; a sensor reads nothing beyond its bounds."""
    many = plant(2000, seed=3)
    heats = np.array([values["heat"] for values in many.measured(EVERYTHING)])
    assert heats.mean() == pytest.approx(20.0, abs=0.05)
    assert heats.std() == pytest.approx(0.5, rel=0.1)
    assert many.measured(frozenset({"draught"}))[0] == {"draught": 3.0}


def test_the_same_seed_gives_the_same_things() -> None:
    """Equal seeds: equal parameters and equal readings; another seed: others."""
    readings = []
    for seed in (5, 5, 6):
        one = plant(4, seed=seed, burner=300.0)
        one.advance(60 * SECOND)
        readings.append(one.measured(EVERYTHING))
    assert readings[0] == readings[1] != readings[2]


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("burner", 1001.0, SetupError),
        ("burner", -1.0, SetupError),
        ("burner", "full", SetupError),
        ("burner", True, SetupError),
        ("burner", float("nan"), SetupError),
        ("heat", 20.0, NotFound),
    ],
)
def test_what_cannot_be_set_is_refused(name: str, value: object, error: type[Exception]) -> None:
    """Values beyond the limits, texts, truths, no numbers, and what is no actuator."""
    with pytest.raises(error):
        plant().setting(name, value)
