"""The heart as users of JAX would simulate many members: classical Runge-Kutta, jitted over arrays of members.

64-bit numbers, steps as long as ours, all cores that XLA takes, arrays on the device before and after. Compiling is not
counted. States are a tuple of arrays, which XLA fuses into few loops.
The three readings are kept as ours are: greatest, least and mean pressure of each beat. Of two numbers of members the
better figure counts.
"""

from importlib.util import find_spec
from typing import Any

import numpy as np

from pollux.columns import layout_of
from pollux.model.schema import schema_of
from tests.promises.accuracy import MEMBERS, MINUTE, SECOND, error, starts
from tests.promises.heart import Heart, plain_rates
from tests.promises.measurement import named
from tests.promises.odeint import Peer
from tests.promises.timed import Spent, spent

SIZES = (1_000, 10_000)
PER_SECOND = 200
SPAN = 2
"""Simulated seconds of a timed run."""


def classical() -> Peer:
    """The better of `SIZES`, its error with steps of 5 ms."""
    if find_spec("jax") is None:
        return Peer(named("jax"))
    import jax

    with jax.enable_x64(True):
        simulate = _simulation(jax)
        found = _pressure(jax, simulate)
        costs = {size: _cost(jax, simulate, size) for size in SIZES}
    best = min(SIZES, key=lambda size: costs[size].wall / size)
    wall, processor = (seconds * 1e6 / best / SPAN for seconds in (costs[best].wall, costs[best].processor))
    sizes = ", ".join(f"{costs[size].wall * 1e6 / size / SPAN:.3g} us with {size:,} members" for size in SIZES)
    how = f"RK4, steps of {1000 // PER_SECOND} ms, the same readings, jit over arrays, {sizes}, 64 bit, all cores, warm"
    return Peer(named("jax"), wall, error(found), processor, how)


def _simulation(jax: Any) -> Any:
    """States and readings after so many steps, compiled once for each number of members."""
    numpy, dt = jax.numpy, 1.0 / PER_SECOND

    def slopes(states: Any, values: Any) -> Any:
        return plain_rates(0.0, states, values, numpy.exp, numpy.maximum)

    def moved(states: Any, slope: Any, by: float) -> Any:
        return tuple(one + by * rate for one, rate in zip(states, slope, strict=True))

    def step(states: Any, values: Any) -> Any:
        first = slopes(states, values)
        second = slopes(moved(states, first, dt / 2), values)
        third = slopes(moved(states, second, dt / 2), values)
        fourth = slopes(moved(states, third, dt), values)
        weighted = tuple(a + 2 * b + 2 * c + d for a, b, c, d in zip(first, second, third, fourth, strict=True))
        return moved(states, weighted, dt / 6)

    def watched(before: Any, after: Any, kept: Any, values: Any) -> Any:
        high, low, area, since, _ = kept
        here = after[1] * values["e_aorta"]
        high, low = numpy.maximum(high, here), numpy.minimum(low, here)
        area, since = area + here * dt, since + dt
        turned = numpy.floor(after[-1]) > numpy.floor(before[-1])
        whole = tuple(numpy.where(turned, *two) for two in zip((high, low, area / since), kept[4], strict=True))
        fresh = ((high, here), (low, here), (area, 0.0), (since, 0.0))
        return (*(numpy.where(turned, new, old) for old, new in fresh), whole)

    def passed(both: Any, values: Any) -> Any:
        states, kept = both
        after = step(states, values)
        return after, watched(states, after, kept, values)

    def simulate(states: Any, values: Any, steps: Any) -> Any:
        here = states[1] * values["e_aorta"]
        nothing = numpy.zeros_like(here)
        kept = (here, here, nothing, nothing, (here, here, here))
        return jax.lax.fori_loop(0, steps, lambda _, both: passed(both, values), (states, kept))

    return jax.jit(simulate)


def _members(jax: Any, members: int) -> tuple[Any, Any]:
    """States and parameters on the device: those that differ between members as arrays, the others as numbers."""
    schema, layout, columns = schema_of(Heart), layout_of(schema_of(Heart)), starts(members)
    rows = dict(zip(layout.names, columns, strict=True))
    states = tuple(jax.numpy.asarray(rows[name]) for name in schema.states)
    values = {name: jax.numpy.asarray(row) if np.ptp(row) else float(row[0]) for name, row in rows.items()}
    return states, {name: values[name] for name in schema.params}


def _pressure(jax: Any, simulate: Any) -> Any:
    states, values = _members(jax, MEMBERS)
    ends, _ = simulate(states, values, MINUTE // SECOND * PER_SECOND)
    return np.asarray(ends[1] * values["e_aorta"])


def _cost(jax: Any, simulate: Any, members: int) -> Spent:
    """Seconds of a timed run: the median of three."""
    states, values = _members(jax, members)
    return spent(lambda: jax.block_until_ready(simulate(states, values, SPAN * PER_SECOND)), repeats=3)
