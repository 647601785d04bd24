"""What nature keeps, the kernels keep: mass and energy over random members of the worlds and of small machines.

Where a law is linear in the states (volumes of a closed loop, heat stored and lost, the turning of wheels) the method
of Runge and Kutta keeps it to rounding, whatever the step. Where it is not (the energy of a pendulum, the invariant of
hunters and prey) the error falls with the fourth power of the step.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.castor.plants import Kiln
from tests.published.models_agriculture import Field
from tests.published.models_ecology import Hunting
from tests.published.models_mechanics import Flywheel, Pendulum, Spring
from tests.published.models_thermal import House

import pollux as px
from pollux.castor.plant import Plant
from pollux.columns.arrays import F64
from pollux.columns.layout import layout_of
from pollux.model.graph import Expr
from pollux.model.schema import schema_of
from pollux.simulate import Outcome, Run, Tolerance, run
from pollux.worlds.heart.circulation import Circulation
from pollux.worlds.heart.cvsim import CVSim
from pollux.worlds.heart.patient import Patient
from pollux.worlds.heart.smith import Smith
from pollux.worlds.heart.ursino import Ursino
from pollux.worlds.incubator.box import Incubator

SECOND = 10**9
HOUR = 3600
DAY = 86_400
FOREVER = 1e15
"""Seconds in which a circulation would be refilled: it is closed."""

seeds = st.integers(0, 2**32 - 1)


def drawn(kind: type, members: int, seed: int, **given: float) -> F64:
    """Members of a type, each with what its priors allow; `given` are the same for all."""
    layout = layout_of(schema_of(kind))
    start = layout.start(members, np.random.default_rng(seed))
    for name, value in given.items():
        start[layout.place(name)] = value
    return start


def moved(kind: type, start: F64, seconds: float, *, dt: float, **wanted: Any) -> Outcome:
    """Members ahead by steps of one length, in the classical method."""
    chosen: dict[str, Any] = {"backend": "numpy", "method": "rk4", **wanted}
    return run(Run(schema_of(kind), start, 0, round(seconds * SECOND), step=round(dt * SECOND), **chosen))


def flow(kind: type, name: str) -> Expr:
    """The expression of a derived value, to be integrated."""
    return schema_of(kind).expression(name)


# -- mass -------------------------------------------------------------------------------------------------------------

LOOPS: Mapping[type, tuple[str, ...]] = {
    Circulation: ("svr", "pvr", "lv.stiffness", "rv.stiffness", "arteries.compliance", "heart_rate", "k_aortic"),
    CVSim: ("r_body", "r_lungs", "left.systolic", "heart_rate"),
    Smith: ("r_sys", "r_pul", "e_sa", "e_pa", "heart_rate"),
    Ursino: ("left.strongest", "right.strongest", "r_pp", "c_sa"),
}
"""The circulations, and what differs from member to member."""


@pytest.mark.parametrize("kind", LOOPS)
@settings(max_examples=3, deadline=None)
@given(seed=seeds)
def test_blood_is_neither_made_nor_lost_in_a_beat(kind: type, seed: int) -> None:
    """A closed circulation holds the same volume through five seconds of beats, whatever the patient: to 1e-12."""
    layout, rng = layout_of(schema_of(kind)), np.random.default_rng(seed)
    start = drawn(kind, 20, seed, filling_time=FOREVER)
    for name in LOOPS[kind]:
        start[layout.place(name)] *= np.exp(rng.normal(0, 0.2, 20))
    found = moved(kind, start, 5, dt=1e-3, grid=SECOND // 4, record=("total",), backend="numba")
    assert not found.failed.any()
    assert np.ptp(found["total"] / found["total"][0], axis=0).max() < 1e-12


def test_a_patient_who_neither_eats_nor_excretes_keeps_his_blood() -> None:
    """Over two days blood, fluid and weight stand still, and the heartbeat that settles inside holds that blood."""
    shut = {"intake": 0, "surplus": 0, "kidneys": 0, "loop_effect": 0, "diuresis": 0}
    start, layout = drawn(Patient, 12, 5, **shut), layout_of(schema_of(Patient))
    wanted: dict[str, Any] = {"grid": 12 * HOUR * SECOND, "record": ("blood", "fluid", "weight"), "backend": "numba"}
    found = moved(Patient, start, 2 * DAY, dt=HOUR, **wanted)
    assert not found.failed.any()
    for name in wanted["record"]:
        np.testing.assert_array_equal(found[name], np.broadcast_to(found[name][0], found[name].shape))
    (fast,) = layout.settled
    column = found.final[fast.start : fast.start + fast.layout.width]
    volumes = sum(column[fast.layout.place(name)] for name in fast.layout.schema.states if name.endswith(".volume"))
    np.testing.assert_allclose(volumes, found["blood"][-1], rtol=1e-8)


@settings(max_examples=5, deadline=None)
@given(seed=seeds)
def test_the_water_of_a_soil_is_all_accounted_for(seed: int) -> None:
    """What falls and is given runs off, seeps, is drunk or stays, through any three months."""
    rng = np.random.default_rng(seed)
    rain = np.where(rng.random(90) < 0.4, rng.gamma(0.7, 15, 90), 0.0)
    start = drawn(Field, 8, seed)
    layout = layout_of(schema_of(Field))
    for name, low, high in (("roots", 0.2, 1.5), ("portion", 0, 40), ("crop", 0.3, 1.3), ("depletion", 0, 30)):
        start[layout.place(name)] = rng.uniform(low, high, 8)
    inputs = {"rain": px.level([day * DAY * SECOND for day in range(90)], rain.tolist())}
    found = moved(Field, start, 90 * DAY, dt=DAY / 4, inputs=inputs).final
    last = {name: found[layout.place(name)] for name in layout.schema.states}
    in_and_out = last["fallen"] + last["watered"] - last["run_off"] - last["drunk"] - last["seeped"]
    np.testing.assert_allclose(start[layout.place("depletion")] - last["depletion"], in_and_out, atol=1e-9)


# -- heat -------------------------------------------------------------------------------------------------------------


@settings(max_examples=10, deadline=None)
@given(seed=seeds)
def test_the_incubator_stores_what_it_is_given_and_does_not_lose(seed: int) -> None:
    """Heat of heater and air = power in - loss through the box + leak, for any box and any course of its heater."""
    rng, layout = np.random.default_rng(seed), layout_of(schema_of(Incubator))
    start = drawn(Incubator, 16, seed)
    heater = px.level([minute * 60 * SECOND for minute in range(60)], rng.integers(0, 2, 60).astype(float).tolist())
    lost = {"given": flow(Incubator, "air"), "on": flow(Incubator, "heater")}
    found = moved(Incubator, start, HOUR, dt=2, inputs={"heater": heater}, integrate=lost)
    box = {name: start[layout.place(name)] for name in layout.names[layout.params] if name != "heater"}
    warmer = {name: found.final[layout.place(name)] - start[layout.place(name)] for name in ("air", "element")}
    stored = box["air_capacity"] * warmer["air"] + box["heater_capacity"] * warmer["element"]
    through = box["box_conductance"] * (found.integrals["given"] - box["room"] * HOUR)
    given_in = box["power"] * found.integrals["on"]
    np.testing.assert_allclose(stored, given_in - through + box["leak"] * HOUR, rtol=1e-9, atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(seed=seeds, leak=st.floats(0, 0.3), heat=st.floats(-5, 10))
def test_a_house_stores_what_it_is_given_and_does_not_lose(seed: int, leak: float, heat: float) -> None:
    """At every hour of two days, not only at rest: stored = given - lost by air - lost by the wall."""
    start = drawn(House, 8, seed, leak=leak, heat=heat)
    lost = {name: flow(House, name) for name in ("by_air", "by_wall")}
    found = moved(House, start, 48 * HOUR, dt=300, grid=48 * HOUR * SECOND, record=("stored",), integrate=lost)
    out = (found.integrals["by_air"] + found.integrals["by_wall"]) / HOUR
    np.testing.assert_allclose(found["stored"][-1] - found["stored"][0], heat * 48 - out, rtol=1e-9, atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(seed=seeds, burner=st.floats(50, 800))
def test_an_emulated_kiln_warms_by_the_heat_it_keeps(seed: int, burner: float) -> None:
    """A thing behind emulated devices follows its heat balance exactly, but for what a step of its own choice costs:
    less than 1e-4 of its rise.
    """
    plant = Plant(schema_of(Kiln), 5, start=0, rng=np.random.default_rng(seed), made={"burner": burner})
    before, loss = plant.truth("heat"), plant.truth("loss")
    plant.advance(500 * SECOND)
    rest = 293.15 + burner / loss
    expected = rest + (before - rest) * np.exp(-loss * 500 / 500)
    assert (np.abs(plant.truth("heat") - expected) < 1e-4 * np.abs(rest - before)).all()


# -- energy -----------------------------------------------------------------------------------------------------------


ORDER = 3.6
"""What is taken for four: where steps are not yet short, other powers of them count too."""


def stray(kind: type, start: F64, what: str, *, dt: float, steps: int, signs: Mapping[str, float] | None = None) -> F64:
    """By how much each member strays at most, in so many stretches of four steps of `dt`, from what should stay.

    That is `what`, plus further states with their signs, relative to its size at the start.
    """
    terms = {what: 1.0, **(signs or {})}
    found = moved(kind, start, dt * steps, dt=dt, grid=round(4 * dt * SECOND), record=tuple(terms))
    kept = np.sum([sign * found[name] for name, sign in terms.items()], axis=0)
    return np.asarray(np.abs(kept - kept[0]).max(axis=0) / np.abs(found[what]).max(axis=0))


def order(kind: type, start: F64, what: str, *, dt: float, steps: int, signs: Mapping[str, float] | None = None) -> F64:
    """The power of the step with which each member strays, from two runs over the same time."""
    coarse = stray(kind, start, what, dt=dt, steps=steps, signs=signs)
    fine = stray(kind, start, what, dt=dt / 2, steps=2 * steps, signs=signs)
    return np.asarray(np.log2(coarse / fine))


@settings(max_examples=5, deadline=None)
@given(seed=seeds, angle=st.floats(0.3, 2.5))
def test_the_energy_of_a_pendulum_drifts_with_the_fourth_power_of_the_step(seed: int, angle: float) -> None:
    """Half the step, a sixteenth of the drift or less; with short steps none to speak of."""
    start = drawn(Pendulum, 6, seed, angle=angle)
    assert (order(Pendulum, start, "energy", dt=0.025, steps=200) > ORDER).all()
    assert stray(Pendulum, start, "energy", dt=0.0025, steps=2000).max() < 1e-8


@settings(max_examples=5, deadline=None)
@given(seed=seeds, damping=st.floats(0, 3), force=st.floats(0, 5))
def test_a_shaken_spring_has_what_work_gave_and_heat_did_not_take(seed: int, damping: float, force: float) -> None:
    """Energy + heat - work stays; the error stays below the fourth power of the step, told in radians."""
    start, layout = drawn(Spring, 6, seed, damping=damping, force=force), layout_of(schema_of(Spring))
    own = np.sqrt(start[layout.place("stiffness")] / start[layout.place("mass")])
    fastest = np.maximum(own, 2 * np.pi * start[layout.place("shaking")])
    for dt in (0.02, 0.005):
        lost = stray(Spring, start, "energy", dt=dt, steps=round(4 / dt), signs={"heat": 1.0, "work": -1.0})
        assert (lost < (fastest * dt) ** 4).all()


@settings(max_examples=10, deadline=None)
@given(seed=seeds, speed=st.floats(-200, 200))
def test_wheels_on_a_clutch_keep_their_turning_and_lose_energy_to_heat(seed: int, speed: float) -> None:
    """Angular momentum to rounding at any step; energy + heat as accurately as the method."""
    start = drawn(Flywheel, 6, seed, other=speed)
    found = moved(Flywheel, start, 20, dt=0.02, record=("momentum",))["momentum"]
    np.testing.assert_allclose(found[-1], found[0], rtol=1e-12, atol=1e-9)
    assert stray(Flywheel, start, "energy", dt=0.01, steps=2000, signs={"heat": 1.0}).max() < 1e-8


@settings(max_examples=3, deadline=None)
@given(seed=seeds)
def test_hunters_and_prey_stay_on_their_orbit(seed: int) -> None:
    """The invariant of Lotka and Volterra strays with the fourth power of the step, whatever they eat."""
    start = drawn(Hunting, 6, seed)
    assert (order(Hunting, start, "invariant", dt=DAY / 50, steps=600) > ORDER).all()
    assert stray(Hunting, start, "invariant", dt=DAY / 200, steps=2000).max() < 1e-6


@pytest.mark.parametrize("relative", [1e-6, 1e-8])
def test_steps_that_members_choose_keep_energy_as_well_as_they_are_told(relative: float) -> None:
    """An adaptive run strays from the energy of a pendulum by its tolerance times the steps, and by less with less."""
    start = drawn(Pendulum, 8, 3, angle=1.5)
    plan = Run(
        schema_of(Pendulum),
        start,
        0,
        10 * SECOND,
        record=("energy",),
        method="dopri5",
        tolerance=Tolerance(relative),
        backend="numpy",
    )
    found = run(plan)["energy"]
    assert np.abs(found[-1] / found[0] - 1).max() < 1000 * relative
