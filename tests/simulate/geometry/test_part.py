"""Reduced bodies inside twins: compiled, forked, uncertain, and as they were in the full model."""

import dataclasses
import math

import numpy as np
import pytest
from tests.simulate.geometry.bodies import LENGTH, bar, beam, closed, slab, wall

import pollux as px
from pollux.columns.layout import layout_of
from pollux.errors import ModelError
from pollux.model.schema import schema_of
from pollux.simulate import KernelPhysics, Run, run
from pollux.simulate.geometry import Modal, Rayleigh, reduce, steady
from pollux.simulate.geometry.reference import steps
from pollux.testing.physics import check_physics

pytest.importorskip("skfem")

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def arm():
    """A damped cantilever and what is left of it."""
    body = beam(damping=Rayleigh.ratio(0.02, between=("10 Hz", "300 Hz")))
    return body, reduce(body, Modal(3))


@pytest.fixture(scope="module")
def crane(arm):
    """A twin with the beam in it, its force an actuator."""
    made = arm[1].part("Arm", inputs={"force": px.actuator("N", low=0, high=500, start=100)})

    class Crane(px.Twin):
        arm = made()

    return Crane


def ran(kind, seconds, *, step, grid, record, **starts):
    """What a single twin of a type does, from its declared start."""
    schema, layout = schema_of(kind), layout_of(schema_of(kind))
    start = layout.start(1)
    for name, value in starts.items():
        start[layout.place(name.replace("__", "."))] = value
    return run(
        Run(
            schema,
            start,
            0,
            round(seconds * SECOND),
            step=round(step * SECOND),
            grid=round(grid * SECOND),
            record=record,
            backend="numpy",
        )
    )


def test_a_beam_in_a_twin_swings_as_the_full_model_does(arm, crane):
    """The end of the reduced beam follows that of the full one through the jump of a force, within its stated error."""
    body, small = arm
    exact = steps(body.system, np.array([100.0]), 0.2, 2000)[::10] @ body.system.outputs[0]
    found = ran(crane, 0.2, step=1e-4, grid=1e-3, record=("arm.tip",))["arm.tip"][:, 0]
    gap = np.abs(found - exact)[1:].max() / np.abs(exact).max()
    assert gap < small.error.step["tip"]["force"] + 2e-3  # Newmark's own error at this step


def test_stress_in_a_twin_is_von_mises(arm, crane):
    """At rest the derived stress is the full model's, and it falls to zero with the force."""
    body, _ = arm
    found = ran(crane, 0.6, step=1e-4, grid=0.3, record=("arm.root", "arm.tip"), arm__damping=20.0)
    resting = steady(body.system, {"force": 100.0})
    assert found["arm.root"][-1, 0] == pytest.approx(resting["root"], rel=1e-4)
    assert found["arm.tip"][-1, 0] == pytest.approx(resting["tip"], rel=1e-4)
    idle = ran(crane, 0.01, step=1e-4, grid=0.01, record=("arm.root",), arm__force=0.0)
    assert idle["arm.root"][-1, 0] == 0.0


def test_without_damping_energy_stays_but_for_the_fifth_order_of_the_step():
    """The energy of a swinging beam leaks by RK4 alone: half the step, a thirty-second of the loss."""
    small = reduce(beam(), Modal(2))
    made = small.part("Swinging")

    class Swing(px.Twin):
        arm = made()

    losses = []
    for step in (4e-4, 2e-4):
        states = tuple(f"arm.{name}" for name in small.form.states)
        found = ran(Swing, 0.4, step=step, grid=0.4, record=states, arm__mode1=0.01, arm__mode2=0.001)
        before, after = (small.form.energy(found.values[:, at, 0]) for at in (0, -1))
        losses.append(1.0 - after / before)
    assert 0.0 < losses[1] < 1e-4
    assert losses[0] / losses[1] == pytest.approx(32.0, rel=0.1)


