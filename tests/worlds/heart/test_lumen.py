"""Narrowings measured on lumens."""

from dataclasses import replace

import numpy as np
import pytest

import pollux as px
from pollux.worlds.heart.lumen import follow
from pollux.worlds.heart.mesh import Mesh
from pollux.worlds.heart.solids import globe, joined, tube

Z = np.linspace(0, 60, 241)


def vessel(share: float, *, bent: bool = False, taper: float = 0.0, sides: int = 40) -> Mesh:
    bell = np.where(abs(Z - 25) < 7, 0.5 + 0.5 * np.cos(np.pi * (Z - 25) / 7), 0)
    radius = (1.8 - taper * Z / 60) * np.sqrt(1 - share * bell)
    straight = np.stack([0 * Z, Z, 0 * Z], axis=1)
    arc = np.stack([30 * np.cos(Z / 30), 30 * np.sin(Z / 30), 0.004 * Z**2], axis=1)
    return tube("vessel", arc if bent else straight, radius, sides=sides)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.62, 0.9])
@pytest.mark.parametrize("bent", [False, True])
def test_a_narrowing_is_measured_within_one_per_cent(share, bent):
    """The share of area lost and the smallest area are within 1 % of the healthy area, straight or bent."""
    seen = follow(vessel(share, bent=bent))
    healthy = np.pi * 1.8**2
    assert seen.narrowing == pytest.approx(share, abs=0.01)
    assert seen.smallest_area == pytest.approx((1 - share) * healthy, abs=0.01 * healthy)


def test_taper_is_not_taken_for_a_narrowing():
    """A healthy vessel that becomes thinner along its way is not narrowed; one that is, is measured all the same."""
    assert follow(vessel(0.0, taper=0.8)).narrowing < 0.01
    assert follow(vessel(0.62, taper=0.8)).narrowing == pytest.approx(0.62, abs=0.015)


def test_the_narrowest_place_is_found():
    """The narrowing lies where it was made, 25 mm along the vessel."""
    seen = follow(vessel(0.62))
    assert seen.centre[seen.narrowest, 1] == pytest.approx(25, abs=0.6)


def test_a_cavity_is_no_vessel():
    """A whole cavity in place of a lumen is refused for its size, and two pieces are refused as such."""
    with pytest.raises(px.DataRefused, match="mean radius"):
        follow(globe("cavity", (0, 0, 0), 30.0))
    twin = vessel(0.3)
    with pytest.raises(px.DataRefused, match="several"):
        follow(joined("two", [twin, replace(twin, vertices=twin.vertices + 100.0)]))
