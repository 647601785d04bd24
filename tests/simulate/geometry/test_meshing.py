"""Solids from STEP files, STL files and words, meshed by gmsh in a process of its own."""

import math
import os
import signal
import sys
from importlib import import_module

import numpy as np
import pytest
from tests.simulate.geometry.bodies import PLAIN

from pollux.errors import DataRefused, ModelError, SetupError
from pollux.simulate.geometry import Displacement, Force, Structure, cylinder, meshing, natural, steady, step, stl
from pollux.simulate.geometry.stl import triangles, written

pytest.importorskip("skfem")
try:
    gmsh = import_module("gmsh")
except (ImportError, OSError) as missing:  # OSError: installed, but a library that it is linked to is not
    pytest.skip(f"gmsh does not load here: {missing}", allow_module_level=True)

BAR = (0.2, 0.02, 0.02)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A bar as STEP in millimetres and as STL, two bars in one file, and a bar's open skin."""
    folder = tmp_path_factory.mktemp("cad")
    gmsh.initialize(interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        gmsh.option.setNumber("General.Verbosity", 0)
        gmsh.model.occ.addBox(0, 0, 0, *(1000 * one for one in BAR))
        gmsh.model.occ.synchronize()
        gmsh.write(str(folder / "bar.step"))
        gmsh.option.setNumber("Mesh.MeshSizeMax", 20)
        gmsh.model.mesh.generate(2)
        gmsh.option.setNumber("Mesh.Binary", 1)
        gmsh.write(str(folder / "bar.stl"))
        gmsh.model.occ.addBox(0, 50, 0, 10, 10, 10)
        gmsh.model.occ.synchronize()
        gmsh.write(str(folder / "two.step"))
        gmsh.clear()
        gmsh.model.occ.addRectangle(0, 0, 0, 10, 10)
        gmsh.model.occ.synchronize()
        gmsh.write(str(folder / "open.step"))
    finally:
        gmsh.finalize()
        # It gives SIGPIPE back its default: the next peer that hangs up would end this process without a word.
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    (folder / "not.step").write_text("this is no STEP file")
    return folder


def test_a_step_file_says_its_unit_itself(files):
    """A bar of 200 mm is one of 0.2 m, closed, and its six faces are numbered."""
    bar = step(files / "bar.step", size="20 mm")
    assert bar.volume == pytest.approx(math.prod(BAR), rel=1e-9)
    assert bar.extent[1] == pytest.approx(BAR)
    assert sorted(bar.surfaces) == [f"face {number}" for number in range(1, 7)]
    assert sum(bar.area(name) for name in bar.surfaces) == pytest.approx(4 * 0.2 * 0.02 + 2 * 0.02**2, rel=1e-9)
    assert step(files / "bar.step", size="20 mm").digest == bar.digest


@pytest.mark.parametrize("kind", ["step", "stl"])
def test_a_beam_of_quadratic_tetrahedra_bends_as_one_of_books(files, kind):
    """One cell through the thickness is enough: the end goes down by F L^3 / 3EI and shear, to one in a hundred."""
    if kind == "step":
        bar = step(files / "bar.step", size="20 mm")
    else:
        bar = stl(files / "bar.stl", size="20 mm", length_unit="mm")
    beam = Structure(
        solid=bar.named("root", facing="-x").named("end", facing="+x"),
        material=PLAIN,
        supports={"root": "xyz"},
        loads={"force": Force("end", "-z")},
        outputs={"tip": Displacement("end", "-z")},
    )
    length, height, _ = BAR
    expected = length**3 / (3 * 210e9 * height**4 / 12) + length / (5 / 6 * 105e9 * height**2)
    assert steady(beam.system, {"force": 1.0})["tip"] == pytest.approx(expected, rel=1e-2)
    if kind == "step":
        first = 1.875104**2 * math.sqrt(210e9 * height**2 / 12 / 7850) / length**2
        assert math.sqrt(natural(beam.system, 1).values[0]) == pytest.approx(first, rel=2e-2)


def test_a_round_bar_is_round(files):
    """Its volume is that of the cylinder less what straight edges cut off, and its ends have names."""
    bar = cylinder(radius="10 mm", length="40 mm", size="6 mm")
    assert bar.volume == pytest.approx(math.pi * 0.01**2 * 0.04, rel=0.05)
    assert bar.area("-z") == pytest.approx(bar.area("+z"), rel=1e-3)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda folder: step(folder / "two.step", size="5 mm"), "got 2 solids"),
        (lambda folder: step(folder / "open.step", size="5 mm"), "got 1 open surfaces"),
        (lambda folder: step(folder / "not.step", size="5 mm"), "geometry that can be meshed|got nothing"),
        (lambda folder: step(folder / "bar.step", size="5 m"), "is the unit right"),
        (lambda folder: step(folder / "bar.step", size="0.05 mm"), "up to 100,000 cells"),
        (lambda folder: stl(folder / "bar.stl", size="5 mm", length_unit="m"), "up to 100,000 cells"),
    ],
)
def test_geometry_without_a_mesh_is_refused_with_the_reason(files, ask, said):
    """Several solids, open surfaces, other files and wrong units are told apart."""
    with pytest.raises(DataRefused, match=said):
        ask(files)


def test_surfaces_through_each_other_are_refused(files, tmp_path):
    """Two closed skins that cross have no inside that gmsh could fill."""
    one = triangles((files / "bar.stl").read_bytes())
    other = one + np.array([50.0, 5.0, 7.0])
    (tmp_path / "crossed.stl").write_bytes(written(np.concatenate([one, other])))
    with pytest.raises(DataRefused, match="geometry that can be meshed"):
        stl(tmp_path / "crossed.stl", size="20 mm", length_unit="mm")


def test_a_mesher_that_hangs_or_dies_is_not_our_death(files, monkeypatch, tmp_path):
    """A child that takes too long or ends without a word is an error that says so."""
    monkeypatch.setenv("POLLUX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(meshing, "PATIENCE", 0.01)
    with pytest.raises(DataRefused, match=r"within 0\.01 s"):
        step(files / "bar.step", size="20 mm")
    monkeypatch.setattr(meshing, "PATIENCE", 600.0)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(DataRefused, match="the end of the mesher"):
        step(files / "bar.step", size="20 mm")


def test_a_machine_without_gmsh_is_told_so(files, monkeypatch, tmp_path):
    """Where gmsh is installed and cannot be loaded, the error names what it lacks and how to get it."""
    (tmp_path / "gmsh.py").write_text("raise OSError('libGLU.so.1: cannot open shared object file')")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    monkeypatch.setenv("POLLUX_CACHE", str(tmp_path / "cache"))
    with pytest.raises(SetupError, match=r"libGLU\.so\.1") as refused:
        step(files / "bar.step", size="20 mm")
    assert "libglu1-mesa" in str(refused.value)


@pytest.mark.parametrize("size", [0, "-1 mm"])
def test_a_size_is_above_zero(files, size):
    """No mesh has cells of no size."""
    with pytest.raises(ModelError, match="above zero"):
        step(files / "bar.step", size=size)
    with pytest.raises(ModelError, match="above zero"):
        cylinder(radius=0, length=1, size=1)
