"""The past inside a run: against the method of steps, through breaks, in both back ends."""

from math import factorial

import numpy as np
import pytest
from tests.simulate.methods.test_adaptive import ran, start_of
from tests.simulate.models import SECOND
from tests.simulate.stiff import Lagging

from pollux.columns import layout_of
from pollux.errors import SimulationError
from pollux.model.delays import delay
from pollux.model.equations import derived, rate
from pollux.model.roles import hidden, parameter
from pollux.model.schema import schema_of
from pollux.model.twin import Twin
from pollux.simulate import Run, now, run


def by_steps(t):
    """x' = -x(t - 1), x = 1 before 0: a polynomial between two whole seconds (the method of steps)."""
    n = int(np.floor(t)) + 1
    return sum((-1.0) ** j * (t - (j - 1)) ** j / factorial(j) for j in range(n + 1))


class Echo(Twin):
    """x' = cos-like motion without a kink in its past, and what it was a second ago."""

    x = hidden("1", start=0)
    y = hidden("1", start=1)
    w = parameter("1/s", 2.0)

    @rate(x, y)
    def turns(self):
        return self.w * self.y, -self.w * self.x

    @derived
    def before(self):
        return delay(self.x, by="1 s")


@pytest.mark.parametrize(("method", "step"), [("rk4", SECOND // 100), ("dopri5", None)])
def test_the_method_of_steps_is_reached(method, step):
    """To 4e-5, which is what rounding the kink at the start over two samples leaves."""
    found = ran(Lagging, 3 * SECOND, method=method, step=step, grid=SECOND // 4, record=("x",))
    expected = [by_steps(t) for t in np.arange(13) / 4]
    assert np.allclose(found["x"][:, 0], expected, atol=4e-5)


@pytest.mark.parametrize("method", ["rk4", "dopri5"])
def test_a_smooth_past_is_read_exactly(method):
    """What it was is what it was, to the error of a cubic between samples a sixtieth of the delay apart."""
    step = SECOND // 64 if method == "rk4" else None
    found = ran(Echo, 4 * SECOND, method=method, step=step, tolerance=1e-9, grid=SECOND // 2, record=("before",))
    then = np.arange(9) / 2 - 1.0
    assert np.allclose(found["before"][3:, 0], np.sin(2 * then[3:]), atol=2e-6)
    assert np.all(found["before"][0] == 0.0)


def test_a_run_goes_on_with_its_past():
    """Columns carry the past: two runs are one."""
    whole = ran(Lagging, 2 * SECOND, method="rk4", step=SECOND // 100)
    half = ran(Lagging, SECOND, method="rk4", step=SECOND // 100)
    rest = run(Run(schema_of(Lagging), half.final, SECOND, SECOND, method="rk4", step=SECOND // 100, backend="numpy"))
    assert np.array_equal(rest.final, whole.final)
    schema = schema_of(Echo)
    ended = ran(Echo, 2 * SECOND, method="rk4", step=SECOND // 64)
    assert np.allclose(now(schema, ended.final, [schema.expression("before")], time=2.0), np.sin(2.0), atol=1e-6)


def test_both_back_ends_have_the_same_past():
    """Bit for bit when strict."""
    about = {"members": 3, "values": {"k": np.array([0.5, 1.0, 1.5])}, "strict": True, "record": ("x",)}
    for method, step in (("rk4", SECOND // 80), ("dopri5", None)):
        fast, slow = (
            ran(Lagging, 2 * SECOND, method=method, step=step, backend=b, **about) for b in ("numba", "numpy")
        )
        assert np.array_equal(fast.final, slow.final, equal_nan=True)


def test_steps_are_no_longer_than_the_samples_lie_apart():
    """A longer one is refused, and none is chosen; the implicit method has no past."""
    assert layout_of(schema_of(Lagging)).delays[0].spacing == pytest.approx(1 / 61)
    with pytest.raises(SimulationError, match="a window or a delay asks"):
        ran(Lagging, SECOND, method="rk4", step=SECOND // 10)
    assert run(Run(schema_of(Lagging), start_of(Lagging), 0, SECOND)).step < SECOND / 61
    with pytest.raises(SimulationError, match="expected an explicit method for a delay"):
        ran(Lagging, SECOND, method="rodas4")
