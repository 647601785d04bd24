"""Settled fast models: against the formula, against running them to rest each time, and what they cost."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.simulate.models import SECOND, Fast, Rarely, Slow

import pollux as px
from pollux.columns import layout_of
from pollux.model.schema import schema_of
from pollux.simulate import Run, Settling, level, now, prepare, run

SCHEMA = schema_of(Slow)
LAYOUT = layout_of(SCHEMA)
HOUR = 3600 * SECOND


def _request(members=5, **changes):
    start = LAYOUT.start(members)
    start[LAYOUT.place("y")] = np.linspace(1, 2, members)
    start[LAYOUT.place("c")] = 1e-3
    about: dict[str, Any] = {
        "step": 10 * SECOND,
        "grid": 50 * SECOND,
        "record": ("y", "seen"),
        "backend": "numpy",
        "settling": Settling(every=10 * SECOND, step=SECOND // 50),
    }
    return Run(SCHEMA, start, 0, 200 * SECOND, **(about | changes))


def _exact(outcome, members=5):
    t, y0 = outcome.times[:, None] / SECOND, np.linspace(1, 2, members)
    return y0 / (1 - 1e-3 * y0 * t)


def test_the_slow_model_follows_the_formula():
    """y' = c y^2 through a fast model that settles to y^2 gives y0 / (1 - c y0 t), to what holding costs."""
    outcome = run(_request())
    assert np.allclose(outcome["y"], _exact(outcome), rtol=0.02)
    assert np.allclose(outcome["seen"], outcome["y"] ** 2, rtol=0.005)


def test_the_step_is_found_with_fast_models_at_rest():
    """Where no step is given, it is tried with what the fast model gives, not with nothing."""
    outcome = run(_request(step=None))
    assert SECOND <= outcome.step <= 50 * SECOND
    assert np.allclose(outcome["y"], _exact(outcome), rtol=0.1)


