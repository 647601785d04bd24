"""Events: rising edges located inside the step, their memory, and the jumps they cause."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.models import SECOND, Ball, Tank

from pollux.columns import NEVER, layout_of
from pollux.model.schema import schema_of
from pollux.simulate import Outcome, Run, run


def _run(kind, span, step, **values) -> Outcome:
    layout = layout_of(schema_of(kind))
    members = max(np.size(v) for v in (1, *values.values()))
    start = layout.start(members)
    for name, value in values.items():
        start[layout.place(name)] = value
    names = tuple(schema_of(kind).states)
    return run(Run(schema_of(kind), start, 0, span, step=step, record=names, backend="numpy"))


@settings(max_examples=30, deadline=None)
@given(st.floats(0.5, 50), st.floats(1, 20))
def test_the_instant_is_located_inside_the_step(height, gravity):
    """A ball that is dropped hits the ground after sqrt(2 h / g), to the square of the step."""
    falls = math.sqrt(2 * height / gravity)
    step = 10_000_000
    outcome = _run(Ball, int((falls + 0.05) * SECOND) // step * step, step, height=height, gravity=gravity, bounce=0.0)
    found = outcome.events["hits"].first[0] / SECOND
    bound = gravity * (step / SECOND) ** 2 / (8 * math.sqrt(2 * height * gravity))
    assert abs(found - falls) <= 1.01 * bound + 1e-9


def test_a_ball_bounces_as_often_as_it_should():
    """With half of the speed left each time, the bounces come after t0, 2 t0, 2.5 t0, ... of the formula."""
    outcome = _run(Ball, 4 * SECOND, SECOND // 10_000, bounce=0.5)
    first = math.sqrt(2 * 10 / 9.81)
    flights = [first]
    while sum(flights) + 2 * first * 0.5 ** len(flights) < 4:
        flights.append(2 * first * 0.5 ** len(flights))
    hits = outcome.events["hits"]
    assert hits.count[0] == len(flights)
    assert hits.first[0] / SECOND == pytest.approx(first, abs=1e-6)
    assert hits.last[0] / SECOND == pytest.approx(sum(flights), abs=1e-3)


def test_what_holds_at_the_start_is_no_event():
    """A tank that begins too full does not overflow; one that begins exactly full does, with the first drop."""
    outcome = _run(Tank, SECOND, SECOND // 100, level=[2.0, 1.0, 0.0], inflow=0.5, full=1.0)
    overflows = outcome.events["overflows"]
    assert overflows.happened.tolist() == [False, True, False]
    assert overflows.first[1] == 0
    assert overflows.first[0] == NEVER


@settings(max_examples=30, deadline=None)
@given(st.floats(0.2, 5.0), st.integers(20, 200))
def test_a_tank_is_emptied_again_and_again(inflow, parts):
    """Each overflow empties the tank at the end of its step, and the next is one filling later."""
    step = SECOND // parts
    outcome = _run(Tank, 4 * parts * step, step, inflow=inflow, full=1.0)
    overflows = outcome.events["overflows"]
    filling = math.floor(1 / inflow * parts * (1 + 1e-12)) + 1
    assert overflows.count[0] == pytest.approx(4 * parts // filling, abs=1)
    if overflows.happened[0]:
        assert overflows.first[0] / SECOND == pytest.approx(1 / inflow, abs=1e-6)
    assert 0 <= outcome["level"][-1, 0] <= 1 + inflow / parts


def test_events_are_those_of_the_run_and_the_memory_keeps_all():
    """A second run counts from nothing, while the columns remember the first time of both runs."""
    schema, layout = schema_of(Tank), layout_of(schema_of(Tank))
    first = run(Run(schema, layout.start(1), 0, 5 * SECOND, step=SECOND // 100, backend="numpy"))
    second = run(Run(schema, first.final, 5 * SECOND, 5 * SECOND, step=SECOND // 100, backend="numpy"))
    slots = layout.events["overflows"]
    assert second.events["overflows"].first[0] > 5 * SECOND
    count = first.events["overflows"].count[0] + second.events["overflows"].count[0]
    assert second.final[slots.count, 0] == count
    assert second.final[slots.first, 0] == first.final[slots.first, 0]
    assert second.final[slots.last, 0] > first.final[slots.last, 0]


def test_times_are_nanoseconds_of_the_calendar():
    """A run that begins in 2026 gives event times to a microsecond, which is what a float of seconds can tell."""
    t0 = 1_767_225_600 * SECOND
    layout = layout_of(schema_of(Tank))
    outcome = run(Run(schema_of(Tank), layout.start(1), t0, 2 * SECOND, step=SECOND // 100, backend="numpy"))
    assert abs(outcome.events["overflows"].first[0] - (t0 + SECOND)) < 1000
