"""exp, log, sin, cos, tanh and pow against long doubles, and alike in both back ends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.simulate.generate.assign import ELEMENTARY, Assign
from pollux.simulate.generate.elementary import elementary
from pollux.simulate.generate.numpy_printer import numpy_source
from pollux.simulate.generate.program import Program
from pollux.simulate.kernels.numpy_kernel import load_text

EXTENDED = np.finfo(np.longdouble).eps < 1e-18
needs_extended = pytest.mark.skipif(not EXTENDED, reason="long doubles are no longer than doubles here")


def _functions():
    calls = tuple(Assign(f"v{k}", op, ("t0",) * (1 + (op == "pow"))) for k, op in enumerate(ELEMENTARY))
    return load_text(numpy_source(Program(1, 1, (), (), calls, strict=True)))


FUNCTIONS = _functions()


def _apply(name, *args):
    with np.errstate(all="ignore"):
        return getattr(FUNCTIONS, f"{name}_")(*(np.asarray(a, np.float64) for a in args))


def _ulps(name, x):
    exact = getattr(np, name)(x.astype(np.longdouble))
    with np.errstate(all="ignore"):
        unit = np.spacing(np.abs(exact.astype(np.float64))).astype(np.longdouble)
        return float(np.max(np.abs(_apply(name, x).astype(np.longdouble) - exact) / unit))


def _samples(*ranges, count=40_000):
    generator = np.random.default_rng(3)
    return np.concatenate([generator.uniform(low, high, count) for low, high in ranges])


NEAR_ZEROS = np.arange(1, 3_000_000, 1009) * np.pi
RANGES = {
    "exp": (_samples((-708, 709.7), (-1, 1), (-1e-9, 1e-9)), 2.0),
    "log": (
        np.concatenate((np.exp(_samples((-700, 700), (-1, 1), (-1e-3, 1e-3))), 10.0 ** _samples((-323, -308)))),
        1.0,
    ),
    "sin": (np.concatenate((_samples((-1e8, 1e8), (-4, 4), (-1e-9, 1e-9)), NEAR_ZEROS)), 3.0),
    "cos": (np.concatenate((_samples((-1e8, 1e8), (-4, 4)), NEAR_ZEROS + np.pi / 2)), 3.0),
    "tanh": (np.concatenate((_samples((-20, 20), (-0.7, 0.7)), 10.0 ** _samples((-300, 0)))), 2.0),
}


@needs_extended
@pytest.mark.parametrize("name", RANGES)
def test_errors_stay_below_what_is_stated(name):
    """The largest error over the whole range is below the number of ulps in the docstring."""
    x, stated = RANGES[name]
    assert _ulps(name, x) <= stated


@needs_extended
def test_powers_are_as_good_as_their_exponent_allows():
    """The error of x^y stays below 3 + 2 |y ln x| ulp."""
    x, y = np.exp(_samples((-5, 5))), _samples((-50, 50))
    exact = x.astype(np.longdouble) ** y.astype(np.longdouble)
    ulps = np.abs(_apply("pow", x, y) - exact) / np.spacing(exact.astype(np.float64))
    assert np.all(ulps <= 3 + 2 * np.abs(y * np.log(x)))


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("exp", 710.0, np.inf),
        ("exp", np.inf, np.inf),
        ("exp", -np.inf, 0.0),
        ("exp", -1e5, 0.0),
        ("exp", 0.0, 1.0),
        ("log", 0.0, -np.inf),
        ("log", -1.0, np.nan),
        ("log", np.inf, np.inf),
        ("log", 1.0, 0.0),
        ("sin", np.inf, np.nan),
        ("sin", 1e300, np.nan),
        ("cos", -np.inf, np.nan),
        ("cos", 0.0, 1.0),
        ("tanh", np.inf, 1.0),
        ("tanh", -1e300, -1.0),
        ("tanh", 0.0, 0.0),
    ],
)
def test_edges(name, x, expected):
    """Infinity, zero and arguments without an answer give what mathematics says."""
    assert np.array_equal(_apply(name, [x]), [expected], equal_nan=True)


@pytest.mark.parametrize("name", ["exp", "log", "sin", "cos", "tanh"])
def test_nan_stays_nan(name):
    """A member that has failed cannot be hidden by a function."""
    assert np.isnan(_apply(name, [np.nan])).all()


def test_power_of_nothing_and_of_less():
    """x^0 is 1, 0^y is 0, a negative base has no power that is not whole."""
    assert np.array_equal(_apply("pow", [5.0, 0.0, -2.0], [0.0, 1.5, 0.5]), [1.0, 0.0, np.nan], equal_nan=True)


@given(st.floats(-700, 700), st.floats(-700, 700))
def test_exp_is_monotonic(a, b):
    """A larger argument never gives a smaller power."""
    low, high = sorted((a, b))
    assert _apply("exp", [low])[0] <= _apply("exp", [high])[0]


@given(st.floats(-1e6, 1e6))
def test_sine_is_odd_and_bounded(x):
    """sin(-x) = -sin x, and no sine exceeds 1 by more than rounding."""
    one, other = _apply("sin", [x])[0], _apply("sin", [-x])[0]
    assert one == -other
    assert abs(one) <= 1 + 2e-16


def test_lists_have_no_branch_and_no_foreign_call():
    """Every operation of every function is a primitive or another function of the list."""
    for name in ELEMENTARY:
        ops = {assign.op for assign in elementary(name).body}
        assert ops <= {
            *("+", "-", "*", "/", "neg", "abs", "min", "where", "<", "<=", ">", "==", "not"),
            *("bits", "real", "shl", "shr", "iand", "ior", "ixor", "iadd", "exp", "log"),
        }
