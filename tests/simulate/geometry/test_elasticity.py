"""Elasticity against beams, plates and bars that are known in closed form."""

import math

import numpy as np
import pytest
from tests.simulate.geometry.bodies import HEIGHT, LENGTH, PLAIN, STEEL, WIDTH, bar, beam, distorted, plate

from pollux.errors import ModelError
from pollux.simulate.geometry import (
    Acceleration,
    Displacement,
    Force,
    Material,
    Rayleigh,
    Structure,
    box,
    natural,
    steady,
)

pytest.importorskip("skfem")

E = 210e9
INERTIA, AREA = WIDTH * HEIGHT**3 / 12, WIDTH * HEIGHT


@pytest.fixture(scope="module")
def arm():
    """A cantilever without Poisson's ratio."""
    return beam()


def test_a_force_bends_a_cantilever_as_timoshenko_says(arm):
    """The end goes down by F L^3 / 3EI and, by shear, F L / kGA (k = 5/6); the skin in the middle feels F L/2 / W."""
    found = steady(arm.system, {"force": 100.0})
    bending, shear = 100.0 * LENGTH**3 / (3 * E * INERTIA), 100.0 * LENGTH / (5 / 6 * E / 2 * AREA)
    assert found["tip"] == pytest.approx(bending + shear, rel=2e-3)
    assert found["root"] == pytest.approx(100.0 * 0.5 * LENGTH * (HEIGHT / 2) / INERTIA, rel=2e-3)


def test_its_weight_bends_it_as_a_line_load():
    """Under its own weight the end of a cantilever goes down by q L^4 / 8EI, and a little more by shear."""
    solid = box((LENGTH, WIDTH, HEIGHT), cells=(10, 1, 1))
    heavy = Structure(
        solid=solid,
        material=PLAIN,
        supports={"-x": "xyz"},
        loads={"gravity": Acceleration("-z")},
        outputs={"tip": Displacement("+x", "-z")},
    )
    expected = 7850 * 9.81 * AREA * LENGTH**4 / (8 * E * INERTIA)
    assert steady(heavy.system, {"gravity": 9.81})["tip"] == pytest.approx(expected, rel=4e-3)


def test_it_swings_at_the_frequencies_of_euler_and_bernoulli():
    """The first three in each plane; at a slenderness of 33 to 50 shear and rotation lower the third by up to 1.5 %."""
    found = np.sqrt(natural(beam(cells=20).system, 14).values) / (2 * math.pi)
    for height, width in ((HEIGHT, WIDTH), (WIDTH, HEIGHT)):
        stiff = math.sqrt(E * width * height**3 / 12 / (7850 * AREA * LENGTH**4)) / (2 * math.pi)
        for root, within in ((1.875104, 2e-3), (4.694091, 6e-3), (7.854757, 1.5e-2)):
            assert np.abs(found - root**2 * stiff).min() < within * root**2 * stiff


def test_a_plate_bends_and_swings_as_kirchhoff_says():
    """The middle goes down by 0.00406 q a^4 / D (Timoshenko), and omega = 2 pi^2 sqrt(D / m)."""
    square = plate()
    rigidity = E * 0.01**3 / (12 * (1 - 0.3**2))
    assert steady(square.system, {"pressure": 1000.0})["middle"] == pytest.approx(0.00406 * 1000 / rigidity, rel=1e-2)
    first = natural(square.system, 1).values[0]
    assert math.sqrt(first) == pytest.approx(2 * math.pi**2 * math.sqrt(rigidity / (7850 * 0.01)), rel=1e-2)


def test_a_free_bar_expands_without_stress():
    """It grows by alpha L dT and feels nothing; a pull stretches it by F L / EA and is the stress everywhere."""
    held = bar()
    warm = steady(held.system, {"warming": 100.0})
    assert warm["end"] == pytest.approx(12e-6 * 0.5 * 100.0, rel=1e-9)
    assert warm["stress"] < 1.0  # of 250 MPa if it could not expand
    pulled = steady(held.system, {"pull": 1e4})
    assert pulled["end"] == pytest.approx(1e4 * 0.5 / (E * 0.01), rel=1e-9)
    assert [pulled["stress"], pulled["peak"]] == pytest.approx([1e6, 1e6], rel=1e-9)


