"""The method: its order, exact solutions, and what a step may be."""

import math
from typing import Final, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.models import SECOND, Ball, Circulation, Decay, Oscillator, Tank

from pollux.columns import layout_of
from pollux.errors import SimulationError
from pollux.model.equations import cycle, on, rate
from pollux.model.graph import Expr
from pollux.model.roles import hidden, parameter
from pollux.model.schema import schema_of
from pollux.model.twin import Twin
from pollux.simulate import Run, level, run
from pollux.simulate.steps import choose_step, rounded_down, try_steps

NUMPY: Final = "numpy"


def _start(kind, members=1, **values):
    layout = layout_of(schema_of(kind))
    columns = layout.start(members)
    for name, value in values.items():
        columns[layout.place(name)] = value
    return columns


def _error(step):
    outcome = run(
        Run(schema_of(Oscillator), _start(Oscillator), 0, 2 * SECOND, step=step, record=("x", "v"), backend=NUMPY)
    )
    return float(np.abs(outcome.values[:, -1, 0] - [1.0, 0.0]).max())


def test_the_order_is_four():
    """Halving the step of a smooth problem divides the error by about sixteen."""
    errors = [_error(SECOND // parts) for parts in (20, 40, 80)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(orders > 3.8)
    assert np.all(orders < 5.2)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 3.0), st.floats(-5, 5), st.floats(-2, 2))
