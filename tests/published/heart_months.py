"""Three weeks of patients who are drawn from the priors of `Patient`, and the filter of each, for tests of coverage.

Patient and filter share one model: the compiled kernel, or the equations of `Patient` with its settled heartbeat
replaced by a polynomial that was fitted to it, so that a month takes a second.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from tests.published.heart_cases import filled, together

from pollux.clock import HOUR, SECOND
from pollux.columns.layout import layout_of
from pollux.model.evaluate import evaluate_all
from pollux.model.schema import schema_of
from pollux.model.walk import topological
from pollux.predict import Believed, Estimator, Evidence, Learning, Observation, Score, interval, score, walked
from pollux.predict.learning import learnt
from pollux.simulate import Run, run
from pollux.worlds.heart.circulation import Circulation
from pollux.worlds.heart.patient import DRIFT, FADES, Patient
from pollux.worlds.heart.reflex import PATIENT_GAIN

SCHEMA = schema_of(Patient)
LAYOUT = layout_of(SCHEMA)
EVERY, DAYS, MEMBERS = 12, 21, 48
WORN = {
    **dict.fromkeys(("pulse", "respiration", "saturation"), tuple(range(24))),
    **dict.fromkeys(("systolic", "diastolic"), (7, 13, 21)),
    "weight": (7,),
}
"""At which hours of the day each signal is read; the noise is the declared one."""

LEARNT = tuple(one.name for one in learnt(SCHEMA))
STATES = ("salt", "diuresis", "lost", "usual", "felt")
DERIVED = ("filling", "venous", "output", "mean_pressure", "ejection", "full", "emptied", "blood")
ASKED = (*LEARNT, *STATES, *DERIVED)


def kernel_advance(columns, start, end):
    """By the compiled kernel."""
    return run(Run(SCHEMA, columns, start, end - start, backend="numba")).final if end > start else columns


def kernel_read(columns, names):
    """By the compiled kernel, the heartbeat settled anew."""
    outcome = run(Run(SCHEMA, columns, 0, SECOND, record=tuple(names), backend="numba"))
    return np.stack([outcome[name][0] for name in names])


# -- the heartbeat as a polynomial ------------------------------------------------------------------------------------

HEART = {
    "heart_rate": (75.5, 6.0),
    "lv.stiffness": (0.80, 0.33),
    "lv.curve": (0.0198, 0.085),
    "svr": (0.973, 0.30),
    "pvr": (0.0806, 0.20),
    "arteries.compliance": (0.822, 0.32),
    "blood": (5560.0, 330.0),
    "reflex.set_point": (90.0, 14.0),
}
"""What the heartbeat is asked with: centre and spread, of the logarithm where the spread is below one."""
CENTRE, SPREAD = np.array(list(HEART.values())).T
LOGS = SPREAD < 1
REACH, DEGREE = 3.0, 3
TERMS = [c for degree in range(DEGREE + 1) for c in combinations_with_replacement(range(len(HEART)), degree)]


def powers(given):
    """The terms of the polynomial (terms, members) for inputs (8, members), held where it was fitted."""
    base = np.where(LOGS, CENTRE, 1.0)[:, None]
    z = np.where(LOGS[:, None], np.log(np.maximum(given / base, 1e-9)), given - CENTRE[:, None]) / SPREAD[:, None]
    z = np.clip(z, -REACH, REACH) / REACH
    found: dict[tuple[int, ...], np.ndarray] = {(): np.ones(z.shape[1])}
    for term in TERMS[1:]:
        found[term] = found[term[:-1]] * z[term[-1]]
    return np.stack([found[term] for term in TERMS])


def beats(points):
    """What the circulation gives, settled, for inputs (8, members): (outputs, members)."""
    fixed = {"rv.stiffness": 0.3109, "rv.curve": 0.0201, "reflex.gain": PATIENT_GAIN}
    cases = [
        filled({**fixed, **dict(zip(HEART, map(float, one), strict=True)), "reflex.sensed": float(one[-1])})
        for one in points.T
    ]
    names = tuple(sorted({str(one.data.output) for one in SETTLED}))
    wanted = tuple(name for name in names if name not in schema_of(Circulation).readings)
    seen = together(Circulation, cases, 60, record=wanted)
    return names, np.stack([seen[name][-1] for name in names])


def drawn(count, rng):
    """Inputs of the heartbeat (8, count), wider than the patients have them."""
    z = np.clip(1.25 * rng.standard_normal((len(HEART), count)), -REACH, REACH)
    scaled = SPREAD[:, None] * z
    return np.where(
        LOGS[:, None], CENTRE[:, None] * np.exp(np.where(LOGS[:, None], scaled, 0)), CENTRE[:, None] + scaled
    )


SETTLED: list[Any] = [
    one
    for one in topological((*SCHEMA.rates.values(), *SCHEMA.readings.values(), *SCHEMA.derived.values()))
    if one.op == "settled"
]


@dataclass(frozen=True)
class Emulated:
    """`Patient` with the polynomial for a heart: `advance` and `read` as the kernel has them."""

    names: tuple[str, ...]
    weights: np.ndarray

    @classmethod
    def fitted(cls, points=900):
        """Fitted to the circulation."""
        given = drawn(points, np.random.default_rng(0))
        names, seen = beats(given)
        return cls(names, np.linalg.lstsq(powers(given).T, np.log(seen).T, rcond=None)[0])

    def heart(self, given):
        """The outputs of the heartbeat (outputs, members)."""
        return np.exp(self.weights.T @ powers(given))

    def _asked(self, columns):
        of = dict(zip(SETTLED[0].data.inputs, SETTLED[0].args, strict=True))
        given = evaluate_all(tuple(of[name] for name in HEART), lambda one: columns[LAYOUT.place(str(one.data))])
        return self.heart(np.stack([np.broadcast_to(one, columns.shape[1]) for one in given]))

    def _values(self, exprs, columns, heart):
        def leaf(one):
            return (
                heart[self.names.index(one.data.output)]
                if one.op == "settled"
                else columns[LAYOUT.place(str(one.data))]
            )

        return np.stack([np.broadcast_to(one, columns.shape[1]) for one in evaluate_all(tuple(exprs), leaf)])

    def advance(self, columns, start, end):
        """By the midpoint rule in steps of at most two hours, the heart asked every eight."""
        columns = columns.copy()
        slots = [LAYOUT.place(name) for name in SCHEMA.rates]
        steps = max(1, round((end - start) / (2 * HOUR)))
        dt = (end - start) / steps / SECOND
        for step in range(steps):
            if step % 4 == 0:
                heart = self._asked(columns)
            middle = columns.copy()
            middle[slots] += dt / 2 * self._values(SCHEMA.rates.values(), columns, heart)
            columns[slots] += dt * self._values(SCHEMA.rates.values(), middle, heart)
        columns[[LAYOUT.place(name) for name in SCHEMA.readings]] = self.read(columns, SCHEMA.readings)
        return columns

    def read(self, columns, names):
        """Now, the heart asked anew."""
        return self._values([SCHEMA.expression(name) for name in names], columns, self._asked(columns))


# -- patients and their filters ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """What patients and filters are run by."""

    advance: Callable[..., Any]
    read: Callable[..., Any]


@dataclass(frozen=True)
class Lived:
    """Patients side by side: columns at the beginning and at the end, and what their devices read in each half day."""

    begun: np.ndarray
    ended: np.ndarray
    told: tuple[dict[str, list[tuple[np.ndarray, int]]], ...]


def lived(world, seeds: Sequence[int], days=DAYS) -> Lived:
    """Patients drawn from the priors, whose parameters walk as the filter believes."""
    rng = np.random.default_rng([99, *seeds])
    columns = begun = LAYOUT.start(len(seeds), rng)
    told = []
    for first in range(0, 24 * days, EVERY):
        seen: dict[str, list[tuple[np.ndarray, int]]] = {name: [] for name in WORN}
        for hour in range(first, first + EVERY):
            columns = drifted(columns, HOUR, rng)
            columns = world.advance(columns, hour * HOUR, (hour + 1) * HOUR)
            for name, hours in WORN.items():
                if (hour + 1) % 24 in hours:
                    noise = SCHEMA.signal(name).noise * rng.standard_normal(len(seeds))
                    seen[name].append((columns[LAYOUT.place(name)] + noise, (hour + 1) * HOUR))
        told.append({name: readings for name, readings in seen.items() if readings})
    return Lived(begun, columns, tuple(told))


def learning(members=MEMBERS):
    """What his filter learns, and how it believes that he changes."""
    return Learning(members=members, every=f"{EVERY} h", drift=dict(DRIFT), fades=dict(FADES))


def drifted(columns, span, rng):
    """Parameters `span` nanoseconds later, by the walk that the filter believes in."""
    columns = columns.copy()
    for one in learnt(SCHEMA):
        slot = LAYOUT.place(one.name)
        columns[slot] = walked(one, columns[slot], span, learning(), rng)
    return columns


def followed(world, man: Lived, k: int, seed: int, *, evidence: Sequence[Evidence] = (), members=MEMBERS) -> Believed:
    """What the filter of patient `k` believes in the end."""
    rng = np.random.default_rng([7, seed])
    estimator = Estimator(SCHEMA, learning(members), world.advance)
    belief = estimator.begin(LAYOUT.start(1)[:, 0], 0, rng)
    belief = estimator.believe(belief, evidence, world.read, rng)
    for half, told in enumerate(man.told, 1):
        belief = estimator.absorb(belief, half * EVERY * HOUR, means(told, k), rng)
    return belief


def means(told, k):
    """What the devices of patient `k` told in half a day, as the filter takes it in."""
    return {
        name: Observation(
            name,
            float(np.mean([values[k] for values, _ in readings])),
            len(readings),
            int(np.mean([time for _, time in readings])),
        )
        for name, readings in told.items()
    }


def numbers(world, columns):
    """All that is asked about (names, members)."""
    return world.read(columns, ASKED)


@dataclass(frozen=True)
class Held:
    """One quantity over many patients: its score, and the median width of its interval over that of not measuring."""

    name: str
    score: Score
    open: float
    ratio: float

    def __str__(self) -> str:
        s, hits = self.score, round(self.score.coverage * self.score.count)
        return (
            f"{self.name:16s} hits {hits:3d} of {s.count} p {s.p_value:.3f}  width/open {self.ratio:.2f}  "
            f"bias {s.bias:+.3g} rms {s.rms:.3g} width {s.width:.3g} "
            f"({s.bias / self.open:+.2f}, {s.rms / self.open:.2f} of open)"
        )


def held(world, men: Lived, beliefs: Sequence[Believed], *, ended=True) -> dict[str, Held]:
    """The intervals of all beliefs beside the truth.

    `open` is how the patients themselves differ at that moment, what is known before any measurement: the distance from
    their 5 % to their 95 % quantile, as that of a standard deviation.
    """
    truth = numbers(world, men.ended if ended else men.begun)
    believed = np.stack([numbers(world, one.columns) for one in beliefs])
    found = {}
    for row, name in enumerate(ASKED):
        low, median, high = interval(believed[:, row])
        spread = float(np.diff(np.quantile(truth[row], (0.05, 0.95)))[0]) / (2 * 1.6449)
        if spread < 1e-9:
            continue
        ratio = float(np.median(high - low)) / (2 * 1.6449) / spread
        found[name] = Held(name, score(low, median, high, truth[row]), spread, ratio)
    return found
