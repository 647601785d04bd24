"""Solids, the names of their surfaces, and the skin that is drawn."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulate.geometry.bodies import distorted

from pollux.errors import ModelError
from pollux.simulate.geometry import Solid, box
from pollux.simulate.geometry.drawing import skin
from pollux.simulate.geometry.solid import area_vectors
from pollux.simulate.geometry.space import Space

pytest.importorskip("skfem")

SIZES = st.tuples(*[st.floats(0.01, 10.0)] * 3)
CELLS = st.tuples(*[st.integers(1, 3)] * 3)


@given(size=SIZES, cells=CELLS)
def test_a_box_has_the_volume_and_the_areas_of_a_box(size, cells):
    """Whatever its sides and cells."""
    body = box(size, cells=cells)
    assert body.volume == pytest.approx(math.prod(size), rel=1e-9)
    assert body.area("+z") == pytest.approx(size[0] * size[1], rel=1e-9)
    assert len(body.cells) == math.prod(cells)


def test_a_name_is_given_by_direction_and_place():
    """Faces that look along an axis, within what a predicate says of their middles."""
    body = box((1, 1, 1), cells=(4, 2, 2)).named("half", facing="+z", where=lambda middle: middle[:, 0] < 0.5)
    assert body.area("half") == pytest.approx(0.5)
    assert body.named("all", where=lambda middle: middle[:, 0] > -1).area("all") == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda body: body.named("x"), "facing= or where="),
        (lambda body: body.named("x", facing="up"), "one of -x"),
        (lambda body: body.named("x", where=lambda middle: middle[:, 0] > 5), "reaches from"),
        (lambda body: body.area("+w"), "known are +x"),
        (lambda body: Solid(body.points, body.cells[:0]), "tetrahedra or hexahedra"),
        (lambda body: Solid(body.points[:3], body.cells), "finite points"),
        (lambda body: box((1, 0, 1), cells=(1, 1, 1)), "above zero"),
        (lambda body: box((1, 1, 1), cells=(100, 100, 100)), "cells"),
    ],
)
def test_what_is_no_solid_or_surface_is_refused(ask, said):
    """Names, places, sizes and meshes are checked where they are told."""
    with pytest.raises(ModelError) as refused:
        ask(box((1, 1, 1), cells=(1, 1, 1)))
    assert said in str(refused.value)


def test_a_digest_tells_solids_apart():
    """Another name for a surface makes another solid; the same words make the same."""
    body = box((1, 1, 1), cells=(2, 1, 1))
    assert body.digest == box((1, 1, 1), cells=(2, 1, 1)).digest
    assert body.digest != body.named("top", facing="+z").digest
    assert body.digest != box((1, 1, 1), cells=(1, 2, 1)).digest


def test_the_skin_is_closed_and_looks_outward():
    """Its triangles enclose the volume and have the area of the surface, on a distorted mesh and on tetrahedra."""
    straight = distorted()
    tetrahedra = Space(straight, 1).mesh.to_meshtet()
    for body in (straight, Solid(tetrahedra.p.T.copy(), tetrahedra.t.T.astype(np.int64))):
        drawn = skin(Space(body, 1))
        across = area_vectors(drawn.points, drawn.triangles)
        assert np.linalg.norm(across, axis=1).sum() == pytest.approx(2 * (0.8 + 0.6 + 0.48), rel=1e-9)
        inside = (across * drawn.points[drawn.triangles].mean(axis=1)).sum() / 3
        assert inside == pytest.approx(0.48, rel=1e-9)
        # What is known at corners is, at every point, where the point is.
        assert drawn.corners @ body.points == pytest.approx(drawn.points)