def test_decay_is_that_of_the_formula(k, x0, u):
    """x = u/k + (x0 - u/k) e^(-k t), to seven digits with steps of 10 ms."""
    start = _start(Decay, x=x0, k=k, u=u)
    outcome = run(
        Run(schema_of(Decay), start, 0, SECOND, step=SECOND // 100, grid=SECOND // 4, record=("x",), backend=NUMPY)
    )
    t = outcome.times / SECOND
    exact = u / k + (x0 - u / k) * np.exp(-k * t)
    assert np.allclose(outcome["x"][:, 0], exact, rtol=1e-7, atol=1e-7)


def test_energy_of_an_oscillator_is_kept():
    """After a hundred turns with a hundred steps each the amplitude has lost less than a hundred-thousandth."""
    outcome = run(Run(schema_of(Oscillator), _start(Oscillator), 0, 100 * SECOND, step=SECOND // 100, backend=NUMPY))
    layout = layout_of(schema_of(Oscillator))
    x, v = outcome.final[[layout.slot["x"], layout.slot["v"]], 0]
    assert 0.99999 < math.hypot(x, v / (2 * math.pi)) < 1.0


def test_integrals_are_as_accurate_as_the_solution():
    """The integral of x over the run comes with it, of fourth order, and of a constant exactly."""
    schema = schema_of(Decay)
    x, k = schema.expression("x"), schema.expression("k")
    outcome = run(
        Run(
            schema,
            _start(Decay, 3, k=[0.5, 1.0, 2.0]),
            0,
            SECOND,
            step=SECOND // 50,
            integrate={"x": x, "k": k},
            backend=NUMPY,
        )
    )
    rates = np.array([0.5, 1.0, 2.0])
    assert np.allclose(outcome.integrals["x"], (1 - np.exp(-rates)) / rates, rtol=1e-8)
    assert np.allclose(outcome.integrals["k"], rates, rtol=1e-13)


def test_conditions_are_watched_from_the_start_on():
    """`ever` holds for members for which a condition was true at any step, the start included."""
    schema = schema_of(Decay)
    low = cast(Expr, schema.expression("x") < 0.5)
    outcome = run(
        Run(
            schema,
            _start(Decay, 3, x=[1.0, 0.4, 5.0], u=[0, 3, 0]),
            0,
            SECOND,
            step=SECOND // 50,
            ever={"low": low},
            backend=NUMPY,
        )
    )
    assert outcome.ever["low"].tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("kind", "span", "step"),
    [(Decay, 10 * SECOND, 100_000_000), (Oscillator, 10 * SECOND, 50_000_000), (Circulation, 5 * SECOND, 1_000_000)],
)
def test_a_step_is_found(kind, span, step):
    """The trial finds a step near the one an engineer would take: the circulation needs its millisecond."""
    found = try_steps(schema_of(kind), _start(kind), t0=0, span=span).step
    assert step / 5 <= found <= 2 * step


@given(st.floats(1, 1e18))
def test_steps_are_round(step):
    """A rounded step is 1, 2 or 5 times a power of ten, and between 40 % and all of what was asked for."""
    rounded = rounded_down(step)
    assert str(rounded).rstrip("0") in ("1", "2", "5")
    assert 0.4 * step <= rounded <= step


def test_a_short_span_is_one_step():
    """A hundredth of a time constant needs no hundred steps."""
    assert try_steps(schema_of(Decay), _start(Decay), t0=0, span=SECOND // 100).step == SECOND // 100


def test_a_faster_twin_is_tried_anew():
    """A start at which the type is five times as fast gets a shorter step than the one found before."""
    schema = schema_of(Decay)
    slow, fast = _start(Decay, k=1.0), _start(Decay, k=5.0)
    steps = [choose_step(schema, start, t0=0, span=3 * SECOND) for start in (slow, fast, slow)]
    assert steps[1] < steps[0]
    assert steps[2] == steps[1]


def test_a_step_is_no_longer_than_a_window():
    """A window of 2.5 s bounds the step, whoever chooses it."""
    still = _start(Oscillator, w=1e-6)
    assert try_steps(schema_of(Oscillator), still, t0=0, span=1000 * SECOND).step <= 2 * SECOND
    with pytest.raises(SimulationError, match="as a window or a delay asks"):
        run(Run(schema_of(Oscillator), still, 0, 1000 * SECOND, step=10 * SECOND))


class Counter(Twin):
    """Counts what flows in, and what was there when its cycle turned: no rate knows a state."""

    counted = hidden("1", start=0)
    inflow = parameter("1/s", 1.0)
    turns = hidden("1", start=0)
    length = parameter("s", 2.0)

    @rate(counted)
    def counts(self):
        return self.inflow

    @cycle
    def round(self):
        return self.length

    @on(round, turns)
    def one_more(self):
        return self.turns + 1


def test_a_step_is_no_longer_than_a_quarter_of_a_turn():
    """Where nothing else asks for short steps, a cycle does: none of its turns is stepped over, at any length of it."""
    schema, slot = schema_of(Counter), layout_of(schema_of(Counter)).place("turns")
    for length in (2.0, 0.2):
        start = _start(Counter, length=length)
        assert choose_step(schema, start, t0=0, span=25 * SECOND) <= length * SECOND / 4
        assert run(Run(schema, start, 0, 25 * SECOND, method="rk4")).final[slot, 0] == pytest.approx(25 / length, abs=1)


def test_what_stands_still_bears_inputs():
    """A type whose rates know no state has no time constant; with an input it finds its step all the same."""
    inputs = {"inflow": level([0, 5 * SECOND], [1.0, 3.0])}
    outcome = run(Run(schema_of(Tank), _start(Tank, full=99.0), 0, 10 * SECOND, inputs=inputs, method="rk4"))
    assert outcome.final[layout_of(schema_of(Tank)).place("level"), 0] == pytest.approx(20.0, rel=1e-9)


class Squares(Twin):
    """x' = u^2: a mean of u says nothing about it."""

    x = hidden("1", start=0)
    u = parameter("1", 0)
    pace = parameter("1/s", 1)

    @rate(x)
    def grows(self):
        return self.pace * self.u**2


def test_a_step_hears_what_inputs_say():
    """An input that changes its sign every second is heard every second; one short dose in a long run is kept whole."""
    schema, every = schema_of(Squares), [k * SECOND for k in range(100)]
    swinging = level(every, [(-1.0) ** k for k in range(100)])
    outcome = run(Run(schema, _start(Squares), 0, 100 * SECOND, inputs={"u": swinging}, method="rk4"))
    assert outcome.final[layout_of(schema).place("x"), 0] == pytest.approx(100.0, rel=1e-12)
    dose = level([0, 40 * SECOND, 40 * SECOND + 1000], [0.0, 1.0, 0.0])
    assert run(Run(schema, _start(Squares), 0, 100 * SECOND, inputs={"u": dose}, method="rk4")).step > SECOND


def test_the_step_is_shortened_to_fit_the_grid():
    """A step that does not divide the grid becomes the next shorter one that does."""
    outcome = run(
        Run(
            schema_of(Decay), _start(Decay), 0, SECOND, step=300_000_000, grid=SECOND // 2, record=("x",), backend=NUMPY
        )
    )
    assert outcome.step == 250_000_000
    assert outcome.times.tolist() == [0, SECOND // 2, SECOND]


def test_what_cannot_be_run_is_refused():
    """Wrong shapes, names, grids and sizes are refused with the place and a way out."""
    schema, start = schema_of(Ball), _start(Ball)
    with pytest.raises(SimulationError, match="expected columns of shape"):
        run(Run(schema, start[:-1], 0, SECOND))
    with pytest.raises(SimulationError, match="grid that divides"):
        run(Run(schema, start, 0, SECOND, step=SECOND, grid=SECOND * 2 // 3))
    with pytest.raises(SimulationError, match="a span and a step above 0"):
        run(Run(schema, start, 0, 0))
    with pytest.raises(SimulationError, match="outputs of at most") as refused:
        run(Run(schema, start, 0, SECOND, step=1000, grid=1000, record=("height",), budget=1000))
    assert "coarser grid" in str(refused.value)
