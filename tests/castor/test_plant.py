"""The things behind emulated devices obey their equations, their actuators' limits and what life brings them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.castor.plants import Kiln

from pollux.castor.plant import Plant, setting
from pollux.clock import SECOND
from pollux.errors import NotFound, SetupError
from pollux.model.schema import schema_of
from pollux.simulate import Course, level

SCHEMA = schema_of(Kiln)


def plant(count: int = 1, *, seed: int = 1, **actuators: float) -> Plant:
    rng = np.random.Generator(np.random.Philox(key=seed))
    return Plant(SCHEMA, count, start=0, rng=rng, made=actuators)


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


def test_the_same_seed_gives_the_same_things() -> None:
    """Equal seeds: equal parameters and equal truths; another seed: others."""
    truths = []
    for seed in (5, 5, 6):
        one = plant(4, seed=seed, burner=300.0)
        one.advance(60 * SECOND)
        truths.append(one.truth("heat").tolist())
    assert truths[0] == truths[1] != truths[2]


def test_life_feeds_parameters_and_the_last_of_it_stays() -> None:
    """A room that is 10 K warmer from the second minute on: felt then, true at the end, and on the way beforehand."""

    def life(start: int, end: int) -> dict[str, Course]:
        return {"room": level([60 * SECOND], [303.15])}

    rng = np.random.Generator(np.random.Philox(key=1))
    one = Plant(SCHEMA, 2, start=0, rng=rng, made={"heat": np.array([293.15, 300.0])}, life=life)
    path = one.advance(120 * SECOND, every=30 * SECOND, names=("heat", "room"))
    assert (path.times // SECOND).tolist() == [0, 30, 60, 90]
    assert path.values["room"][:, 0].tolist() == [293.15, 293.15, 303.15, 303.15]
    assert path.values["heat"][0].tolist() == [293.15, 300.0]
    assert path.values["heat"][2, 0] == 293.15 < path.values["heat"][3, 0] < float(one.truth("heat")[0])
    assert one.truth("room").tolist() == [303.15, 303.15]


def test_a_path_begins_on_its_grid_wherever_the_plant_stands() -> None:
    """From 7 s to 30 s, every 10 s: the path holds 10 s and 20 s, and the last comes with `ending`."""
    one = plant(burner=100.0)
    one.advance(7 * SECOND)
    path = one.advance(30 * SECOND, every=10 * SECOND, names=("heat",)).ending(30 * SECOND, one.seen(("heat",)))
    assert (path.times // SECOND).tolist() == [10, 20, 30]
    assert path.at(29 * SECOND, 0) == path.at(20 * SECOND, 0) != path.at(30 * SECOND, 0)


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
        setting(SCHEMA, name, value)