def test_a_softer_beam_bends_more_and_swings_slower(arm, crane):
    """Displacement falls with the stiffness, frequency grows with its root, and the stress of a force stays."""
    body, small = arm
    softer = {"arm__stiffness": 0.5, "arm__damping": 20.0}
    soft = ran(crane, 0.6, step=1e-4, grid=0.3, record=("arm.tip", "arm.root"), **softer)
    resting = steady(body.system, {"force": 100.0})
    assert soft["arm.tip"][-1, 0] == pytest.approx(2.0 * resting["tip"], rel=1e-4)
    assert soft["arm.root"][-1, 0] == pytest.approx(resting["root"], rel=1e-4)
    times = np.arange(0.0, 0.5, 1e-3)
    free = {"arm__stiffness": 0.25, "arm__force": 0.0, "arm__mode1": 1.0}
    swing = ran(crane, 0.5, step=1e-4, grid=1e-3, record=("arm.mode1",), **free)["arm.mode1"][:, 0]
    crossings = np.flatnonzero(np.diff(np.sign(swing)))
    period = 2.0 * np.diff(times[crossings]).mean()
    assert 1.0 / period == pytest.approx(0.5 * small.frequencies[0], rel=5e-3)


def test_a_warm_body_scales_with_its_stiffness_too():
    """A strain of temperature moves as far whatever the modulus; its stress, where it is held, grows with it."""
    rod = dataclasses.replace(bar(), supports={"-x": "xyz"}, damping=Rayleigh.ratio(0.5, between=(3000, 30000)))
    made = reduce(rod, Modal(3)).part("Rod", inputs={"warming": px.parameter("K", 50.0)})

    class Held(px.Twin):
        rod = made()

    record = ("rod.end", "rod.peak")
    once, thrice = (
        ran(Held, 0.01, step=2e-6, grid=0.005, record=record, rod__stiffness=stiffness) for stiffness in (1.0, 3.0)
    )
    resting = steady(rod.system, {"warming": 50.0})
    assert once["rod.end"][-1, 0] == pytest.approx(resting["end"], rel=1e-4)
    assert thrice["rod.end"][-1, 0] == pytest.approx(resting["end"], rel=1e-4)
    assert once["rod.peak"][-1, 0] == pytest.approx(resting["peak"], rel=1e-4)
    assert thrice["rod.peak"][-1, 0] == pytest.approx(3.0 * resting["peak"], rel=1e-4)


def test_a_twin_may_drive_it_with_its_own_equations(arm, crane):
    """A driven part gets its inputs from what the twin reckons, in any unit of force, and gives the same numbers."""
    made = arm[1].part("Driven", driven=True)

    class Lift(px.Twin):
        weight = px.parameter("kN", 0.04)
        share = px.parameter("1", 2.5)
        arm = made()

        @px.rate(*arm.coordinates)
        def moves(self):
            return self.arm.moves({"force": self.share * self.weight})

        @px.derived
        def tip(self):
            return self.arm.output("tip", {"force": self.share * self.weight})

    own = ran(crane, 0.1, step=1e-4, grid=1e-2, record=("arm.tip",))["arm.tip"]
    driven = ran(Lift, 0.1, step=1e-4, grid=1e-2, record=("tip",))["tip"]
    assert driven == pytest.approx(own, rel=1e-9, abs=1e-12)


def test_a_wall_in_a_twin_cools_as_the_full_model_does():
    """From an even start the wall goes to where weather, room and heater bring it, on the way of the full model."""
    body = wall()
    small = reduce(body, Modal(6))
    made = small.part(
        "Wall", inputs={"weather": px.sensor("degC", start=-5), "heater": px.actuator("kW", low=0, high=2)}
    )

    class Room(px.Twin):
        wall = made()

    given = np.array([0.0, 268.15 - 293.15, 0.0])
    exact = steps(body.system, given, 4e5, 4000)[::1000] @ body.system.outputs.T + 293.15
    found = ran(Room, 4e5, step=100, grid=1e5, record=("wall.inside", "wall.outside", "wall.mean"))
    for place, name in enumerate(("wall.inside", "wall.outside", "wall.mean")):
        assert found[name][1:, 0] == pytest.approx(exact[1:, place], abs=2e-2)
    assert found["wall.inside"][-1, 0] == pytest.approx(steady(body.system, {"weather": 268.15})["inside"], abs=0.2)


