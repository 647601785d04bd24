"""What a stiff member costs: van der Pol's oscillator with mu around 1000, 2000 seconds, beside SciPy's solvers.

Every member has a mu of its own. The error is the largest over some members in x at the end, where none of them jumps,
against Radau at a tolerance of 1e-11. A ratio is at matched error: ours with the loosest tolerance whose error is at
most that of the peer, on the same members in the same run. As a program, `python -m tests.promises.stiff` prints more.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pollux.columns import layout_of
from pollux.model.schema import schema_of
from pollux.simulate import Run, Tolerance, run
from tests.promises.accuracy import SECOND, coarsest
from tests.promises.measurement import Measurement, named, table
from tests.promises.timed import Spent, spent
from tests.simulate.stiff import VanDerPol

F64 = NDArray[np.float64]
SPAN: Final = 2000
MEMBERS: Final = 1_000
CHECKED: Final = 4
"""Members that peers integrate too: the first, the last and two between them."""
THREADS: Final = 2
TOLERANCES: Final = tuple(10.0**-k for k in range(3, 11))
PEER: Final = 1e-6


def measure() -> list[Measurement]:
    """The promises `stiff`, beside an implicit Runge-Kutta method, and `stiff-odeint`, beside multistep ones."""
    value = cost(PEER)
    radau, lsoda = solved_by(lambda: _solve_ivp("Radau", PEER)), solved_by(lambda: _odeint(PEER))
    unit = "us per member, 2000 s"
    return [
        Measurement("stiff", value.wall, unit, ">= 500 times Radau", *_beside("solve_ivp Radau", radau, value)),
        Measurement("stiff-odeint", value.wall, unit, ">= 50 times odeint", *_beside("odeint (LSODA)", lsoda, value)),
    ]


def starts(members: int) -> F64:
    """Columns whose mu lies evenly between 900 and 1100: at the end all of them creep, and none jumps."""
    layout = layout_of(schema_of(VanDerPol))
    columns = layout.start(members)
    columns[layout.slot["mu"]] = np.linspace(900.0, 1100.0, members)
    return columns


def ends(start: F64, relative: float, executor: ThreadPoolExecutor | None = None) -> F64:
    """x of each member at the end."""
    request = Run(
        schema_of(VanDerPol),
        start,
        0,
        SPAN * SECOND,
        record=("x",),
        method="rodas4",
        tolerance=Tolerance(relative),
        backend="numba",
    )
    return np.asarray(run(request, executor=executor)["x"][-1])


def cost(relative: float, *, repeats: int = 3) -> Spent:
    """Wall and processor time in microseconds per member."""
    with ThreadPoolExecutor(THREADS) as threads:
        took = spent(lambda: ends(starts(MEMBERS), relative, threads), repeats=repeats)
    return Spent(took.wall / MEMBERS * 1e6, took.processor / MEMBERS * 1e6)


@cache
def errors() -> tuple[float, ...]:
    """Our error with each of `TOLERANCES`."""
    return tuple(float(np.abs(ends(starts(CHECKED), one) - _reference()).max()) for one in TOLERANCES)


@cache
def _reference() -> F64:
    return _solve_ivp("Radau", 1e-11)[0]


def _rates(t: float, y: Any, mu: float) -> tuple[float, float]:
    return y[1], mu * (1 - y[0] * y[0]) * y[1] - y[0]


def _jacobian(t: float, y: Any, mu: float) -> list[list[float]]:
    return [[0.0, 1.0], [-2 * mu * y[0] * y[1] - 1, mu * (1 - y[0] * y[0])]]


def _solve_ivp(method: str, relative: float) -> tuple[F64, float]:
    """x of the members at the end, and the seconds that the median of them took."""
    from scipy.integrate import solve_ivp

    def solved(mu: float) -> float:
        how = {"method": method, "jac": _jacobian, "rtol": relative, "atol": relative * 1e-3}
        return float(solve_ivp(_rates, (0.0, SPAN), (2.0, 0.0), args=(mu,), **how).y[0, -1])

    return _looped(solved)


def _odeint(relative: float) -> tuple[F64, float]:
    from scipy.integrate import odeint

    def solved(mu: float) -> float:
        how = {"Dfun": _jacobian, "tfirst": True, "rtol": relative, "atol": relative * 1e-3, "mxstep": 1_000_000}
        return float(odeint(_rates, (2.0, 0.0), (0.0, SPAN), args=(mu,), **how)[-1, 0])

    return _looped(solved)


def _looped(solved: Callable[[float], float]) -> tuple[F64, float]:
    found, times = [], []
    for mu in starts(CHECKED)[layout_of(schema_of(VanDerPol)).slot["mu"]]:
        began = time.perf_counter()
        found.append(solved(float(mu)))
        times.append(time.perf_counter() - began)
    return np.array(found), float(np.median(times))


def solved_by(solve: Callable[[], tuple[F64, float]]) -> tuple[float, float] | None:
    """Microseconds per member and the error, None where SciPy is not installed."""
    if find_spec("scipy") is None:
        return None
    found, seconds = solve()
    return seconds * 1e6, float(np.abs(found - _reference()).max())


def _beside(
    solver: str, peer: tuple[float, float] | None, value: Spent
) -> tuple[str, float | None, float | None, dict[str, str]]:
    ours = (
        f"rodas4, relative {PEER:g}, {MEMBERS:,} members, {THREADS} threads, warm, processor {value.processor:.3g} us"
    )
    if peer is None:
        return named("scipy"), None, None, {"ours": ours}
    theirs, wrong = peer
    how = f"{solver}, rtol {PEER:g}, atol {PEER * 1e-3:g}, Jacobian given, a loop over members, 1 core, warm"
    how += f", error {wrong:.2g}"
    place = coarsest(errors(), wrong)
    if place is None:
        return named("scipy"), theirs, None, {"ours": ours, "peer": how}
    same = cost(TOLERANCES[place])
    matched = f"relative {TOLERANCES[place]:g}, error {errors()[place]:.2g}, {same.wall:.3g} us"
    return named("scipy"), theirs, theirs / same.wall, {"ours": ours, "peer": how, "ours at the peer's error": matched}


def main() -> None:
    """Print the table, what our tolerances cost, and SciPy's other solvers for stiff equations."""
    print(table(measure()))
    for relative, wrong in zip(TOLERANCES, errors(), strict=True):
        took = cost(relative, repeats=1)
        print(f"rodas4 {relative:6g}  error {wrong:8.2g}  wall {took.wall:8.1f} us, processor {took.processor:8.1f} us")
    for method in ("Radau", "BDF", "LSODA"):
        for relative in (1e-4, 1e-6, 1e-8):
            found, seconds = _solve_ivp(method, relative)
            wrong = float(np.abs(found - _reference()).max())
            print(f"{method:6} {relative:6g}  error {wrong:8.2g}  wall {seconds * 1e6:8,.0f} us")


if __name__ == "__main__":
    main()
