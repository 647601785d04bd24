"""The JAX back end: the same numbers, and the derivatives of whole runs."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.simulate.methods.test_adaptive import ran, start_of
from tests.simulate.models import SECOND, Decay, Oscillator
from tests.simulate.stiff import Growth, Lagging, Robertson

from pollux.errors import SetupError, SimulationError
from pollux.model.graph import operation
from pollux.model.schema import schema_of
from pollux.simulate import Run, level, run
from pollux.simulate.gradients import gradient

pytest.importorskip("jax", reason="jax is not installed: make install EXTRAS=jax")

PARAMETERS: dict[str, Any] = {"k": np.array([0.5, 1.0, 2.0]), "u": 0.3}


@pytest.mark.parametrize(
    ("kind", "method"),
    [(Oscillator, "rk4"), (Decay, "dopri5"), (Robertson, "rodas4"), (Growth, "milstein"), (Lagging, "rk4")],
)
def test_it_gives_what_numpy_gives(kind, method):
    """Every method, windows, noise and delays agree to rounding."""
    names, step = schema_of(kind).states, SECOND // 100 if method in ("rk4", "milstein") else None
    numpy, jax = (
        ran(kind, SECOND, members=3, method=method, step=step, grid=SECOND // 2, backend=b, record=names)
        for b in ("numpy", "jax")
    )
    assert jax.backend == "jax"
    assert np.allclose(jax.values, numpy.values, rtol=1e-12, atol=1e-12)
    assert np.array_equal(jax.pace.taken, numpy.pace.taken)


def test_gradients_are_those_of_the_formula():
    """x = u/k + (x0 - u/k) e^(-k t): by the initial state and by both parameters, for every member at once."""
    schema, k, u = schema_of(Decay), PARAMETERS["k"], PARAMETERS["u"]
    request = Run(schema, start_of(Decay, 3, **PARAMETERS), 0, SECOND, step=SECOND // 100)
    found = gradient(request, schema.expression("x"), ("x", "k", "u"))
    fade = np.exp(-k)
    assert np.allclose(found.value, u / k + (1 - u / k) * fade, rtol=1e-8)
    assert np.allclose(found.by["x"], fade, rtol=1e-8)
    assert np.allclose(found.by["u"], (1 - fade) / k, rtol=1e-8)
    assert np.allclose(found.by["k"], -u / k**2 + fade * (u / k**2 - (1 - u / k)), rtol=1e-7)


def test_gradients_of_integrals_and_of_expressions():
    """An integral over the run, and an expression in which the parameter stands itself, against differences."""
    schema = schema_of(Decay)
    square = operation("*", (schema.expression("x"), schema.expression("k")))
    request = Run(
        schema, start_of(Decay, 3, **PARAMETERS), 0, SECOND, step=SECOND // 50, inputs={"u": level([0], [0.1])}
    )
    for is_integral in (False, True):
        found = gradient(request, square, ("k",), is_integral=is_integral)

        def asked(shift, is_integral=is_integral):
            moved = start_of(Decay, 3, k=PARAMETERS["k"] + shift, u=0.3)
            told: dict[str, Any] = {"integrate": {"it": square}} if is_integral else {"formulas": {"it": square}}
            outcome = run(replace(request, start=moved, backend="numpy", **told))
            return outcome.integrals["it"] if is_integral else outcome["it"][-1]

        assert np.allclose(found.by["k"], (asked(1e-5) - asked(-1e-5)) / 2e-5, rtol=1e-7)


def test_what_it_is_not_for_is_refused():
    """Strict arithmetic has fixed bits, which JAX does not promise; adaptive steps cannot be run backwards."""
    with pytest.raises(SetupError, match="fixed bits"):
        ran(Decay, SECOND, backend="jax", strict=True)
    request = Run(schema_of(Decay), start_of(Decay), 0, SECOND, method="dopri5")
    with pytest.raises(SimulationError, match="steps of one length"):
        gradient(request, schema_of(Decay).expression("x"), ("k",))
