"""Reductions: exact at rest, as near as they say, the same every time."""

import math

import numpy as np
import pytest
from tests.simulate.geometry.bodies import PLAIN, STEEL, bar, beam, closed, distorted, slab, wall

from pollux.errors import ModelError
from pollux.simulate.geometry import (
    CraigBampton,
    Displacement,
    Force,
    Modal,
    Pod,
    Rayleigh,
    Structure,
    box,
    natural,
    reduce,
    steady,
)
from pollux.simulate.geometry.modes import without
from pollux.simulate.geometry.reference import response, steps

pytest.importorskip("skfem")


@pytest.fixture(scope="module")
def arm():
    """A cantilever with some damping."""
    return beam(damping=Rayleigh.ratio(0.01, between=("10 Hz", "300 Hz")))


@pytest.mark.parametrize("basis", [Modal(2), Pod(3, "0.2 s"), CraigBampton(("+x",), 2)])
@pytest.mark.parametrize("make", [beam, wall])
def test_at_rest_a_reduced_body_is_exact(make, basis):
    """What all modes that were left out do at rest is kept, so that a constant load gives what the full model gives."""
    body = make()
    basis = Pod(3, "12 h") if isinstance(basis, Pod) and make is wall else basis
    small = reduce(body, basis)
    given = {"force": 100.0} if make is beam else {"room": 295.0, "weather": 268.0, "heater": 300.0}
    found = steady(small.form.system(body.system), given)
    assert small.form.modes <= 4
    assert found == pytest.approx(steady(body.system, given), rel=1e-6)


def test_more_modes_are_nearer(arm):
    """The error over one band falls with each mode, and with four it is below a thousandth."""
    errors = [reduce(arm, Modal(n), band="150 Hz").error.response["tip"]["force"] for n in (1, 2, 4)]
    assert errors[0] > 5 * errors[1] > 25 * errors[2]
    assert errors[2] < 1e-3


def test_the_error_is_what_one_finds_oneself(arm):
    """The stated error is that at other frequencies of the band too."""
    small = reduce(arm, Modal(2), band="80 Hz")
    frequencies = np.linspace(1.0, 80.0, 80)
    exact = response(arm.system, frequencies)[:, 0, 0]
    close = response(small.form.system(arm.system), frequencies)[:, 0, 0]
    gap = np.abs(close - exact).max() / np.abs(exact).max()
    assert gap <= 2.0 * small.error.response["tip"]["force"] + 1e-6
    assert "tip under force" in str(small)


def test_modes_that_nothing_moves_are_left_out():
    """Of a square bar that is pushed down, those that bend sideways, twist and stretch are not among the modes."""
    square = Structure(
        solid=box((1, 0.05, 0.05), cells=(8, 1, 1)),
        material=PLAIN,
        supports={"-x": "xyz"},
        loads={"force": Force("+x", "-z")},
        outputs={"tip": Displacement("+x", "-z"), "side": Displacement("+x", "+y")},
    )
    small = reduce(square, Modal(3))
    stiff = math.sqrt(210e9 * 0.05**2 / 12 / 7850) / (2 * math.pi)
    roots = np.array([1.875104, 4.694091, 7.854757])
    assert small.frequencies == pytest.approx(roots**2 * stiff, rel=0.05)
    assert not small.form.outputs[1].any()
    assert not small.form.direct[1].any()


def test_it_is_the_same_every_time():
    """The same question, asked anew, gives the same numbers bit for bit."""
    from pollux.simulate.geometry.reduction import _Reduction

    systems = [beam(STEEL, cells=6).system for _ in range(2)]
    twice = [_Reduction(one, Modal(3).shapes(one), "").reduced(None, None, None) for one in systems]
    for name in ("values", "drive", "outputs", "direct", "masses"):
        assert np.array_equal(getattr(twice[0].form, name), getattr(twice[1].form, name))


def test_craig_and_bampton_meet_the_low_frequencies(arm):
    """With the end as interface, eight fixed modes give the first frequencies to a 400th, from above."""
    exact = list(np.sqrt(natural(arm.system, 8).values) / (2 * math.pi))
    small = reduce(arm, CraigBampton(("+x",), 8), up_to="400 Hz")
    for found in small.frequencies:
        nearest = min(exact, key=lambda one: abs(one - found))
        assert 0.0 <= found / nearest - 1.0 < 2.5e-3
    assert len(small.frequencies) == 3


