"""The full model, solved as it is: at rest, shaken at a frequency, and through time. What reductions are held against.

Through time by methods that no body can make unstable: Newmark's with mean acceleration for structures (N. M. Newmark,
J. Eng. Mech. Div. 85, 1959, 67-94), the second-order backward difference for heat, begun with a backward Euler step.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import F64
from pollux.errors import ModelError
from pollux.model.suggest import did_you_mean
from pollux.simulate.geometry.factors import factored
from pollux.simulate.geometry.libraries import one_thread
from pollux.simulate.geometry.statics import at_rest
from pollux.simulate.geometry.system import System, told


@one_thread
def steady(system: System, given: Mapping[str, float]) -> dict[str, float]:
    """The outputs at rest under inputs in their units; what is not given does nothing.

    Raises ModelError for a name that is no input. Of a body that is free in part, the rest.
    """
    acting = deviation(system, given)
    rows = system.direct @ acting
    if system.size:
        rows = rows + system.outputs @ at_rest(system.stiffness, system.mass, system.free)(system.loads @ acting)
    return {name: float(value) for name, value in told(system.seen, rows).items()}


def deviation(system: System, given: Mapping[str, float]) -> F64:
    """The inputs, less the numbers at which nothing happens; raises ModelError for a name that is no input."""
    known = {one.name: place for place, one in enumerate(system.inputs)}
    found = np.zeros(len(known))
    for name, value in given.items():
        if name not in known:
            raise ModelError(f"expected an input, got {name!r}", hint=did_you_mean(name, known))
        found[known[name]] = value - system.inputs[known[name]].zero
    return found


@one_thread
def response(system: System, frequencies: F64) -> NDArray[np.complex128]:
    """The outputs per unit of each input, shaken at frequencies in Hz: shape (frequencies, rows, inputs)."""
    found = [system.direct + system.outputs @ _shaken(system, 2.0 * np.pi * float(one)) for one in frequencies]
    return np.array(found, np.complex128)


def _shaken(system: System, angular: float) -> NDArray[np.complex128]:
    if not system.size:
        return np.zeros(system.loads.shape, np.complex128)
    inertia = -(angular**2) * system.mass if system.order == 2 else 0.0 * system.mass
    matrix = system.stiffness + inertia + 1j * angular * system.drag
    field: NDArray[np.complex128] = factored(matrix)(system.loads.astype(np.complex128))
    return field


@one_thread
def steps(system: System, given: F64, span: float, count: int, start: F64 | None = None) -> F64:
    """The field after each of `count` even steps through `span` seconds under inputs that jump on at the start.

    `given` are deviations (inputs,), `start` the field to begin with (else zero), at rest. Shape (count + 1, unknowns).
    """
    if not system.size:
        return np.zeros((count + 1, 0))
    before = np.zeros(system.size) if start is None else start
    load = system.loads @ given
    run = _newmark if system.order == 2 else _backward
    return run(system, load, before, span / count, count)


def _newmark(system: System, load: F64, start: F64, dt: float, count: int) -> F64:
    mass, drag, stiffness = system.mass, system.drag, system.stiffness
    solve = factored(mass + 0.5 * dt * drag + 0.25 * dt**2 * stiffness)
    field = np.empty((count + 1, len(start)))
    field[0], speed = start, np.zeros_like(start)
    push = factored(mass)(load - stiffness @ start)
    for step in range(count):
        ahead = field[step] + dt * speed + 0.25 * dt**2 * push
        faster = speed + 0.5 * dt * push
        push = solve(load - drag @ faster - stiffness @ ahead)
        field[step + 1], speed = ahead + 0.25 * dt**2 * push, faster + 0.5 * dt * push
    return field


def _backward(system: System, load: F64, start: F64, dt: float, count: int) -> F64:
    mass, stiffness = system.mass, system.stiffness
    field = np.empty((count + 1, len(start)))
    field[0] = start
    field[1:2] = factored(mass + dt * stiffness)(mass @ start + dt * load)
    solve = factored(1.5 * mass + dt * stiffness)
    for step in range(1, count):
        field[step + 1] = solve(mass @ (2.0 * field[step] - 0.5 * field[step - 1]) + dt * load)
    return field