def test_asking_more_often_halves_the_error():
    """Holding is a method of first order: half the interval, half the error, and `held` says so."""
    errors, held = [], []
    for every in (20, 10, 5):
        settling = Settling(every=every * SECOND, step=SECOND // 50, tolerance=1e-5)
        outcome = run(_request(step=5 * SECOND, settling=settling))
        errors.append(np.abs(outcome["y"][-1] / _exact(outcome)[-1] - 1).max())
        held.append(outcome.settled.held)
        assert outcome.settled.held > 0.1 * errors[-1]
    ratios = np.array(errors[:-1]) / errors[1:]
    assert np.all((ratios > 1.7) & (ratios < 2.3))
    assert held == sorted(held, reverse=True)


def test_outputs_are_those_of_a_fast_model_run_to_rest():
    """What the slow model sees is what a run of the fast model alone, long and from its own start, settles to."""
    outcome = run(_request(settling=Settling(every=10 * SECOND, step=SECOND // 50, tolerance=1e-6)))
    for at in (0, -1):
        assert np.allclose(outcome["seen"][at], _alone(outcome["y"][at]), rtol=1e-5)


def _alone(target):
    """What the fast model settles to when it runs by itself."""
    fast, layout = schema_of(Fast), layout_of(schema_of(Fast))
    start = layout.start(len(target))
    start[layout.place("target")] = target
    request = Run(fast, start, 0, 20 * SECOND, step=SECOND // 50, record=("level",), backend="numpy")
    return run(request)["level"][-1]


def test_what_does_not_change_is_not_run_again():
    """With inputs that stand still the fast model runs once, however often it is asked."""
    start = LAYOUT.start(4)
    start[LAYOUT.place("c")] = 0.0
    outcome = run(replace(_request(4), start=start))
    assert outcome.settled.questions == 4 * 21
    assert outcome.settled.seconds == pytest.approx(4 * 11)
    assert outcome.settled.held == 0.0
    assert outcome.settled.unsettled == 0


def test_a_warm_model_settles_in_stretches():
    """After the first question each one costs a stretch or two, not the whole time to rest."""
    outcome = run(_request())
    seconds_per_question = outcome.settled.seconds / outcome.settled.questions
    assert seconds_per_question < 3.0


def test_a_run_goes_on_with_warm_models():
    """Two runs that meet where a question is asked are one run, to the bit: the fast state is in the columns."""
    whole = run(_request())
    first = run(replace(_request(), span=100 * SECOND))
    second = run(replace(_request(), start=first.final, t0=100 * SECOND, span=100 * SECOND))
    assert np.array_equal(second.final, whole.final, equal_nan=True)
    assert second.settled.seconds < first.settled.seconds


def test_chunks_change_nothing(monkeypatch):
    """What a member's fast model does depends on that member only, whoever shares its chunk."""
    whole = run(_request(40, backend="numba"))
    monkeypatch.setattr(prepare, "CHUNKS", 40)
    monkeypatch.setattr(prepare, "WORTH_QUESTIONS", 1)
    cut = run(_request(40, backend="numba"))
    assert np.array_equal(whole.final, cut.final, equal_nan=True)
    assert cut.settled.drift == whole.settled.drift
    assert cut.settled.held == whole.settled.held


def test_fast_models_travel_to_other_processes():
    """A job with fast models can be done elsewhere."""
    with ProcessPoolExecutor(1) as processes:
        there = run(_request(), executor=processes)
    assert np.array_equal(there.final, run(_request()).final, equal_nan=True)


def test_a_jump_of_an_input_is_asked_about_at_once():
    """Where a fed input jumps the fast model is asked, however rarely it is asked otherwise."""
    request = _request(settling=Settling(every=HOUR, step=SECOND // 50))
    assert run(request).settled.questions == 5 * 2
    fed = replace(request, inputs={"c": level([0, 70 * SECOND], [0.0, 1e-3])})
    assert run(fed).settled.questions == 5 * 3


def test_a_type_may_say_how_often_it_asks():
    """`px.settled(..., every="40 s")` holds where the run says nothing, and the run has the last word."""
    schema, start = schema_of(Rarely), layout_of(schema_of(Rarely)).start(2)
    for every, questions in ((None, 200 // 40 + 1), (100 * SECOND, 200 // 100 + 1)):
        settling = Settling(every=every, step=SECOND // 50)
        request = Run(schema, start, 0, 200 * SECOND, step=10 * SECOND, backend="numpy", settling=settling)
        assert run(request).settled.questions == 2 * questions


def test_the_type_may_say_the_step_of_its_fast_model():
    """A declared step is taken, and one of the run goes before it."""

    class Stepped(px.Twin):
        y = px.hidden("1", start=1)

        @px.derived
        def seen(self):
            return px.settled(Fast, {Fast.target: self.y}, over="10 s", step="50 ms").level

        @px.rate(y)
        def grows(self):
            return px.quantity(1e-3, "1/s") * self.seen

    schema = schema_of(Stepped)
    request = Run(schema, layout_of(schema).start(1), 0, 20 * SECOND, step=10 * SECOND, backend="numpy")
    assert [one.dt for one in prepare.prepare(request, None).whole.fast] == [0.05]
    own = replace(request, settling=Settling(step=SECOND // 100))
    assert [one.dt for one in prepare.prepare(own, None).whole.fast] == [0.01]


def test_a_member_that_fails_costs_nothing_more():
    """A member with NaN inputs is not run, fails in the slow model, and leaves the others alone."""
    request = _request()
    start = request.start.copy()
    start[LAYOUT.place("y"), 2] = np.nan
    outcome, sound = run(replace(request, start=start)), run(request)
    assert outcome.failed.tolist() == [False, False, True, False, False]
    others = [0, 1, 3, 4]
    assert np.array_equal(outcome.final[:, others], sound.final[:, others], equal_nan=True)
    assert outcome.settled.seconds < sound.settled.seconds


def test_who_does_not_settle_is_counted():
    """Outputs that go on changing are taken as they are, and the account says how often."""
    outcome = run(_request(settling=Settling(every=100 * SECOND, step=SECOND // 37, tolerance=0.0)))
    assert outcome.settled.unsettled > 0


def test_columns_tell_what_was_settled():
    """`now` reads the outputs of a fast model from the state in which it was left."""
    outcome = run(_request())
    seen = now(SCHEMA, outcome.final, (SCHEMA.expression("seen"),), time=200.0)[0]
    held = outcome["seen"][-1]
    assert np.allclose(seen, held, rtol=1e-12)
