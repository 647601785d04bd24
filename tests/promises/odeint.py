"""The heart as users of SciPy integrate it: a loop over members, each a call of `solve_ivp` or `odeint`."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, final

import numpy as np

from tests.promises.accuracy import MEMBERS, MINUTE, SECOND, as_peer, error
from tests.promises.heart import plain_rates
from tests.promises.measurement import named

SECONDS = MINUTE // SECOND
RELATIVE, ABSOLUTE = 1e-6, 1e-8


@final
@dataclass(frozen=True, slots=True)
class Peer:
    """What a peer takes, in microseconds per member and simulated second, and its error in mmHg; None if it is absent.

    `processor` is the time of all its cores, which says more than wall time where others use the machine too.
    """

    name: str
    value: float | None = None
    error: float | None = None
    processor: float | None = None
    how: str = ""


def rk45() -> Peer:
    """`solve_ivp` with its own explicit pair."""
    if find_spec("scipy") is None:
        return Peer(named("scipy"))
    from scipy.integrate import solve_ivp

    def ends(start: list[float], values: dict[str, float]) -> Any:
        span = (0.0, float(SECONDS))
        return solve_ivp(plain_rates, span, start, args=(values,), method="RK45", rtol=RELATIVE, atol=ABSOLUTE).y[:, -1]

    return _looped("solve_ivp RK45", ends)


def lsoda() -> Peer:
    """`odeint`: LSODA in compiled Fortran or C around rates in Python."""
    if find_spec("scipy") is None:
        return Peer(named("scipy"))
    from scipy.integrate import odeint

    def ends(start: list[float], values: dict[str, float]) -> Any:
        times, args = [0.0, float(SECONDS)], (values,)
        return odeint(plain_rates, start, times, args, tfirst=True, rtol=RELATIVE, atol=ABSOLUTE, mxstep=1_000_000)[-1]

    return _looped("odeint (LSODA)", ends)


def _looped(solver: str, ends: Callable[[list[float], dict[str, float]], Any]) -> Peer:
    pressures, walls, processors = [], [], []
    for member in range(MEMBERS):
        start, values = as_peer(member)
        began, busy = time.perf_counter(), time.process_time()
        found = ends(start, values)
        walls.append(time.perf_counter() - began)
        processors.append(time.process_time() - busy)
        pressures.append(float(found[1]) * values["e_aorta"])
    how = f"{solver}, rtol {RELATIVE:g}, atol {ABSOLUTE:g}, a loop over members, 1 core, warm"
    wall, processor = (float(np.median(times)) / SECONDS * 1e6 for times in (walls, processors))
    return Peer(named("scipy"), wall, error(np.array(pressures)), processor, how)
