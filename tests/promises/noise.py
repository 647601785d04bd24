"""What a member-step with noise costs: geometric Brownian motion, beside NumPy's vectorised Euler-Maruyama.

Ours is Milstein's method with a normal number for each member and step that is a function of seed, member and step, so
that options are compared on the same luck however a run is cut; NumPy draws its numbers one after another. Both sides
run ten thousand members in 64 bits. The strong error, the mean distance from the exact solution on the same path at the
end, is printed for ours; NumPy's has the order of one half where Milstein's has one.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pollux.columns import layout_of
from pollux.model.schema import schema_of
from pollux.simulate import Run, run
from tests.promises.accuracy import SECOND
from tests.promises.measurement import Measurement, named, table
from tests.promises.timed import Spent, spent
from tests.simulate.stiff import Growth

F64 = NDArray[np.float64]
MEMBERS: Final = 10_000
STEPS: Final = 500
DRIFT: Final = 0.05
SPREAD: Final = 0.2
THREADS: Final = 2
REPEATS: Final = 5


def measure() -> list[Measurement]:
    """The promise `noise`."""
    value, theirs = ours(), numpys()
    conditions = {
        "ours": f"Milstein, {MEMBERS:,} members, {STEPS} steps, {THREADS} threads, warm, "
        f"strong error {strong_error():.2g}, processor {value.processor:.3g} ns",
        "peer": f"Euler-Maruyama on arrays in place, PCG64 standard_normal, 1 core, warm, "
        f"processor {theirs.processor:.3g} ns",
    }
    ratio = theirs.wall / value.wall
    unit, goal = "ns per member and step", ">= 2 times NumPy on one core"
    return [Measurement("noise", value.wall, unit, goal, named("numpy"), theirs.wall, ratio, conditions)]


def _run(threads: ThreadPoolExecutor | None, members: int) -> tuple[F64, F64]:
    """The process and its Wiener process after a second, the members of each."""
    layout = layout_of(schema_of(Growth))
    start = layout.start(members)
    start[layout.slot["mu"]], start[layout.slot["sigma"]] = DRIFT, SPREAD
    step = SECOND // STEPS
    request = Run(schema_of(Growth), start, 0, SECOND, step=step, record=("x", "w"), method="milstein", backend="numba")
    found = run(request, executor=threads)
    return np.asarray(found["x"][-1]), np.asarray(found["w"][-1])


def ours() -> Spent:
    """Wall and processor time in nanoseconds per member and step; the Wiener process is integrated besides."""
    with ThreadPoolExecutor(THREADS) as threads:
        return _scaled(spent(lambda: _run(threads, MEMBERS), repeats=REPEATS))


def strong_error() -> float:
    """The mean distance from the exact solution of the same path."""
    found, path = _run(None, MEMBERS)
    return float(np.abs(found - np.exp(DRIFT - SPREAD**2 / 2 + SPREAD * path)).mean())


def numpys() -> Spent:
    """The same for NumPy, which works in place."""
    random, dt = np.random.default_rng(1), 1.0 / STEPS
    x, dw = np.empty(MEMBERS), np.empty(MEMBERS)

    def simulated() -> None:
        x.fill(1.0)
        for _ in range(STEPS):
            random.standard_normal(out=dw)
            np.multiply(dw, SPREAD * dt**0.5, out=dw)
            np.add(dw, 1.0 + DRIFT * dt, out=dw)
            np.multiply(x, dw, out=x)

    return _scaled(spent(simulated, repeats=REPEATS))


def _scaled(took: Spent) -> Spent:
    scale = 1e9 / MEMBERS / STEPS
    return Spent(took.wall * scale, took.processor * scale)


if __name__ == "__main__":
    print(table(measure()))