def test_a_closed_body_begins_warm_and_stays_so():
    """A start is a temperature of the whole body, which a closed one keeps; a heater adds its heat."""
    small = reduce(closed(), Modal(2))
    made = small.part("Block", start="350 K")

    class Bath(px.Twin):
        block = made()

    still = ran(Bath, 1000, step=1, grid=1000, record=("block.mean", "block.far"))
    assert still["block.mean"][-1, 0] == pytest.approx(350.0, abs=1e-9)
    assert still["block.far"][-1, 0] == pytest.approx(350.0, abs=1e-9)
    heated = ran(Bath, 1000, step=1, grid=1000, record=("block.mean",), block__heater=100.0, block__capacity=2.0)
    assert heated["block.mean"][-1, 0] == pytest.approx(350.0 + 100 * 1000 / (2 * 7850 * 460 * 0.002), abs=1e-9)


def test_it_forks_with_what_is_not_known(arm):
    """A stiffness with a prior makes an ensemble of beams, and choices of the force are weighed among them."""
    made = arm[1].part("Unsure", inputs={"force": px.actuator("N", low=0, high=500, start=0)})

    class Tower(px.Twin):
        arm = made(stiffness=px.lognormal(1.0, 0.1))

    futures = px.prototype(Tower, members=50, seed=1).run("0.5 s", {Tower.arm.force: [100.0, 200.0]})
    band = futures.band(Tower.arm.tip)
    assert band.median[1, -1] == pytest.approx(2.0 * band.median[0, -1], rel=0.05)
    assert band.high[0, -1] > 1.1 * band.low[0, -1]


def test_compiled_it_is_what_it_is_in_numpy(crane):
    """The kernel that numba makes of the beam gives NumPy's numbers, for few members and for many."""
    schema = schema_of(crane)
    for members in (1, 40):
        start = layout_of(schema).start(members)
        start[layout_of(schema).place("arm.force")] = np.linspace(10.0, 400.0, members)
        ends = [
            run(Run(schema, start, 0, SECOND // 100, step=SECOND // 10_000, record=("arm.root",), backend=backend))
            for backend in ("numpy", "numba")
        ]
        assert ends[1].backend == "numba"
        assert ends[1]["arm.root"] == pytest.approx(ends[0]["arm.root"], rel=1e-9)
        assert ends[1].final == pytest.approx(ends[0].final, rel=1e-9, abs=1e-15, nan_ok=True)


def test_it_is_a_physics_like_others(crane):
    """The type with the beam passes the public exam."""
    schema = schema_of(crane)
    start = layout_of(schema).start(3)
    kept = check_physics(
        lambda: KernelPhysics(schema, start, backend="numpy", longest_step=SECOND // 5000),
        span=SECOND // 100,
        poison="arm.force",
    )
    assert len(kept) == 9


def test_a_type_is_the_same_whenever_it_is_made(arm):
    """Two classes of the same reduction are one type by digest, and its graph stays small."""
    kinds = []
    for _ in range(2):
        made = arm[1].part("Same")

        class Holder(px.Twin):
            arm = made()

        kinds.append(schema_of(Holder))
    assert kinds[0].digest == kinds[1].digest
    assert len(kinds[0].states) == 6


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda small: small.part("Arm", inputs={"push": px.parameter("N", 0)}), "an input of the body"),
        (lambda small: small.part("Arm", driven=True, inputs={"force": px.parameter("N", 0)}), "an input of the body"),
        (lambda small: small.part("Arm", inputs={"force": px.parameter("kg", 0)}), "got m/s"),
        (lambda small: small.part("two words"), "a name of its own"),
        (lambda small: small.part("Arm", start=300), "a body with heat"),
    ],
)
def test_a_part_that_cannot_be_is_refused(arm, ask, said):
    """Names, units and starts are checked when the part is made."""
    with pytest.raises(ModelError, match=said):
        ask(arm[1])


def test_unknown_inputs_and_outputs_are_named(arm):
    """A twin that drives a part is told what it misspelt."""
    made = arm[1].part("Other", driven=True)
    with pytest.raises(ModelError, match="forse"):

        class Wrong(px.Twin):
            arm = made()

            @px.rate(*arm.coordinates)
            def moves(self):
                return self.arm.moves({"forse": px.quantity(1, "N")})


def test_frequencies_are_those_of_the_part(arm):
    """The first frequency is that of a cantilever: 1.8751^2 sqrt(EI / m L^4) / 2 pi."""
    _, small = arm
    first = 1.875104**2 * math.sqrt(210e9 * 0.02**2 / 12 / 7850) / LENGTH**2 / (2 * math.pi)
    assert small.frequencies[0] == pytest.approx(first, rel=5e-3)
    assert slab(4).system.order == 1
