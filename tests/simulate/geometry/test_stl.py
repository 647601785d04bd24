"""STL files as they come from CAD, and as they should not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.errors import DataRefused
from pollux.simulate.geometry.stl import closed, triangles, written

CORNERS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], float)
TETRAHEDRON = CORNERS[np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])]


def text_of(corners: np.ndarray) -> bytes:
    """The same triangles as a text file."""
    lines = ["solid body"]
    for triangle in corners:
        lines += ["facet normal 0 0 0", "outer loop"]
        lines += [f"vertex {x} {y} {z}" for x, y, z in triangle]
        lines += ["endloop", "endfacet"]
    return "\n".join([*lines, "endsolid body"]).encode()


@pytest.mark.parametrize("encode", [written, text_of])
def test_both_kinds_of_files_are_read(encode):
    """Binary and text give the same triangles."""
    assert np.array_equal(triangles(encode(TETRAHEDRON)), TETRAHEDRON)


def test_a_closed_body_looks_outward():
    """One that was written inside out is turned, and slivers without area are dropped."""
    sliver = np.array([[CORNERS[0], CORNERS[0], CORNERS[1]]])
    found = closed(np.concatenate([TETRAHEDRON[:, ::-1], sliver]))
    assert len(found) == 4
    assert np.einsum("ij,ij->i", found[:, 0], np.cross(found[:, 1], found[:, 2])).sum() / 6 == pytest.approx(1 / 6)


def test_a_hole_is_refused_with_its_edges():
    """A missing triangle leaves three edges of one."""
    with pytest.raises(DataRefused, match="3 edges of one triangle"):
        closed(TETRAHEDRON[:3])


def test_a_flipped_triangle_is_refused():
    """Neighbours that look opposite ways bound no body."""
    wrong = TETRAHEDRON.copy()
    wrong[0] = wrong[0, ::-1]
    with pytest.raises(DataRefused, match="opposite ways"):
        closed(wrong)


@given(st.binary(max_size=300))
def test_any_other_bytes_are_refused(content):
    """Whatever comes, it is triangles or DataRefused."""
    try:
        found = triangles(content)
    except DataRefused:
        return
    assert found.shape[1:] == (3, 3)
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    "content", [b"solid x\nvertex 1 2 3\n", b"solid x\nvertex 1 2 three\n", b"solid x\n", written(TETRAHEDRON)[:-1]]
)
def test_broken_files_are_refused(content):
    """Files that end in the middle, or say words for numbers, are none."""
    with pytest.raises(DataRefused):
        triangles(content)
