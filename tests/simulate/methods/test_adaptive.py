"""Steps of each member's own: order, tolerance, events that are met, members that do not see each other."""

from typing import Any

import numpy as np
import pytest
from tests.simulate.models import SECOND, Ball, Circulation, Decay, Oscillator

from pollux.columns import NEVER, layout_of
from pollux.errors import SimulationError
from pollux.model.equations import cycle, event, on, rate
from pollux.model.roles import hidden, parameter
from pollux.model.schema import schema_of
from pollux.model.twin import Twin
from pollux.simulate import Run, level, run, straight
from pollux.simulate.generate import program
from pollux.simulate.tolerance import Tolerance


def start_of(kind, members=1, **values):
    layout = layout_of(schema_of(kind))
    columns = layout.start(members)
    for name, value in values.items():
        columns[layout.place(name)] = value
    return columns


def ran(kind, span, *, members=1, tolerance=1e-6, values=None, **about):
    request: dict[str, Any] = {"method": "dopri5", "backend": "numpy", "tolerance": Tolerance(tolerance)} | about
    return run(Run(schema_of(kind), start_of(kind, members, **(values or {})), 0, span, **request))


class Explodes(Twin):
    """x' = x^2, which is infinite at 1 / x0."""

    x = hidden("1", start=1)
    pace = parameter("1/s", 1)

    @rate(x)
    def grows(self):
        return self.pace * self.x**2


class Servo(Twin):
    """A controller that looks twice a second and holds what it decided."""

    place = hidden("m", start=1)
    drive = hidden("m/s", start=0)
    gain = parameter("1/s", 0.8)
    period = parameter("s", 0.5)

    @cycle
    def tick(self):
        return self.period

    @rate(place)
    def moves(self):
        return self.drive

    @on(tick, drive)
    def decides(self):
        return -self.gain * self.place