def test_an_interface_may_have_few_modes_of_its_own(arm):
    """Characteristic constraint modes take the place of the nodes of the end, and the first frequency stays."""
    whole = CraigBampton(("+x",), 3).shapes(arm.system).shapes
    few = CraigBampton(("+x",), 3, interface_modes=4).shapes(arm.system).shapes
    assert whole.shape[1] == 3 + 27
    assert few.shape[1] == 3 + 4
    small = reduce(arm, CraigBampton(("+x",), 3, interface_modes=4), up_to="200 Hz")
    assert small.frequencies[0] == pytest.approx(math.sqrt(natural(arm.system, 1).values[0]) / (2 * math.pi), rel=1e-3)


def test_snapshots_are_left_out_by_as_much_as_is_said():
    """What a projection on POD's shapes misses of the snapshots is the sum of the eigenvalues that were left out."""
    system = wall().system
    shapes = Pod(3, "12 h", 40).shapes(system)
    missed = kept = 0.0
    basis = np.linalg.qr(np.linalg.cholesky(system.mass.toarray()).T @ shapes.shapes)[0]
    root = np.linalg.cholesky(system.mass.toarray()).T
    for case in np.eye(3):
        run = root @ steps(system, case, 12 * 3600.0, 40)[1:].T
        run = run / np.linalg.norm(run)
        missed += float(((run - basis @ (basis.T @ run)) ** 2).sum())
        kept += float((run**2).sum())
    assert missed / kept == pytest.approx(shapes.left_out, rel=1e-6)
    left = [Pod(n, "12 h", 40).shapes(system).left_out or 0.0 for n in (1, 2, 3, 4)]
    assert left == sorted(left, reverse=True)


def test_modes_above_a_frequency_only_follow(arm):
    """`up_to` keeps what is below, and what was dropped still counts at rest."""
    small = reduce(arm, Modal(4), up_to="120 Hz")
    assert len(small.frequencies) == 2
    assert small.frequencies.max() < 120.0
    assert steady(small.form.system(arm.system), {"force": 1.0}) == pytest.approx(steady(arm.system, {"force": 1.0}))


def test_a_closed_body_has_a_mode_that_never_fades():
    """Its mean temperature is a state of its own that only the heater moves: by power over heat capacity."""
    small = reduce(closed(), Modal(2))
    assert small.form.values[0] == 0.0
    assert small.form.masses[0] == pytest.approx(7850 * 460 * 0.002, rel=1e-9)
    assert small.form.drive[0, 0] * small.form.outputs[0, 0] == pytest.approx(1 / (7850 * 460 * 0.002), rel=1e-9)


def test_a_free_body_flies_as_its_mass_says():
    """A push on a free body moves its middle by F / m, and its free motions come before its modes."""
    thing = Structure(
        solid=distorted(),
        material=STEEL,
        supports={},
        loads={"push": Force("+x", "+x")},
        outputs={"front": Displacement("+x", "+x")},
    )
    small = reduce(thing, Modal(2))
    assert (small.form.values == 0.0).sum() == 6
    rigid = small.form.values == 0.0
    moved = small.form.outputs[0, rigid] @ small.form.drive[rigid, 0]
    assert moved == pytest.approx(1 / (7850 * 0.48), rel=1e-2)  # and a little by turning, as the face is not even


def test_shapes_are_natural_modes():
    """Modes are orthonormal in the mass, diagonal in the stiffness, and without any share in the free motions."""
    system = closed().system
    found = natural(system, 5)
    assert found.shapes.T @ (system.mass @ found.shapes) == pytest.approx(np.eye(6), abs=1e-9)
    stiff = found.shapes.T @ (system.stiffness @ found.shapes)
    assert stiff == pytest.approx(np.diag(found.values), abs=1e-8 * found.values.max())
    assert np.abs(without(system.free, system.mass, found.shapes[:, 1:]) - found.shapes[:, 1:]).max() < 1e-9


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: Modal(0), "one mode or more"),
        (lambda: Pod(5, "1 s", snapshots=4), "snapshots"),
        (lambda: reduce(slab(4), CraigBampton(("top",), 2)), "surface of the solid"),
        (lambda: reduce(slab(4), CraigBampton(("-x",), 2)), "interface that can move"),
        (lambda: reduce(bar(), Modal(2), up_to="1 Hz"), "a mode"),
    ],
)
def test_what_cannot_be_reduced_is_refused(ask, said):
    """Questions without an answer are named."""
    with pytest.raises(ModelError, match=said):
        ask()
