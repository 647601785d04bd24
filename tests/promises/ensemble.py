"""What a simulated second costs: the eight-state circulation beside its peers, the one of ten volumes.

Run it as a program for more: `python -m tests.promises.ensemble`. Time is wall time on two threads, the median of
several runs; processor time is printed beside it by the program, because it says more on a machine that others use.

Each ratio is at matched error: our cost is measured once more with the longest steps whose error is at most that of the
peer, on the same members in the same run (`tests/promises/accuracy.py`).
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from pollux.columns import layout_of
from pollux.model.schema import Schema, schema_of
from pollux.simulate import Run, Tolerance, ensemble, run
from pollux.simulate.methods.rows import Method
from tests.promises import jax_peer, odeint
from tests.promises.accuracy import SECOND, STEPS, TOLERANCES, coarsest, errors_of_steps, errors_of_tolerances
from tests.promises.heart import Heart
from tests.promises.measurement import Measurement, table
from tests.promises.odeint import Peer
from tests.promises.timed import Spent, spent
from tests.simulate.models import Circulation

REPEATS: Final = 5
THREADS: Final = 2
MANY: Final = 10_000
UNIT: Final = "us per member and simulated second"


def measure() -> list[Measurement]:
    """The promises `ensemble`, with its peers, and `single`; the circulation of ten volumes."""
    many = cost(schema_of(Heart), members=MANY, seconds=4, step=STEPS[0])
    alone = cost(schema_of(Heart), members=1, seconds=60, step=STEPS[0]).wall
    volumes = cost(schema_of(Circulation), members=1000, seconds=4, step=SECOND // 1000).wall
    rk45, lsoda, jax = odeint.rk45(), odeint.lsoda(), jax_peer.classical()
    return [
        Measurement("ensemble", many.wall, UNIT, "<= 2.5, >= 500 times RK45", *beside(rk45, many)),
        Measurement("ensemble-odeint", many.wall, UNIT, ">= 120 times odeint", *beside(lsoda, many)),
        Measurement("ensemble-jax", many.wall, UNIT, ">= 10 times JAX", *beside(jax, many)),
        Measurement("single", alone, UNIT, "<= 25", conditions={"ours": "RK4, 5 ms, one member, one core, warm"}),
        Measurement("circulation", volumes, UNIT, "<= 50", conditions={"ours": "RK4, 1 ms, 2 threads, warm"}),
    ]


def beside(peer: Peer, many: Spent) -> tuple[str, float | None, float | None, dict[str, str]]:
    """A peer's columns: its name, its figure, how many times less ours is at its error, and the conditions."""
    ours = f"RK4, 5 ms, error {errors_of_steps()[0]:.2g} mmHg, {MANY:,} members, {THREADS} threads, warm, {_busy(many)}"
    if peer.value is None or peer.error is None:
        return peer.name, None, None, {"ours": ours}
    theirs = f"{peer.how}, error {peer.error:.2g} mmHg, processor {peer.processor:,.3g} us"
    conditions = {"ours": ours, "peer": theirs}
    place = coarsest(errors_of_steps(), peer.error)
    if place is None:
        return peer.name, peer.value, None, conditions
    same = many if place == 0 else cost(schema_of(Heart), members=MANY, seconds=2, step=STEPS[place])
    wrong = errors_of_steps()[place]
    matched = f"{STEPS[place] / 1e6:g} ms, error {wrong:.2g} mmHg, {same.wall:.3g} us, {_busy(same)}"
    return peer.name, peer.value, peer.value / same.wall, {**conditions, "ours at the peer's error": matched}


def _busy(took: Spent) -> str:
    return f"processor {took.processor:.3g} us"


def cost(
    schema: Schema,
    *,
    members: int,
    seconds: int,
    step: int | None = None,
    method: Method = "rk4",
    relative: float = 1e-6,
    repeats: int = REPEATS,
) -> Spent:
    """Wall and processor time in microseconds per member and simulated second, readings and own parameters included."""
    layout = layout_of(schema)
    start = ensemble(layout, layout.start(1), ids=("one",), members=members)
    request = Run(
        schema,
        start,
        0,
        seconds * SECOND,
        step=step,
        record=tuple(schema.readings),
        method=method,
        tolerance=Tolerance(relative),
        backend="numba",
    )
    with ThreadPoolExecutor(THREADS) as threads:
        took = spent(lambda: run(request, executor=threads), repeats=repeats)
    scale = 1e6 / members / seconds
    return Spent(took.wall * scale, took.processor * scale)


def main() -> None:
    """Print the table, what each step and each tolerance costs, and the processor time that wall time hides."""
    print(table(measure()))
    heart = schema_of(Heart)
    for step, wrong in zip(STEPS, errors_of_steps(), strict=True):
        _row(f"RK4, {step / 1e6:g} ms", wrong, cost(heart, members=MANY, seconds=1, step=step, repeats=3))
    for relative, wrong in zip(TOLERANCES, errors_of_tolerances(), strict=True):
        adaptive = cost(heart, members=MANY, seconds=1, method="dopri5", relative=relative, repeats=1)
        _row(f"dopri5, relative {relative:g}", wrong, adaptive)
    _row("RK4, 5 ms, one member", errors_of_steps()[0], cost(heart, members=1, seconds=60, step=STEPS[0]))


def _row(how: str, wrong: float, took: Spent) -> None:
    print(f"{how:24} error {wrong:8.2g} mmHg  wall {took.wall:8.2f} us, processor {took.processor:8.2f} us")


if __name__ == "__main__":
    main()
