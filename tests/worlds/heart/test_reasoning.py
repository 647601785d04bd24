"""Explanations of a change, and what a narrowing costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.worlds.heart import causes
from pollux.worlds.heart.coronary import RESERVE, RESTING_FLOW, Stenosis


@given(st.floats(-30, 30), st.floats(-20, 20), st.floats(-5, 5), st.integers(1, 5))
def test_probabilities_are_shares_of_one(systolic, diastolic, kilograms, weighings):
    """Whatever changed, the probabilities of the explanations sum to one and come most likely first."""
    found = causes.weighed(systolic=systolic, diastolic=diastolic, kilograms=kilograms, weighings=weighings)
    assert sum(found.values()) == pytest.approx(1.0)
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_each_change_has_its_explanation():
    """Weight that rises for three mornings is fluid, one jump the scale, a falling pressure a weaker heart, nothing
    chance.
    """
    assert next(iter(causes.weighed(systolic=5, diastolic=4, kilograms=2.3, weighings=3))) == "fluid"
    assert next(iter(causes.weighed(systolic=0, diastolic=0, kilograms=3.0))).startswith("the scale")
    assert next(iter(causes.weighed(systolic=-14, diastolic=-7, kilograms=0.0))) == "a weaker heart"
    assert next(iter(causes.weighed(systolic=0, diastolic=0, kilograms=0.0))) == "chance"


def test_an_open_vessel_costs_nothing():
    """Without a narrowing the flow grows by the whole reserve and no pressure is lost."""
    assert Stenosis(0.0, 11.0, 0.0).flow(90, widening=RESERVE) == pytest.approx(RESERVE * RESTING_FLOW)
    assert Stenosis(0.0, 11.0, 0.0).reserve() == 1.0


@given(st.floats(0.0, 0.93), st.floats(0.01, 0.05))
def test_a_tighter_narrowing_costs_more(share, more):
    """The reserve falls with every bit of area that is lost."""
    assert Stenosis(share + more, 11.0, 14.0).reserve() < Stenosis(share, 11.0, 14.0).reserve()


@given(st.floats(0.0, 0.95), st.floats(60, 140))
def test_flow_and_loss_agree(share, pressure):
    """What is lost in the narrowing and behind it is the aortic pressure."""
    stenosis = Stenosis(share, 11.0, 14.0)
    flow = stenosis.flow(pressure, widening=RESERVE)
    bed = pressure / RESTING_FLOW / RESERVE
    assert stenosis.loss(flow) + bed * flow == pytest.approx(pressure, rel=1e-9)
