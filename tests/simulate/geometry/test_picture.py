"""What the 3D view gets: the surface, moved and coloured, from the states of a reduced body."""

import numpy as np
import pytest
from tests.simulate.geometry.bodies import STEEL, beam, slab, wall

from pollux.simulate.geometry import CraigBampton, Modal, reduce, steady

pytest.importorskip("skfem")


def resting(small, given):
    """States and inputs of a reduced body at rest under inputs."""
    form = small.form
    acting = np.array([given.get(one.name, one.zero) - one.zero for one in form.inputs])
    return {**dict(zip(form.states, form.drive @ acting / form.values, strict=False)), **given}


@pytest.mark.parametrize("basis", [Modal(1), CraigBampton(("+x",), 2)])
def test_the_surface_bends_as_the_full_model_at_rest(basis):
    """Its end is where the full model has it, its root does not move, and the greatest stress is at the root."""
    body = beam(STEEL)
    small = reduce(body, basis)
    seen = small.surface(resting(small, {"force": 100.0}))
    end = seen.points[:, 0] > 1 - 1e-6
    assert -seen.displacement[end, 2].mean() == pytest.approx(steady(body.system, {"force": 100.0})["tip"], rel=1e-3)
    assert np.abs(seen.displacement[seen.points[:, 0] < 1e-6]).max() == 0.0
    assert seen.points[seen.colour.argmax(), 0] < 0.11
    middle = np.linalg.norm(seen.points - np.array([0.5, 0.015, 0.02]), axis=1).argmin()
    assert seen.colour[middle] == pytest.approx(steady(body.system, {"force": 100.0})["root"], rel=1e-3)
    assert [one.dtype.str for one in (seen.points, seen.triangles, seen.colour)] == ["<f4", "<u4", "<f4"]


def test_a_softer_body_is_drawn_farther_down():
    """The stiffness of a part counts for the picture as for the states: half of it, twice the static rest."""
    small = reduce(beam(STEEL), Modal(1))
    values = {"force": 100.0, "mode1": 0.0}
    once, twice = small.surface(values), small.surface({**values, "stiffness": 0.5})
    assert twice.displacement == pytest.approx(2 * once.displacement, rel=1e-6)
    assert twice.colour == pytest.approx(once.colour, rel=1e-6)


@pytest.mark.parametrize("make", [wall, slab])
def test_a_warm_surface_has_its_temperatures(make):
    """The faces of the wall have the temperatures that the full model finds, held ones among them; nothing moves."""
    body = make()
    small = reduce(body, Modal(4))
    given = {"room": 295.0, "weather": 268.0} if make is wall else {"left": 310.0, "right": 290.0}
    seen = small.surface(resting(small, given))
    cold = seen.points[:, 0] > seen.points[:, 0].max() - 1e-6
    expected = steady(body.system, given)["outside"] if make is wall else 290.0
    assert seen.colour[cold] == pytest.approx(expected, abs=1e-3)
    assert not seen.displacement.any()
    assert small.surface({}).colour == pytest.approx(293.15 if make is wall else 300.0)
