"""The implicit method: published values of stiff problems, algebraic variables, elimination."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.methods.test_adaptive import ran, start_of
from tests.simulate.models import SECOND, Decay, Oscillator
from tests.simulate.stiff import Conserved, Hires, Robertson, VanDerPol

from pollux.errors import SimulationError
from pollux.model.equations import algebraic, event, on, rate
from pollux.model.roles import actuator, hidden, parameter
from pollux.model.schema import schema_of
from pollux.model.twin import Twin
from pollux.simulate import Run, level, run
from pollux.simulate.generate.lines import Lines
from pollux.simulate.methods.elimination import Factored
from pollux.simulate.tolerance import Tolerance

ROBERTSON = {"a": 0.2083340149701255e-7, "b": 0.8333360770334713e-13, "c": 0.9999999791665050}
VAN_DER_POL = {"x": 1.706167732170469, "v": -0.8928097010248257e-3}
HIRES = (
    *(0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2),
    *(0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2),
)
"""F. Mazzia, C. Magherini, Test Set for Initial Value Problem Solvers, release 2.4 (2008)."""


def solved(kind, span, tolerance, members=2, **values):
    schema = schema_of(kind)
    request = Run(
        schema, start_of(kind, members, **values), 0, span, method="rodas4", tolerance=tolerance, record=schema.states
    )
    return run(request)


def test_robertson_reaches_the_published_values():
    """After 10^11 s, as 10^9 s of reactions a hundred times as fast, the run takes a few hundred steps."""
    faster = {"slow": 4.0, "fast": 3e9, "middle": 1e6}
    found = solved(Robertson, 10**9 * SECOND, Tolerance(1e-8, {"b": 1e-16, "a": 1e-12}), **faster)
    for name, expected in ROBERTSON.items():
        assert np.allclose(found[name][-1], expected, rtol=1e-5), name
    assert np.all(found.pace.taken < 2000)


def test_van_der_pol_reaches_the_published_values():
    """mu = 1000 after 2000 s, to six digits."""
    found = solved(VanDerPol, 2000 * SECOND, Tolerance(1e-8, {"v": 1e-11}))
    for name, expected in VAN_DER_POL.items():
        assert np.allclose(found[name][-1], expected, rtol=1e-6), name


def test_hires_reaches_the_published_values():
    """Eight species after 321.8122 s, to six digits."""
    absolute = {f"y{k}": 1e-12 for k in range(1, 9)}
    found = solved(Hires, 321_812_200_000, Tolerance(1e-8, absolute))
    assert np.allclose(found.values[:, -1, 0], HIRES, rtol=1e-6)


def test_an_algebraic_equation_holds_all_along():
    """Robertson with the sum as an algebraic equation is Robertson; the first guess of the unknown does not matter."""
    tolerance = Tolerance(1e-8, {"b": 1e-13})
    rates, sums = (solved(kind, 40 * SECOND, tolerance) for kind in (Robertson, Conserved))
    assert np.allclose(rates["a"][-1], 0.7158270688, rtol=1e-7)
    assert np.allclose(sums["a"], rates["a"], rtol=1e-6)
    total = sums.final[:3].sum(axis=0)
    assert np.allclose(total, 1.0, atol=1e-12)


class Siphon(Twin):
    """A vessel through a pipe whose flow solves a cubic; a jump empties it."""

    volume = hidden("1", start=1)
    flow = hidden("1", start=0.1)
    supply = actuator("1/s", low=0, high=10, safe=0)
    pace = parameter("1/s", 1)
    brim = parameter("1", 2)

    @rate(volume)
    def fills(self):
        return self.supply - self.pace * self.flow

    @algebraic(flow)
    def resists(self):
        return self.flow**3 + self.flow - 2 * self.volume

    @event
    def spills(self):
        return self.volume >= self.brim

    @on(spills, volume)
    def empties(self):
        return 0.5


def test_unknowns_follow_inputs_and_jumps():
    """After an input has jumped and after a state has, the algebraic equation holds at once."""
    inputs = {"supply": level([0, SECOND], [0.0, 6.0])}
    found = ran(Siphon, 2 * SECOND, method="rodas4", grid=SECOND // 10, inputs=inputs, record=("volume", "flow"))
    gap = found["flow"] ** 3 + found["flow"] - 2 * found["volume"]
    assert np.abs(gap).max() < 1e-5
    assert found.events["spills"].count[0] > 0


def test_explicit_methods_refuse_algebraic_variables():
    """The error names the unknowns and the method that solves them; "auto" takes it."""
    with pytest.raises(SimulationError, match="expected a method for algebraic variables"):
        ran(Siphon, SECOND, method="rk4")
    assert ran(Siphon, SECOND, method="auto").pace.method == "rodas4"


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 7), st.randoms(use_true_random=False), st.floats(0.2, 0.9))
def test_elimination_solves(size, random, share):
    """L U of a sparse matrix with a strong diagonal solves what NumPy solves."""
    matrix = np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            if i == j or random.random() > share:
                matrix[i, j] = random.uniform(-1, 1) + (i == j) * 2 * size
    right = np.array([random.uniform(-1, 1) for _ in range(size)])
    lines = Lines()
    entries = {(i, j): lines.term(float(matrix[i, j])) for i, j in zip(*np.nonzero(matrix), strict=True)}
    found = Factored(entries, size).solve([lines.term(float(one)) for one in right])
    # All are numbers, so the lines fold to the solution while they are written.
    assert np.allclose([float(one.arg) for one in found], np.linalg.solve(matrix, right), rtol=1e-9, atol=1e-12)


def test_elimination_finds_pivots_off_the_diagonal():
    """A matrix without a diagonal is solved; one without rank by structure is refused."""
    lines = Lines()
    swapped = {(0, 1): lines.term(2.0), (1, 0): lines.term(4.0)}
    assert [one.arg for one in Factored(swapped, 2).solve([lines.term(6.0), lines.term(8.0)])] == [2.0, 3.0]
    with pytest.raises(SimulationError, match="determine every unknown"):
        Factored({(0, 0): lines.term(1.0), (1, 0): lines.term(1.0)}, 2)


def test_integrals_and_windows_come_with_the_implicit_method():
    """Integrals over a run and readings over windows are as accurate as the solution."""
    schema = schema_of(Decay)
    found = ran(
        Decay, SECOND, method="rodas4", tolerance=1e-9, integrate={"x": schema.expression("x")}, values={"k": 2.0}
    )
    assert np.allclose(found.integrals["x"], (1 - np.exp(-2.0)) / 2, rtol=1e-8)
    windows = ran(Oscillator, 3 * SECOND, method="rodas4", tolerance=1e-8, record=("average", "area"))
    explicit = ran(Oscillator, 3 * SECOND, method="rk4", step=SECOND // 1000, record=("average", "area"))
    assert np.allclose(windows.values[:, -1], explicit.values[:, -1], rtol=1e-4, equal_nan=True)
