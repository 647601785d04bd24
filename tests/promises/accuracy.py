"""The error of a simulated minute of the heart, and how fine our steps must be for the error of somebody else.

The error is the largest over some members, each with parameters of its own, in aortic pressure after a minute, in mmHg,
against steps of 20 microseconds. Valves switch, so a step that is halved saves a factor of four and not of sixteen:
what is fine enough is therefore found by trying, not reckoned from an order.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pollux.columns import layout_of
from pollux.model.schema import schema_of
from pollux.simulate import Run, Tolerance, ensemble, run
from tests.promises.heart import Heart

F64 = NDArray[np.float64]
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
MEMBERS: Final = 4
STEPS: Final = tuple(SECOND // per_second for per_second in (200, 250, 400, 500, 800, 1000, 2000, 2500, 4000, 5000))
TOLERANCES: Final = tuple(10.0**-k for k in range(3, 11))
REFERENCE: Final = SECOND // 50_000
RELATIVE: Final = 1e-6


def starts(members: int) -> F64:
    """The columns to begin with: what is uncertain drawn from its prior, each member its own."""
    layout = layout_of(schema_of(Heart))
    return ensemble(layout, layout.start(1), ids=("one",), members=members)


def as_peer(member: int) -> tuple[list[float], dict[str, float]]:
    """The states to begin with and the parameters of a member, as peers take them."""
    schema, layout = schema_of(Heart), layout_of(schema_of(Heart))
    values = dict(zip(layout.names, starts(MEMBERS)[:, member].tolist(), strict=True))
    return [values[name] for name in schema.states], values


def pressure(*, step: int | None = None, relative: float | None = None) -> F64:
    """Aortic pressure after a minute, by steps of one length or by a tolerance of the adaptive pair."""
    request = Run(
        schema_of(Heart),
        starts(MEMBERS),
        0,
        MINUTE,
        step=step,
        record=("aortic_pressure",),
        method="rk4" if relative is None else "dopri5",
        tolerance=Tolerance(relative or RELATIVE),
        backend="numba",
    )
    return np.asarray(run(request)["aortic_pressure"][-1])


@cache
def reference() -> F64:
    """What nobody's error counts against."""
    return pressure(step=REFERENCE)


def error(found: F64) -> float:
    """The largest error of all members, in mmHg."""
    return float(np.abs(found - reference()[: len(found)]).max())


@cache
def errors_of_steps() -> tuple[float, ...]:
    """Our error with each of `STEPS`."""
    return tuple(error(pressure(step=step)) for step in STEPS)


@cache
def errors_of_tolerances() -> tuple[float, ...]:
    """Our error with each of `TOLERANCES`."""
    return tuple(error(pressure(relative=relative)) for relative in TOLERANCES)


def coarsest(errors: tuple[float, ...], bound: float) -> int | None:
    """The place from which on every error is at most `bound`; None where even the last is not.

    >>> coarsest((0.3, 0.02, 0.05, 0.01), 0.03)
    3
    """
    fine = [k for k in range(len(errors)) if max(errors[k:]) <= bound]
    return fine[0] if fine else None