def test_an_even_strain_is_met_exactly_on_a_distorted_mesh():
    """The patch test: in a linear displacement no inner node feels a force, and the energy is that of the strain."""
    free = Structure(solid=distorted(), material=STEEL, supports={}, loads={}, outputs={"x": Displacement("+x", "+x")})
    gradient = np.array([[1.0, 0.4, -0.2], [0.1, -0.5, 0.3], [0.2, 0.1, 0.7]]) * 1e-3
    nodes, places = free.space.nodes, free.space.places
    field = np.zeros(free.space.size)
    field[places.T] = nodes @ gradient.T
    forces = free.system.stiffness @ field
    low, high = free.solid.extent
    inner = ((nodes > low + 1e-9) & (nodes < high - 1e-9)).all(axis=1)
    assert np.abs(forces[places[:, inner]]).max() < 1e-9 * np.abs(forces).max()
    strain = (gradient + gradient.T) / 2
    lam, mu = STEEL.lame
    density = 0.5 * lam * np.trace(strain) ** 2 + mu * (strain**2).sum()
    assert 0.5 * field @ forces == pytest.approx(density * 0.48, rel=1e-10)


def test_what_one_place_does_to_another_the_other_does_to_it():
    """Betti and Maxwell: the displacement at B under a force at A is that at A under a force at B."""
    solid = distorted().named("patch", facing="+z", where=lambda middle: middle[:, 0] < 0.4)
    places = {"end": ("+x", (0.0, 1.0, 2.0)), "patch": ("patch", (1.0, 0.0, -1.0)), "side": ("+y", (1.0, 2.0, 3.0))}
    mutual = Structure(
        solid=solid,
        material=STEEL,
        supports={"-x": "xyz"},
        loads={name: Force(*place) for name, place in places.items()},
        outputs={name: Displacement(*place) for name, place in places.items()},
    )
    found = np.array([[steady(mutual.system, {one: 1.0})[other] for other in places] for one in places])
    assert found == pytest.approx(found.T, rel=1e-9)
    assert np.linalg.eigvalsh((found + found.T) / 2).min() > 0.0


def test_a_body_that_is_not_held_moves_freely():
    """Six motions cost no energy, they carry all of its mass, and a bar on three planes has none."""
    free = Structure(solid=distorted(), material=STEEL, supports={}, loads={}, outputs={"x": Displacement("+x", "+x")})
    system = free.system
    assert system.free.shape[1] == 6
    assert np.abs(system.stiffness @ system.free).max() < 1e-6 * np.abs(system.stiffness.data).max()
    along = np.zeros(free.space.size)
    along[free.space.places[0]] = 1.0
    assert along @ (system.mass @ along) == pytest.approx(7850 * 0.48, rel=1e-10)
    assert bar().system.free.shape[1] == 0


def test_finer_meshes_come_nearer_and_from_below():
    """A displacement that is chosen from few is too stiff: the end of a beam goes farther down with each finer mesh."""
    tips = [steady(beam(STEEL, cells=n).system, {"force": 1.0})["tip"] for n in (2, 4, 8, 16)]
    assert tips == sorted(tips)
    gaps = np.diff(tips)
    assert gaps[2] < gaps[1] / 2


def test_damping_is_told_by_its_ratio():
    """Rayleigh's damping has the ratio at both frequencies and less between them."""
    damping = Rayleigh.ratio(0.02, between=("10 Hz", "100 Hz"))
    assert damping.of(2 * math.pi * 100) == pytest.approx(0.02)
    assert damping.of(2 * math.pi * 30) < 0.02


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"supports": {"-w": "xyz"}}, "surface of the solid"),
        ({"supports": {"-x": "xyw"}}, "some of x, y and z"),
        ({"loads": {"f": Force("+x", (0, 0, 0))}}, "three numbers"),
        ({"outputs": {}}, "got none"),
        ({"outputs": {"o": Displacement((3, 0, 0), "+x")}}, "a point of the solid"),
        ({"material": Material(density=1)}, "youngs_modulus"),
    ],
)
def test_what_cannot_be_is_refused(wrong, said):
    """Unknown surfaces, directions without length, points outside and missing constants are named."""
    good = {
        "solid": box((1, 1, 1), cells=(1, 1, 1)),
        "material": PLAIN,
        "supports": {"-x": "xyz"},
        "loads": {},
        "outputs": {"o": Displacement("+x", "+x")},
    }
    with pytest.raises(ModelError, match=said):
        _ = Structure(**{**good, **wrong}).system


@pytest.mark.parametrize("wrong", [{"density": -1}, {"youngs_modulus": "3 kg"}, {"poissons_ratio": 0.5}])
def test_no_material_is_like_that(wrong):
    """Constants outside of what a material can have are refused where they are told."""
    with pytest.raises(ModelError):
        Material(**{"density": 1000, **wrong})
