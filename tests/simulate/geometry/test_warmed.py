"""Structures that follow at rest, and that bend because they are unevenly warm."""

import dataclasses

import numpy as np
import pytest
from tests.simulate.geometry.bodies import STEEL, bar, beam, distorted

import pollux as px
from pollux.columns.layout import layout_of
from pollux.errors import ModelError
from pollux.model.schema import schema_of
from pollux.simulate import Run, run
from pollux.simulate.geometry import (
    Displacement,
    Heat,
    Held,
    Modal,
    Static,
    Structure,
    Temperature,
    Warmed,
    Warming,
    box,
    read,
    reduce,
    steady,
    write,
)
from pollux.simulate.geometry.reference import steps

pytest.importorskip("skfem")

SECOND = 1_000_000_000
LENGTH, HEIGHT = 0.5, 0.02
STRIP = box((LENGTH, 0.03, HEIGHT), cells=(6, 1, 2))


@pytest.fixture(scope="module")
def strip():
    """A strip of steel between two temperatures, and what is left of its heat."""
    body = Heat(
        solid=STRIP,
        material=STEEL,
        exchanges={"below": Held("-z"), "above": Held("+z")},
        outputs={"middle": Temperature((0.25, 0.015, 0.01))},
        reference=300,
    )
    return body, reduce(body, Modal(3))


def warmed(small, **more):
    """The strip as a cantilever that is warmed by it."""
    return Structure(
        solid=STRIP,
        material=STEEL,
        supports={"-x": "x", "-y": "y"} | more.pop("supports", {"-x": "xz"}),
        loads={"warm": Warmed(small)},
        outputs={"tip": Displacement("+x", "-z"), "long": Displacement("+x", "+x")},
        **more,
    )


def test_a_body_that_follows_has_no_state(tmp_path):
    """Under loads at rest it is exact, its outputs follow at once, and it says what it misses of a jump."""
    body = beam()
    small = reduce(body, Static())
    assert small.form.states == ()
    assert small.error.response["tip"]["force"] < 0.02  # a hundredth, at a tenth of the lowest frequency
    # Without damping a jump swings from nothing to the double, and misses by half of that.
    assert small.error.step["tip"]["force"] == pytest.approx(0.5, abs=0.01)
    assert steady(small.form.system(body.system), {"force": 50.0}) == pytest.approx(
        steady(body.system, {"force": 50.0})
    )
    write(small, tmp_path / "beam")
    made = read(tmp_path / "beam").part("Still", inputs={"force": px.parameter("kN", 0.05)})

    class Crane(px.Twin):
        arm = made()

    found = px.prototype(Crane).run("1 s").band(Crane.arm.tip).median[0]
    assert found == pytest.approx(np.full(len(found), steady(body.system, {"force": 50.0})["tip"]), rel=1e-6)


def test_a_strip_that_is_warmer_above_bends_down(strip):
    """A gradient of dT over the height of a free strip gives the curvature alpha dT / h: its ends lag by L^2 / 8."""
    heat, small = strip
    ends = {
        name: Displacement(at, "+z") for name, at in (("left", "-x"), ("right", "+x"), ("middle", (0.25, 0.015, 0.01)))
    }
    body = dataclasses.replace(warmed(small), supports={}, outputs=ends | {"long": Displacement("+x", "+x")})
    rest = steady(heat.system, {"below": 300.0, "above": 340.0})["middle"]
    assert rest == pytest.approx(320.0)
    form = small.form
    acting = np.array([0.0, 40.0])
    modes = dict(zip((f"warm_mode{n + 1}" for n in range(form.modes)), form.drive @ acting / form.values, strict=True))
    found = steady(body.system, {**modes, "warm_below": 300.0, "warm_above": 340.0})
    lag = found["middle"] - (found["left"] + found["right"]) / 2
    assert lag == pytest.approx(12e-6 * 40 / HEIGHT * LENGTH**2 / 8, rel=5e-3)
    assert found["long"] == pytest.approx(12e-6 * 20 * LENGTH / 2, rel=1e-6)


def test_an_even_temperature_is_a_warming(strip):
    """Where both faces are as warm, the modes and the inputs together do what an even rise does."""
    _, small = strip
    form, acting = strip[1].form, np.array([30.0, 30.0])
    modes = dict(zip((f"warm_mode{n + 1}" for n in range(form.modes)), form.drive @ acting / form.values, strict=True))
    uneven = steady(warmed(small).system, {**modes, "warm_below": 330.0, "warm_above": 330.0})
    even = dataclasses.replace(warmed(small), loads={"warm": Warming()})
    assert uneven["long"] == pytest.approx(steady(even.system, {"warm": 30.0})["long"], rel=1e-6)


def test_heat_and_structure_run_in_one_twin(strip):
    """As heat goes through the strip its end moves, as the full models of both have it at each moment."""
    heat, small = strip
    body = warmed(small)
    warm, frame = small.part("Warm", inputs={"above": px.parameter("K", 340)}), reduce(body, Static())
    made = frame.part("Frame", driven=True)

    class Strip(px.Twin):
        heat = warm()
        frame = made()

        @px.derived
        def tip(self):
            return self.frame.output("tip", self.heat.warmth("warm"))

    schema = schema_of(Strip)
    found = run(
        Run(schema, layout_of(schema).start(1), 0, 2 * SECOND, step=SECOND // 100, grid=SECOND // 2, record=("tip",))
    )["tip"][:, 0]
    given = np.array([0.0, 40.0])
    fields = steps(heat.system, given, 2.0, 2000)[::500]
    nodal = heat.system.nodal
    temperatures = fields @ nodal.of_unknowns.T.toarray() + nodal.of_inputs @ given
    exact = [tip_of(body, temperature) for temperature in temperatures]
    assert found[1:] == pytest.approx(np.array(exact[1:]), rel=0.02)
    assert found[-1] > 1.2 * found[1]


def tip_of(body, temperature):
    """Where the end of the full structure is at rest when its nodes have these rises of temperature."""
    from pollux.simulate.geometry.loading import _expansion
    from pollux.simulate.geometry.statics import at_rest

    system, space = body.system, body.space
    held = np.concatenate([space.held("-x", (0, 2)), space.held("-y", (1,))])
    kept = np.setdiff1d(np.arange(space.size), held)
    load = (_expansion(space, STEEL) @ temperature)[kept]
    return float(system.outputs[0] @ at_rest(system.stiffness, system.mass, system.free)(load))


def test_another_solid_cannot_warm_it(strip):
    """A mesh that differs, or a structure, is refused as a source of temperatures."""
    with pytest.raises(ModelError, match="another solid"):
        _ = dataclasses.replace(warmed(strip[1]), solid=distorted(), supports={"-x": "xyz"}).system
    with pytest.raises(ModelError, match="got a structure"):
        _ = warmed(reduce(bar(), Modal(1))).system


def test_only_heat_warms(strip):
    """A structure has no warmth to give."""
    made = reduce(beam(), Modal(1)).part("Arm")
    with pytest.raises(ModelError, match="a body with heat"):

        class Wrong(px.Twin):
            arm = made()

            @px.derived
            def warm(self):
                return self.arm.warmth("warm")["warm_mode1"]
