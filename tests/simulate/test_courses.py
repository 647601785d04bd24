"""Inputs over time: sampled to the steps without losing a dose."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.models import SECOND, Decay

import pollux as px
from pollux.columns import layout_of
from pollux.errors import SimulationError
from pollux.model.schema import schema_of
from pollux.simulate import Course, Run, level, run, side_by_side, straight
from pollux.simulate.courses import sampled

SCHEMA = schema_of(Decay)
LAYOUT = layout_of(SCHEMA)


def _integral(times, values, end):
    edges = np.append(times, end)
    return float(np.diff(edges) @ values)


@given(
    st.lists(st.integers(0, 999), min_size=1, max_size=12, unique=True),
    st.lists(st.floats(-10, 10), min_size=12, max_size=12),
    st.floats(-10, 10),
)
def test_no_dose_is_lost(times, values, before):
    """However the instants lie in the steps, the sampled level has the integral of the course."""
    times, values = sorted(times), values[: len(times)]
    course = level(times, values)
    found = sampled(course, np.array([before]), t0=0, step=10.0, steps=100)
    lengths = np.diff(np.append(found.marks, 100)) * 10
    expected = before * times[0] + _integral(times, values, 1000)
    assert found.slopes is None
    assert lengths @ found.values[:, 0] == pytest.approx(expected, abs=1e-6)


@given(st.lists(st.integers(-200, 1200), min_size=2, max_size=9, unique=True), st.data())
def test_straight_courses_pass_through_their_points(times, data):
    """At every step the sampled course is that of linear interpolation, level before the first and after the last."""
    times = sorted(times)
    values = data.draw(st.lists(st.floats(-5, 5), min_size=len(times), max_size=len(times)))
    found = sampled(straight(times, values), np.zeros(1), t0=0, step=10.0, steps=100)
    steps = np.arange(100)
    on_marks, slopes = found.at(found.marks)
    assert slopes is not None
    assert np.allclose(on_marks[:, 0], np.interp(found.marks * 10.0, times, values), atol=1e-9)
    dense = found.at(np.unique(np.concatenate((found.marks, steps))))[0][:, 0]
    between = np.array([np.interp(s * 10.0, times, values) for s in steps])
    near = np.array([any(abs(s * 10 - t) < 10 for t in times) for s in steps])
    assert np.allclose(dense[~near], between[~near], atol=1e-9)


def _run(inputs, members=1, step=SECOND // 10, span=4 * SECOND, **start):
    columns = LAYOUT.start(members)
    for name, value in start.items():
        columns[LAYOUT.place(name)] = value
    return run(Run(SCHEMA, columns, 0, span, step=step, grid=SECOND, record=("x", "u"), inputs=inputs, backend="numpy"))


def test_a_level_reaches_the_model():
    """x' = u with u switched inside a step: x is the integral of u, exactly."""
    outcome = _run({"u": level([0, 1_230_000_000, 2_500_000_000], [1.0, 3.0, 0.0])}, k=0.0, x=0.0)
    assert outcome["x"][-1, 0] == pytest.approx(1.23 + 3 * 1.27, abs=1e-12)
    assert outcome["u"][:, 0].tolist() == [1.0, 1.0, 3.0, 0.0, 0.0]


def test_a_straight_course_is_integrated_exactly():
    """x' = u with u rising evenly gives a parabola."""
    outcome = _run({"u": straight([0, 4 * SECOND], [0.0, 4.0])}, k=0.0, x=0.0)
    assert np.allclose(outcome["x"][:, 0], np.arange(5) ** 2 / 2, atol=1e-12)
    assert np.allclose(outcome["u"][:, 0], np.arange(5), atol=1e-12)


def test_every_member_may_have_its_own():
    """Courses of one member do not reach another, and shared ones reach all."""
    own = Course(np.array([0, SECOND]), np.array([[0.0, 1.0, 2.0], [1.0, 1.0, 0.0]]), False)
    outcome = _run({"u": own, "k": level([0], [0.0])}, members=3, x=0.0)
    assert np.allclose(outcome["x"][-1], [3.0, 4.0, 2.0], atol=1e-12)


def test_before_its_first_instant_a_level_leaves_the_start_alone():
    """A course that begins later lets each member keep what it had."""
    outcome = _run({"u": level([2 * SECOND], [0.0])}, members=2, k=0.0, x=0.0, u=[1.0, 2.0])
    assert np.allclose(outcome["x"][-1], [2.0, 4.0], atol=1e-12)


def test_courses_lie_side_by_side():
    """Options with different courses become one course, in which each keeps its own instants."""
    both = side_by_side([(level([0, SECOND], [1.0, 0.0]), 2), (level([3 * SECOND], [5.0]), 1)])
    outcome = _run({"u": both}, members=3, k=0.0, x=0.0, u=[9.0, 9.0, 2.0])
    assert np.allclose(outcome["x"][-1], [1.0, 1.0, 11.0], atol=1e-12)


def test_a_run_goes_on_with_what_was_fed():
    """Recorded values of an input at the grid are those in force from that instant on, at the end of the run too."""
    outcome = _run({"u": level([4 * SECOND - 1], [7.0])}, u=1.0)
    assert outcome["u"][:4, 0].tolist() == [1.0] * 4
    assert outcome.final[LAYOUT.place("u"), 0] == pytest.approx(1.0, abs=1e-6)


@settings(deadline=None)
@given(st.integers(1, 40))
def test_members_in_the_input_and_in_the_run_must_agree(members):
    """A course for another number of members is refused."""
    course = Course(np.array([0]), np.zeros((1, members + 1)), False)
    with pytest.raises(SimulationError, match="expected values for"):
        _run({"u": course}, members=members)


def test_senseless_courses_are_refused():
    """Instants must increase, and have one value each; only parameters and actuators can be fed."""
    with pytest.raises(SimulationError, match="instants that increase"):
        level([5, 5], [1.0, 2.0])
    with pytest.raises(SimulationError, match="one value per instant"):
        level([5, 6], [1.0])
    with pytest.raises(SimulationError, match="expected a parameter or an actuator"):
        _run({"x": level([0], [1.0])})


def test_a_course_that_makes_a_type_faster_shortens_the_step():
    """A room that is first tight and then open: the step bears the open one, which the start does not show."""

    class Leaky(px.Twin):
        """Air that leaks, slowly at first."""

        leak = px.parameter("1/s", 0.001)
        air = px.hidden("kg", start=1)

        @px.rate(air)
        def leaks(self):
            return -self.leak * self.air

    schema, hour = schema_of(Leaky), px.duration("1 h")
    start = layout_of(schema).start(3)
    opened = level([hour], np.array([[0.001, 0.1, np.nan]]))
    outcome = run(Run(schema, start, 0, 4 * hour, grid=hour, record=("air",), inputs={"leak": opened}, backend="numpy"))
    assert np.abs(outcome["air"][-1]).max() < 1
    assert outcome["air"][2, 1] == pytest.approx(0, abs=1e-9)
    assert outcome["air"][-1, [0, 2]] == pytest.approx(np.exp(-14.4), rel=1e-3)