@pytest.mark.parametrize("method", ["rk4", "dopri5", "rodas4"])
def test_a_sampled_controller_decides_at_each_turn(method):
    """After each look the place shrinks by 1 - gain times period; between two looks the drive is held."""
    step = SECOND // 100 if method == "rk4" else None
    found = ran(Servo, 4 * SECOND, method=method, step=step, grid=SECOND // 4, record=("place", "drive"))
    # Between two looks: at a look itself rounding decides whether it has just been or is about to be.
    seen = np.array([1.0, *(0.6 ** np.arange(7))])
    drive = np.array([0.0, *(-0.8 * seen[1:])])
    assert np.allclose(found["drive"][1::2, 0], drive, rtol=1e-6)
    assert np.allclose(found["place"][1::2, 0], seen + 0.25 * drive, rtol=1e-6)


@pytest.mark.parametrize("method", ["dopri5", "rodas4"])
def test_the_error_follows_the_tolerance(method):
    """An error a hundred times smaller is reached, for as many more steps as the order asks."""
    runs = [ran(Oscillator, 2 * SECOND, method=method, tolerance=t, record=("x", "v")) for t in (1e-6, 1e-8, 1e-10)]
    errors = np.array([np.abs(one.values[:, -1, 0] - [1.0, 0.0]).max() for one in runs])
    taken = np.array([one.pace.taken[0] for one in runs])
    assert np.all(errors < [1e-4, 1e-6, 1e-8])
    assert np.all(errors[1:] < 0.05 * errors[:-1])
    orders = np.log(errors[:-1] / errors[1:]) / np.log(taken[1:] / taken[:-1])
    assert np.all(orders > {"dopri5": 4.5, "rodas4": 3.5}[method])


def test_jumps_happen_where_they_belong():
    """A bouncing ball meets the ground at the instants of the formula, and is where the formula says."""
    found = ran(Ball, 4 * SECOND, tolerance=1e-9, record=("height", "speed"))
    gravity, bounce = 9.81, 0.5
    first, speed = np.sqrt(2 * 10 / gravity), np.sqrt(2 * 10 * gravity)
    hits, height = [first], 0.0
    while hits[-1] + 2 * bounce * speed / gravity < 4:
        speed *= bounce
        hits.append(hits[-1] + 2 * speed / gravity)
    since = 4 - hits[-1]
    height = bounce * speed * since - gravity / 2 * since**2
    assert found.events["hits"].count[0] == len(hits)
    assert abs(found.events["hits"].first[0] / SECOND - first) < 1e-8
    assert abs(found.events["hits"].last[0] / SECOND - hits[-1]) < 1e-8
    assert np.allclose(found["height"][-1, 0], height, atol=1e-7)


class Bucket(Twin):
    """A bucket in the rain that is set back to its brim whenever it overflows: what is missing to it, what spilt."""

    missing = hidden("mm", start=5)
    spilt = hidden("mm", start=0)
    rain = parameter("mm/h", 20.0)

    @rate(missing)
    def fills(self):
        return -self.rain

    @event
    def overflows(self):
        return self.missing < 0

    @on(overflows, missing)
    def is_full(self):
        return 0

    @on(overflows, spilt)
    def spills(self):
        return self.spilt - self.missing


@pytest.mark.parametrize("method", ["auto", "dopri5", "rodas4"])
def test_events_without_an_end_are_met_late(method):
    """A bucket overflows at every moment of the rain; what spilt is what fell, less what it held, with few steps."""
    rain, layout = np.array([20.0, 1.0, 500.0]), layout_of(schema_of(Bucket))
    found = ran(Bucket, 7200 * SECOND, members=3, values={"rain": rain}, method=method)
    assert not found.failed.any()
    assert np.allclose(found.final[layout.place("spilt")], np.maximum(2 * rain - 5, 0), rtol=1e-2)
    assert np.allclose(
        found.final[layout.place("spilt")] - found.final[layout.place("missing")], 2 * rain - 5, rtol=1e-9, atol=1e-9
    )
    assert found.events["overflows"].first[0] / SECOND == pytest.approx(900, rel=1e-6)
    assert found.pace.taken.max() < 5000


@pytest.mark.parametrize("method", ["dopri5", "rodas4"])
def test_readings_look_between_the_ends_of_long_steps(method):
    """Peak, trough, last, mean and sum over cycle, event and duration are those of short steps, to the tolerance."""
    names = ("highest", "lowest", "closing", "average", "area", "energy", "between")
    short = ran(Oscillator, 4 * SECOND, method="rk4", step=SECOND // 4000, backend="numba", record=names)
    long = ran(Oscillator, 4 * SECOND, method=method, tolerance=1e-8, record=names)
    assert long.pace.taken[0] < 1200
    assert np.allclose(long.values[:, -1], short.values[:, -1], atol=3e-7)


def test_members_do_not_see_each_other():
    """A member has the same steps and the same bits alone, among others, and in another place of the block."""
    k = np.array([0.1, 20.0, 3.0, 0.5, 7.0])
    together = ran(Decay, SECOND, members=5, values={"k": k}, record=("x",))
    turned = ran(Decay, SECOND, members=5, values={"k": k[::-1]}, record=("x",))
    alone = ran(Decay, SECOND, values={"k": k[1]}, record=("x",))
    assert np.array_equal(together.values, turned.values[:, :, ::-1])
    assert np.array_equal(together.values[:, :, 1], alone.values[:, :, 0])
    assert together.pace.taken[1] == alone.pace.taken[0]
    assert len(set(together.pace.taken)) > 1


@pytest.mark.parametrize("method", ["dopri5", "rodas4"])
def test_both_back_ends_agree(method):
    """numba and NumPy agree to rounding in the last place of the step, and bit for bit when strict."""
    kind, layout = Circulation, layout_of(schema_of(Circulation))
    names, first = schema_of(kind).states, schema_of(kind).params[0]
    values = {first: start_of(kind)[layout.place(first), 0] * np.linspace(0.9, 1.1, 5)}
    about = {"members": 5, "values": values, "method": method, "grid": SECOND // 2}
    strict = [ran(kind, SECOND, record=names, strict=True, backend=b, **about) for b in ("numba", "numpy")]
    assert np.array_equal(strict[0].final, strict[1].final, equal_nan=True)
    assert np.array_equal(strict[0].pace.taken, strict[1].pace.taken)
    loose = [ran(kind, SECOND, record=names, backend=b, tolerance=1e-8, **about) for b in ("numba", "numpy")]
    assert np.allclose(loose[0].values, loose[1].values, rtol=1e-6, atol=1e-7)


def test_inputs_rise_and_jump_at_their_instants():
    """x' = u - k x for a straight u and for one that jumps inside what would be a step."""
    about = {"values": {"k": 1.0, "x": 0.0}, "record": ("x",)}
    rising = ran(Decay, SECOND, inputs={"u": straight([0, SECOND], [0.0, 1.0])}, **about)
    assert abs(rising["x"][-1, 0] - np.exp(-1)) < 1e-6
    jumping = ran(Decay, SECOND, inputs={"u": level([0, 333_333_333], [0.0, 3.0])}, **about)
    assert abs(jumping["x"][-1, 0] - 3.0 * (1 - np.exp(-(1 - 0.333333333)))) < 1e-5


def test_a_member_that_runs_away_is_a_value():
    """A solution that ends before the run does is lost at its end; the others arrive."""
    found = ran(Explodes, 2 * SECOND, members=3, values={"x": np.array([0.25, 1.0, 0.1])}, record=("x",))
    assert np.array_equal(found.failed, [False, True, False])
    assert abs(found.failed_at[1] / SECOND - 1.0) < 1e-4
    assert np.isnan(found["x"][-1, 1])
    assert np.allclose(found["x"][-1, [0, 2]], [0.5, 0.125], rtol=1e-5)
    assert found.failed_at[0] == NEVER


def test_a_member_that_never_arrives_is_a_value(monkeypatch):
    """Too many attempts between two stops are a failure, not a run without an end."""
    monkeypatch.setattr("pollux.simulate.kernels.numpy_kernel.MOST_STEPS", 5)
    found = ran(Oscillator, 10 * SECOND, members=2, tolerance=1e-10)
    assert np.all(found.failed)
    assert program.MOST_STEPS > 100_000


def test_a_tolerance_is_above_zero_and_about_states():
    """What is no tolerance, and what is no state, is refused."""
    with pytest.raises(SimulationError, match="tolerance above 0"):
        Tolerance(0.0)
    with pytest.raises(SimulationError, match="expected a state, got 'k'"):
        run(Run(schema_of(Decay), start_of(Decay), 0, SECOND, method="dopri5", tolerance=Tolerance(1e-6, {"k": 1e-9})))
