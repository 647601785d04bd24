"""FMUs of both versions in both ways: against FMPy, against analysis, and under the exam for physics."""

import numpy as np
import pytest
from tests.simulate.fmi.models import BALL, CHAIN, COUNTER, OSCILLATOR, STAIRS, Model, Var

from pollux.errors import DataRefused, NotFound, SimulationError
from pollux.simulate.fmi import FmuPhysics, Running
from pollux.simulate.fmi.compiled import PLAIN, loops
from pollux.simulate.fmi.local import LocalInstances
from pollux.simulate.fmi.setting import Setting
from pollux.testing.physics import check_physics

SECOND = 10**9
WAYS = ("co-simulation", "model exchange")
EVERY = [(model, version, way) for model in (BALL, OSCILLATOR, STAIRS) for version in (2, 3) for way in WAYS]
EVERY += [(CHAIN, 3, way) for way in WAYS]
NAMED = pytest.mark.parametrize(
    ("model", "version", "way"), EVERY, ids=[f"{m.source[:-2]}-{v}-{w[:2]}" for m, v, w in EVERY]
)


def _physics(fmu, way=None, members=1, **more):
    return FmuPhysics(fmu, members=members, running=Running(way=way, isolated=False, **more))


@NAMED
def test_they_agree_with_fmpy(opened, built, model, version, way):
    """The same FMU gives the same numbers in the reference runner: exactly in co-simulation, where it integrates."""
    fmpy = pytest.importorskip("fmpy")
    path = built(model, version, states=False)
    kind = "CoSimulation" if way == "co-simulation" else "ModelExchange"
    theirs = fmpy.simulate_fmu(str(path), fmi_type=kind, stop_time=2.0, step_size=0.01, output_interval=0.1,
                               relative_tolerance=1e-9, record_events=False)  # fmt: skip
    with _physics(opened(model, version, states=False), way, tolerance=1e-9, step=0.1) as one:
        ours = one.record(2 * SECOND, every=SECOND // 10)
    name = model.variables[0].name
    seen = np.array([ours[element][:, 0] for element in ours if element.split("[")[0] == name])
    last = np.array(theirs[name][-1:]).reshape(1, -1)[0] if model is CHAIN else np.array([theirs[name][-1]])
    exact = 1e-12 if way == "co-simulation" else 2e-6
    assert np.allclose(seen[:, -1], last, rtol=exact, atol=exact)


SAVED = ((BALL, 2, WAYS[1]), (OSCILLATOR, 3, WAYS[0]), (STAIRS, 3, WAYS[1]), (CHAIN, 3, WAYS[0]))


@pytest.mark.parametrize(
    ("model", "version", "way", "states"),
    [*((*one, False) for one in EVERY), *((*one, True) for one in SAVED)],
    ids=lambda what: getattr(what, "source", str(what))[:5],
)
def test_they_pass_the_exam(opened, model, version, way, states):
    """By their state where they have one, by replay where not, they are saved and loaded with their whole future."""
    fmu = opened(model, version, states=states)
    poison = {BALL: None, OSCILLATOR: "force", STAIRS: "u", CHAIN: "warmth"}[model]
    made = []

    def make():
        made.append(_physics(fmu, way, members=3))
        return made[-1]

    kept = check_physics(make, span=SECOND // 10, poison=poison)
    assert made[0].replays is not states
    assert len(kept) == (8 if poison is None else 9)
    for one in made:
        one.close()


def test_event_mode_in_co_simulation(opened):
    """An FMU of FMI 3 that returns early and handles its events in event mode climbs a stair each second."""
    fmu = opened(STAIRS, 3, events=True, states=False)
    with _physics(fmu, "co-simulation", step=0.3) as one:
        steps = one.record(3 * SECOND + 3 * SECOND // 10, every=3 * SECOND // 10)["steps"][:, 0]
        one.set({"n": 5})
        assert one.get("m") == 5.0
    assert steps.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3]


@pytest.mark.parametrize("way", WAYS)
def test_clocks_of_a_constant_period_tick(opened, way):
    """A periodic input clock ticks at its shift and then every period, in both ways, and a load goes on counting."""
    fmu = opened(COUNTER, 3, events=True)
    with _physics(fmu, way, step=0.05) as one:
        counts = one.record(SECOND // 5, every=SECOND // 20)["count"][:, 0]
        saved = one.save()
        more = one.record(4 * SECOND // 5, every=SECOND // 5)["count"][:, 0]
        one.load(saved)
        again = one.record(4 * SECOND // 5, every=SECOND // 5)["count"][:, 0]
        total = one.get("sum")[0]
    assert counts.tolist() == [0, 1, 1, 1]
    assert more.tolist() == again.tolist() == [2, 3, 3, 4]  # at 0.1, 0.35, 0.6 and 0.85
    assert total == pytest.approx(0.9 + 0.65 + 0.4 + 0.15, abs=1e-6)


@pytest.mark.parametrize(
    ("more", "events", "match"),
    [
        ('intervalVariability="triggered"', True, "which is triggered"),
        ('intervalVariability="constant" intervalDecimal="0.25"', False, "expected event mode"),
    ],
)
def test_other_clocks_are_refused(opened, more, events, match):
    """A clock that would have to be asked for its interval, or cannot tick, is an error that names it."""
    clock = Var("clock", 0, "Clock", "input", more=more, variability="discrete")
    model = Model("counter.c", (*COUNTER.variables[:3], clock), COUNTER.rates)
    with pytest.raises(SimulationError, match=match):
        _physics(opened(model, 3, events=events, states=False), "co-simulation")


@pytest.mark.parametrize("version", [2, 3])
def test_a_bounce_is_found_where_it_is(opened, version):
    """State events are located: after the first bounce the ball is where mechanics has it, to ten digits."""
    with _physics(opened(BALL, version, states=False), "model exchange", tolerance=1e-10) as ball:
        ball.step(SECOND // 2)
        height, speed = ball.get("h")[0], ball.get("v")[0]
    fall = np.sqrt(2 / 9.81)
    up = 0.7 * 9.81 * fall
    since = 0.5 - fall
    assert speed == pytest.approx(up - 9.81 * since, rel=1e-10)
    assert height == pytest.approx(up * since - 9.81 / 2 * since**2, rel=1e-10)


def test_the_ball_comes_to_rest(opened):
    """Ever faster bounces end, and with them the events."""
    with _physics(opened(BALL, 2, states=False), "model exchange") as ball:
        ball.step(4 * SECOND)
        assert np.isnan(ball.failed_at).all()
        assert abs(ball.get("h")[0]) < 1e-9


def test_time_events_are_met(opened):
    """Stairs are climbed at whole seconds, wherever the steps end; the level is the integral of the stairs."""
    with _physics(opened(STAIRS, 2, states=False), "model exchange", tolerance=1e-10) as stairs:
        level = stairs.record(2_400_000_000, every=400_000_000)
    assert level["steps"][:, 0].tolist() == [0, 0, 1, 1, 2, 2]
    assert level["level"][-1, 0] == pytest.approx(1.0 + 2 * 0.4, abs=1e-9)


def test_classical_runge_kutta_is_of_order_four(opened):
    """Half the step, a sixteenth of the error."""
    fmu = opened(OSCILLATOR, 2, states=False)

    def end(**more):
        with _physics(fmu, "model exchange", **more) as one:
            one.step(2 * SECOND)
            return one.get("x")[0]

    exact = end(tolerance=1e-13)
    errors = [abs(end(fixed_step=h) - exact) for h in (0.1, 0.05, 0.025)]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert np.all((orders > 3.7) & (orders < 4.6))
    assert abs(end(tolerance=1e-8) - exact) < 1e-6


@NAMED
def test_compiled_loops_do_what_plain_ones_do(opened, model, version, way):
    """The same calls with the same numbers, bit for bit, whether Python or machine code makes them."""
    pytest.importorskip("numba")
    setting = Setting(opened(model, version, states=False), Running(way=way, isolated=False), {})
    inputs = setting.first_inputs(2) + np.arange(2)
    seen = []
    for kind in (loops(), PLAIN):
        one = LocalInstances(setting.plan, setting.starts(2), inputs, with_=kind)
        one.advance(0.0, 0.05, 5)
        one.put(inputs + 1.0)
        seen.append(one.record(0.25, 0.05, 5))
        one.close()
    assert np.array_equal(seen[0], seen[1])
    assert np.isfinite(seen[0]).all()


def test_parameters_differ_from_member_to_member(opened):
    """Fixed parameters are given when it begins, one for all or one for each."""
    with _physics(opened(BALL, 3, states=False), members=3, parameters={"g": [-9.81, -1.62, -3.71]}) as balls:
        balls.step(SECOND // 10)
        assert balls.get("v") == pytest.approx(np.array([-0.981, -0.162, -0.371]))
        with pytest.raises(NotFound, match="expected an input, got 'g'"):
            balls.set({"g": 0.0})
    with pytest.raises(NotFound, match="expected a parameter, got 'gravity'"):
        _physics(opened(BALL, 3, states=False), parameters={"gravity": 1.0})


def test_arrays_are_numbers_by_element(opened):
    """A chain of three cells that is warmed at one end comes to rest at that warmth."""
    with _physics(opened(CHAIN, 3, states=False), "model exchange") as chain:
        assert chain.states == ("T[1]", "T[2]", "T[3]")
        chain.set({"warmth": 7.0})
        chain.step(60 * SECOND)
        assert [chain.get(name)[0] for name in chain.states] == pytest.approx([7.0] * 3, rel=1e-4)


def test_whole_numbers_are_asked_for(opened):
    """An integer input takes no half, and NaN neither."""
    with _physics(opened(STAIRS, 2, states=False)) as stairs:
        for wrong in (0.5, np.nan):
            with pytest.raises(DataRefused, match="expected whole numbers"):
                stairs.set({"n": wrong})
        stairs.set({"n": 3})
        assert stairs.get("m") == 3.0


def test_a_member_that_fails_is_a_value(opened):
    """An error status makes NaN of that member from then on, and says when; it is no exception."""
    fmu = opened(OSCILLATOR, 2, states=False, defines=("ERROR_AT=0.5",))
    with _physics(fmu, "co-simulation", step=0.1) as one:
        seen = one.record(SECOND, every=SECOND // 10)["x"][:, 0]
        assert np.isfinite(seen[:4]).all()
        assert np.isnan(seen[4:]).all()
        assert one.failed_at == pytest.approx([0.4])
        assert np.isnan(one.get("x")).all()


@pytest.mark.parametrize("way", WAYS)
def test_nan_is_no_number_and_no_error(opened, way):
    """NaN from inside is seen in both ways, and in model exchange the member has failed."""
    fmu = opened(OSCILLATOR, 2, states=False, defines=("NAN_AT=0.5",))
    with _physics(fmu, way, members=2, step=0.1) as one:
        seen = one.record(SECOND, every=SECOND // 10)["x"]
        assert np.isfinite(seen[:4]).all()
        assert np.isnan(seen[6:]).all()
        assert np.isfinite(one.failed_at).all() == (way == "model exchange")


@pytest.mark.parametrize("isolated", [False, True])
def test_a_flood_of_messages_is_bounded(opened, isolated):
    """Messages come back from compiled loops and from other processes; the last are kept, and no more."""
    fmu = opened(OSCILLATOR, 2, states=False, defines=("LOGS=300",))
    with FmuPhysics(fmu, running=Running(way="co-simulation", isolated=isolated, step=0.1)) as one:
        one.step(SECOND)
        assert one.log == ("%d times at %g",) * 50


def test_a_fatal_error_is_the_end(opened):
    """After a fatal error nothing of the FMU can be trusted."""
    fmu = opened(OSCILLATOR, 2, states=False, defines=("FATAL_AT=0.5",))
    with _physics(fmu, "co-simulation", step=0.1) as one:
        saved = one.save()
        with pytest.raises(SimulationError, match="fatal error"):
            one.step(SECOND)
        one.load(saved)
        one.step(SECOND // 10)
        assert np.isfinite(one.get("x")).all()


def test_steps_that_it_cannot_take_are_refused(opened):
    """Where only whole steps of one length can be taken, others are an error that says so."""
    fmu = opened(OSCILLATOR, 3, states=False, ways=("cs",), declares='fixedInternalStepSize="0.2"')
    with _physics(fmu) as one:
        one.step(SECOND)
        one.step(SECOND // 3)
    object.__setattr__(fmu.description.ways[0], "varies_step", False)
    with _physics(fmu) as one, pytest.raises(SimulationError, match=r"whole steps of 0\.2 s"):
        one.step(SECOND // 3)
