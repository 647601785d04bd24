"""Measured surfaces: volumes, masses, refusals."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pollux as px
from pollux.worlds.heart.mesh import MUSCLE, Mesh, signed_volume, volume, wall_mass, welded
from pollux.worlds.heart.solids import globe, joined, tube

HEART = globe("cavity", (10, 20, 30), (30, 40, 50), turns=160)
LITRES = 4 / 3 * np.pi * 30 * 40 * 50 / 1000


def test_an_ellipsoid_has_its_volume():
    """The volume of an ellipsoid is within 0.1 % of the formula."""
    assert volume(HEART) == pytest.approx(LITRES, rel=1e-3)


@settings(max_examples=20, deadline=None)
@given(st.tuples(*[st.floats(-500, 500)] * 3), st.floats(0.3, 3.0))
def test_volume_follows_scale_and_ignores_place(shift, scale):
    """Moving a scan changes no volume; enlarging it by s changes it by s cubed."""
    moved = replace(HEART, vertices=scale * HEART.vertices + np.array(shift))
    assert volume(moved) == pytest.approx(scale**3 * volume(HEART), rel=1e-9)


def test_a_wall_weighs_its_muscle():
    """The mass of a shell is the volume between its two sheets times 1.05 g/ml."""
    inner = globe("inner", (0, 0, 0), 30.0, turns=120)
    outer = globe("outer", (0, 0, 0), 40.0, turns=120)
    wall = joined("wall", [outer, replace(inner, faces=inner.faces[:, ::-1])])
    assert wall_mass(wall) == pytest.approx(MUSCLE * (volume(outer) - volume(inner)), rel=1e-12)


def test_a_hole_is_refused_with_its_size():
    """An open surface is refused, and says how many edges have no partner."""
    with pytest.raises(px.DataRefused, match="3 edges without a partner") as refused:
        volume(replace(HEART, faces=HEART.faces[1:]))
    assert "fill the holes" in str(refused.value)


def test_an_inverted_surface_is_refused():
    """A surface turned inside out is refused with the hint to flip it."""
    with pytest.raises(px.DataRefused, match="inside out"):
        volume(replace(HEART, faces=HEART.faces[:, ::-1]))


def test_one_flipped_triangle_is_refused():
    """A single triangle that faces the other way is found."""
    faces = HEART.faces.copy()
    faces[7] = faces[7, ::-1]
    with pytest.raises(px.DataRefused, match="walked twice"):
        volume(replace(HEART, faces=faces))


@pytest.mark.parametrize(("factor", "unit"), [(1e-3, "metres"), (0.1, "centimetres")])
def test_other_units_are_named(factor, unit):
    """A heart in metres or centimetres is refused and the hint names the unit."""
    with pytest.raises(px.DataRefused, match=unit):
        volume(replace(HEART, vertices=factor * HEART.vertices), smallest=15, largest=800)


def test_empty_and_infinite_are_refused():
    """A part without triangles or with infinite coordinates is refused."""
    with pytest.raises(px.DataRefused, match="got none"):
        volume(replace(HEART, faces=np.zeros((0, 3), np.int32)))
    wild = HEART.vertices.copy()
    wild[0, 0] = np.inf
    with pytest.raises(px.DataRefused, match="finite"):
        volume(replace(HEART, vertices=wild))


def test_welding_joins_repeated_vertices():
    """A triangle soup, as STL writes it, is closed after welding and keeps its volume."""
    soup = Mesh("soup", HEART.corners.reshape(-1, 3), np.arange(3 * len(HEART.faces), dtype=np.int32).reshape(-1, 3))
    with pytest.raises(px.DataRefused):
        volume(soup)
    assert volume(welded(soup)) == pytest.approx(volume(HEART), rel=1e-6)


def test_tubes_are_closed_and_outward():
    """A capped tube is closed, outward, and holds what a cylinder of its polygon holds."""
    pipe = tube("pipe", [(0, 0, z) for z in np.linspace(0, 50, 26)], 3.0, sides=64)
    assert volume(pipe) == pytest.approx(64 / 2 * np.sin(2 * np.pi / 64) * 9 * 50 / 1000, rel=1e-9)
    assert signed_volume(pipe) > 0
