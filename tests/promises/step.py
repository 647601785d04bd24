"""What one step costs, beside a step of ProgPy's smallest model, in the same run.

`step` is a thrown object of two states with its two events, one alone, by classical Runge-Kutta; ProgPy's takes Euler's
step. `step-circulation` is the heart of eight states among ten thousand, per member. Both are a long run less a short
one, so that what is done once per run is not in it.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from pollux.columns import layout_of
from pollux.model.equations import derived, event, rate
from pollux.model.functions import where
from pollux.model.quantities import quantity
from pollux.model.roles import hidden, parameter
from pollux.model.schema import Schema, schema_of
from pollux.model.twin import Twin
from pollux.simulate import Run, ensemble, run
from tests.promises import progpy_peer
from tests.promises.accuracy import SECOND
from tests.promises.heart import Heart
from tests.promises.measurement import Measurement, table
from tests.promises.timed import Spent, spent

REPEATS: Final = 5
GOAL: Final = "<= 0.04, >= 200 times ProgPy"
UNIT: Final = "us per step"


class Thrown(Twin):
    """A ball in air, up and down again: what ProgPy's ThrownObject is."""

    x = hidden("m", start=1.83)
    v = hidden("m/s", start=40)
    g = parameter("m/s**2", 9.81)
    drag = parameter("1/m", 0.5 * 1.225 * 0.007 * 0.05 / 0.145)

    @derived
    def resistance(self):
        return where(self.v >= quantity(0, "m/s"), self.drag * self.v**2, -self.drag * self.v**2)

    @rate(x, v)
    def flies(self):
        return self.v, -self.g - self.resistance

    @event
    def falling(self):
        return self.v < quantity(0, "m/s")

    @event
    def impact(self):
        return self.x <= quantity(0, "m")


def measure() -> list[Measurement]:
    """The promises `step` and `step-circulation`."""
    peer, theirs, busy = progpy_peer.theirs()
    alone = per_step(schema_of(Thrown), members=1, step=SECOND // 1000, steps=200_000, threads=1)
    among = per_step(schema_of(Heart), members=10_000, step=SECOND // 200, steps=400, threads=2)
    how = {} if theirs is None else {"peer": f"{progpy_peer.HOW}, processor {busy:.3g} us"}
    one = {"ours": f"RK4, steps of 1 ms, 1 member, 1 core, warm, processor {alone.processor:.3g} us", **how}
    many = {"ours": f"RK4, steps of 5 ms, 10,000 members, 2 threads, warm, processor {among.processor:.3g} us", **how}
    first, second = (None if theirs is None else theirs / took.wall for took in (alone, among))
    return [
        Measurement("step", alone.wall, UNIT, GOAL, peer, theirs, first, one),
        Measurement("step-circulation", among.wall, f"{UNIT} and member", GOAL, peer, theirs, second, many),
    ]


def per_step(schema: Schema, *, members: int, step: int, steps: int, threads: int) -> Spent:
    """Wall and processor time in microseconds per member and step."""
    with ThreadPoolExecutor(threads) as pool:
        long, short = (_spent(schema, members, step, count, pool) for count in (steps, steps // 10))
    scale = 1e6 / members / (steps - steps // 10)
    return Spent((long.wall - short.wall) * scale, (long.processor - short.processor) * scale)


def _spent(schema: Schema, members: int, step: int, steps: int, pool: ThreadPoolExecutor) -> Spent:
    layout = layout_of(schema)
    start = ensemble(layout, layout.start(1), ids=("one",), members=members)
    request = Run(schema, start, 0, steps * step, step=step, method="rk4", backend="numba")
    return spent(lambda: run(request, executor=pool), repeats=REPEATS)


if __name__ == "__main__":
    print(table(measure()))
