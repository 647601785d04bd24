"""Another unit than the declared one: by the range, by a jump that only a conversion explains, and back again."""

import numpy as np
import pytest

from pollux.check import OtherUnit, mqtt
from pollux.columns import Quality, Reason
from pollux.errors import NotFound, SetupError, UnitError
from tests.check.follow import Followed, said

RNG = np.random.default_rng(5)


def told(followed: Followed, signal: str, values, start: int = 0) -> list[str]:
    return [why for k, one in enumerate(values) for why in followed.reasons(said({signal: float(one)}, start + k))]


@pytest.mark.parametrize(
    ("signal", "units", "values", "unit"),
    [
        ("temp_a", ("degF", "K"), 293 + RNG.normal(0, 1, 30), "K"),
        ("temp_a", ("degF", "K"), 200 + RNG.normal(0, 1, 30), "degF"),
        ("pressure", (), 1.2 + RNG.normal(0, 0.01, 30), "bar"),
        ("level", ("mm", "ft"), 2400 + RNG.normal(0, 10, 30), "mm"),
        ("temp_c", ("degC",), 21 + RNG.normal(0, 0.5, 30), "degC"),
    ],
)
def test_values_that_cannot_be_as_declared_but_can_be_converted_name_their_unit(signal, units, values, unit):
    """From the eighth on the reason is the unit; outside of low and high they stay bad."""
    followed = Followed(OtherUnit(signal, *units))
    why = told(followed, signal, values)
    assert set(why[:7]) <= {"RANGE"}
    assert set(why[7:]) == {"UNIT"}
    assert followed.inspector.unit_of(followed.block.schema.index[signal], 0) == unit
    assert followed.block.quality[followed.block.schema.index[signal], 0] == Quality.MISSING


def test_a_jump_that_a_unit_explains_is_told_and_ends_when_the_unit_is_right_again():
    """20 degC become 68: inside of the range, and degF brings them back to where they were."""
    followed = Followed(OtherUnit("temp_a", "degF", "K"))
    place = followed.block.schema.index["temp_a"]
    rng = np.random.default_rng(6)
    assert set(told(followed, "temp_a", 20 + rng.normal(0, 0.3, 100))) == {"NONE"}
    why = told(followed, "temp_a", 68 + rng.normal(0, 0.5, 50), start=100)
    assert set(why[:7]) == {"NONE"}
    assert set(why[7:]) == {"UNIT"}
    assert followed.inspector.unit_of(place, 0) == "degF"
    assert followed.block.reason[place, 0] == Reason.UNIT
    why = told(followed, "temp_a", 20 + rng.normal(0, 0.3, 50), start=150)
    assert set(why[8:]) == {"NONE"}
    assert followed.inspector.unit_of(place, 0) is None


def test_a_jump_that_no_unit_explains_is_a_new_level():
    """From 20 to 45 degC: nothing is doubted, and the level is learnt anew."""
    followed = Followed(OtherUnit("temp_a", "degF", "K"))
    rng = np.random.default_rng(7)
    values = np.concatenate([20 + rng.normal(0, 0.3, 100), 45 + rng.normal(0, 0.3, 200)])
    assert set(told(followed, "temp_a", values)) == {"NONE"}
    assert followed.mirror.populations["Oven"].tally.samples.sum() == 300
    why = told(followed, "temp_a", 113 + rng.normal(0, 0.5, 30), start=300)
    assert set(why[7:]) == {"UNIT"}


def test_a_slow_day_is_no_jump():
    """A temperature that swings by 20 K over a day is followed."""
    followed = Followed(OtherUnit("temp_a"))
    day = 20 + 10 * np.sin(np.linspace(0, 6 * np.pi, 900)) + np.random.default_rng(8).normal(0, 0.2, 900)
    assert set(told(followed, "temp_a", day)) == {"NONE"}


def test_the_unit_of_the_wire_is_what_is_mistaken():
    """Where the mapping says degF, numbers that are degC are the mistake."""
    followed = Followed(OtherUnit("temp_a", "degC"), mappings=[mqtt(units={"temp_a": "degF"})])
    rng = np.random.default_rng(9)
    told(followed, "temp_a", 150 + rng.normal(0, 0.5, 60))
    why = told(followed, "temp_a", (150 - 32) / 1.8 + rng.normal(0, 0.3, 30), start=60)
    assert set(why[8:]) == {"UNIT"}


def test_units_of_another_dimension_and_unknown_signals_are_refused():
    """Where it is declared, with the signal."""
    with pytest.raises(UnitError):
        Followed(OtherUnit("temp_a", "kPa"))
    with pytest.raises(NotFound):
        Followed(OtherUnit("temper", "K"))
    with pytest.raises(SetupError, match="two"):
        Followed(OtherUnit("temp_a", "K"), OtherUnit("temp_a", "degF"))
