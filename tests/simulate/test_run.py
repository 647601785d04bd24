"""Runs: failure as a value, going on where another stopped, cancelling, progress."""

from concurrent.futures import ThreadPoolExecutor
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.models import SECOND, Decay, Oscillator, Tank, Words

from pollux.columns import NEVER, layout_of
from pollux.errors import SimulationError
from pollux.model.graph import Expr
from pollux.model.schema import schema_of
from pollux.simulate import Run, run

STEP = SECOND // 64
"""A step that a float of seconds holds exactly, so that nothing depends on where a run began."""


@pytest.mark.parametrize("kind", [Words, Oscillator])
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_two_runs_are_one(kind, data):
    """A run that is broken off anywhere, inside turns and windows, goes on from its columns as if nothing had been."""
    schema = schema_of(kind)
    start = layout_of(schema).start(3, np.random.default_rng(1))
    broken = data.draw(st.integers(1, 255))
    whole = run(Run(schema, start, 0, 256 * STEP, step=STEP, backend="numpy"))
    first = run(Run(schema, start, 0, broken * STEP, step=STEP, backend="numpy"))
    second = run(Run(schema, first.final, broken * STEP, (256 - broken) * STEP, step=STEP, backend="numpy"))
    assert np.array_equal(second.final, whole.final, equal_nan=True)


def test_two_compiled_runs_are_one():
    """The same holds for compiled kernels, to the bit."""
    schema = schema_of(Words)
    start = layout_of(schema).start(20, np.random.default_rng(1))
    whole = run(Run(schema, start, 0, 256 * STEP, step=STEP, backend="numba"))
    first = run(Run(schema, start, 0, 77 * STEP, step=STEP, backend="numba"))
    second = run(Run(schema, first.final, 77 * STEP, 179 * STEP, step=STEP, backend="numba"))
    assert np.array_equal(second.final, whole.final, equal_nan=True)


@pytest.mark.parametrize("backend", ["numba", "numpy"])
def test_failure_is_a_value(backend):
    """Members that explode or begin as NaN say when they failed, and the others are what they would have been."""
    schema, layout = schema_of(Decay), layout_of(schema_of(Decay))
    start = layout.start(20)
    start[layout.place("k")] = 1.0
    sound = run(Run(schema, start, 0, 8 * SECOND, step=SECOND // 8, grid=SECOND, record=("x",), backend=backend))
    start[layout.place("k"), 3] = -1e4
    start[layout.place("x"), 5] = np.nan
    start[layout.place("u"), 7] = np.inf
    outcome = run(Run(schema, start, 0, 8 * SECOND, step=SECOND // 8, grid=SECOND, record=("x",), backend=backend))
    assert np.flatnonzero(outcome.failed).tolist() == [3, 5, 7]
    assert 2 * SECOND < outcome.failed_at[3] <= 8 * SECOND
    assert outcome.failed_at[5] == SECOND // 8
    assert np.isnan(outcome["x"][1:, 5]).all()
    others = [k for k in range(20) if k not in (3, 5, 7)]
    assert np.array_equal(outcome.values[:, :, others], sound.values[:, :, others])
    assert np.all(outcome.failed_at[others] == NEVER)


def test_nan_is_not_hidden_by_a_maximum():
    """The larger of NaN and a number is NaN: a failed member cannot go on with the number."""
    schema, layout = schema_of(Words), layout_of(schema_of(Words))
    start = layout.start(2)
    start[layout.place("x"), 0] = np.nan
    outcome = run(Run(schema, start, 0, SECOND, step=SECOND // 8, record=("mixture",), backend="numpy"))
    assert outcome.failed.tolist() == [True, False]


def test_a_run_can_be_cancelled_here_and_elsewhere():
    """A run that is cancelled raises, and asks no more of the executor."""
    start = layout_of(schema_of(Tank)).start(3000)
    request = Run(schema_of(Tank), start, 0, SECOND, step=SECOND // 100, backend="numpy")
    with pytest.raises(SimulationError, match="cancelled"):
        run(request, cancelled=lambda: True)
    with ThreadPoolExecutor(1) as threads, pytest.raises(SimulationError, match="cancelled"):
        run(request, executor=threads, cancelled=lambda: True)


def test_cancelling_is_heard_between_chunks():
    """Whoever cancels after the first chunk gets no second one."""
    start = layout_of(schema_of(Tank)).start(3000)
    heard: list[float] = []
    with pytest.raises(SimulationError, match="cancelled"):
        run(
            Run(schema_of(Tank), start, 0, SECOND, step=SECOND // 100, backend="numpy"),
            progress=heard.append,
            cancelled=lambda: bool(heard),
        )
    assert len(heard) == 1


def test_errors_of_a_chunk_arrive():
    """What goes wrong in another thread is raised here."""

    with ThreadPoolExecutor(1) as threads:
        threads.submit = _failing(threads.submit)  # type: ignore[method-assign]
        start = layout_of(schema_of(Tank)).start(30)
        with pytest.raises(ArithmeticError, match="a chunk broke"):
            run(Run(schema_of(Tank), start, 0, SECOND, step=SECOND // 100, backend="numpy"), executor=threads)


def _failing(submit):
    def fail():
        raise ArithmeticError("a chunk broke")

    return lambda call, *args: submit(fail)


def test_the_start_is_left_alone():
    """A run does not write into the columns it was given."""
    start = layout_of(schema_of(Tank)).start(3)
    before = start.copy()
    run(Run(schema_of(Tank), start, 0, SECOND, step=SECOND // 100, backend="numpy"))
    assert np.array_equal(start, before, equal_nan=True)


def test_names_that_were_not_recorded_are_refused():
    """Asking an outcome for another name says which ones there are."""
    start = layout_of(schema_of(Tank)).start(1)
    outcome = run(Run(schema_of(Tank), start, 0, SECOND, step=SECOND // 10, record=("level",), backend="numpy"))
    with pytest.raises(SimulationError, match="expected a recorded name") as refused:
        outcome["inflow"]
    assert "level" in str(refused.value)


def test_formulas_are_recorded_beside_names():
    """Any expression over the type can be handed out, computed from what was recorded."""
    schema = schema_of(Decay)
    double = schema.expression("x") * 2 * schema.expression("k")
    outcome = run(
        Run(
            schema,
            layout_of(schema).start(2),
            0,
            SECOND,
            step=SECOND // 10,
            grid=SECOND // 2,
            record=("x",),
            formulas={"double": cast(Expr, double)},
            backend="numpy",
        )
    )
    k = outcome.final[layout_of(schema).place("k")]
    assert np.allclose(outcome["double"], 2 * outcome["x"] * k)


def test_no_members_give_no_numbers():
    """A run of nobody is a run."""
    outcome = run(
        Run(schema_of(Tank), layout_of(schema_of(Tank)).start(0), 0, SECOND, step=SECOND // 10, backend="numpy")
    )
    assert outcome.final.shape[1] == 0
    assert not outcome.failed.any()


def test_a_run_beyond_the_last_instant_is_refused():
    """A run whose end no instant of 64 bits can name is refused; one of 500 years that begins early enough is not."""
    schema, year = schema_of(Tank), 31_557_600 * SECOND
    start = layout_of(schema).start(1)
    with pytest.raises(SimulationError, match="between the years 1678 and 2262"):
        run(Run(schema, start, 0, 500 * year, step=year, backend="numpy"))
    outcome = run(Run(schema, start, -250 * year, 500 * year, step=year, grid=50 * year, record=("level",)))
    assert np.all(np.diff(outcome.times) == 50 * year)
