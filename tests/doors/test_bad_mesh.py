"""A scan that is open, inverted or of another scale, as the file that comes: refused with what to do about it."""

from pathlib import Path

import numpy as np
import pytest

import pollux as px
from pollux.worlds.heart.files import load
from pollux.worlds.heart.mesh import volume

CORNERS = np.array([(x, y, z) for x in (0, 50) for y in (0, 50) for z in (0, 50)], float)
BOX = [(0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1), (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4),
       (1, 5, 7), (1, 7, 3)]  # fmt: skip
"""Twelve triangles of a box of 50 mm, seen from outside."""


def written(path: Path, faces: list[tuple[int, int, int]], *, scale: float = 1.0) -> Path:
    """The triangles as a text STL."""
    lines = ["solid box"]
    for face in faces:
        lines += ["facet normal 0 0 0", "outer loop"]
        lines += ["vertex " + " ".join(f"{value * scale:g}" for value in CORNERS[place]) for place in face]
        lines += ["endloop", "endfacet"]
    path.write_text("\n".join([*lines, "endsolid box"]))
    return path


def refused(path: Path) -> px.DataRefused:
    """Why the volume of a scanned heart is not taken from a file."""
    (mesh,) = load(path)
    with pytest.raises(px.DataRefused) as caught:
        volume(mesh, smallest=20, largest=500)
    return caught.value


def test_a_good_scan_is_measured(tmp_path: Path) -> None:
    """The harness can succeed: the box is 125 ml."""
    (mesh,) = load(written(tmp_path / "lv.stl", BOX))
    assert volume(mesh, smallest=20, largest=500) == pytest.approx(125)


def test_an_open_scan_is_refused(tmp_path: Path) -> None:
    """A missing triangle: how many edges lack a partner, and where to fill the hole."""
    told = refused(written(tmp_path / "lv.stl", BOX[1:]))
    assert "3 edges without a partner" in told.message
    assert told.at == "lv"
    assert "fill the holes" in str(told.hint)


def test_an_inverted_scan_is_refused(tmp_path: Path) -> None:
    """All triangles turned inside out, and one alone: each is told apart from a hole."""
    inside_out = refused(written(tmp_path / "lv.stl", [face[::-1] for face in BOX]))
    assert "-125 ml" in inside_out.message
    assert "flip" in str(inside_out.hint)
    one = refused(written(tmp_path / "one.stl", [BOX[0][::-1], *BOX[1:]]))
    assert "twice" in one.message
    assert one.hint


@pytest.mark.parametrize(("scale", "unit"), [(1e-3, "metres"), (0.1, "centimetres"), (1 / 25.4, "inches")])
def test_a_scan_of_another_scale_is_refused_with_its_unit(tmp_path: Path, scale: float, unit: str) -> None:
    """The hint names the unit that would make sense, and with it the file is read."""
    path = written(tmp_path / "lv.stl", BOX, scale=scale)
    told = refused(path)
    assert f"unit={unit!r}" in str(told.hint)
    (mesh,) = load(path, unit=unit)
    assert volume(mesh, smallest=20, largest=500) == pytest.approx(125, rel=1e-3)
