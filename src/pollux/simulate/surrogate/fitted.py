"""A stand-in for a slow model: learnt from designed runs, fast, and unsure where it knows little."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from numpy.typing import ArrayLike

from pollux.columns.arrays import F64, Mask
from pollux.errors import SimulationError
from pollux.model.functions import clip
from pollux.model.graph import Expr, const, operation, told_in
from pollux.model.units import unit
from pollux.model.value import Value
from pollux.simulate.sampling import Sampling
from pollux.simulate.sensitivity import SobolIndices, Study
from pollux.simulate.sensitivity.words import LEVEL, failures, row_of
from pollux.simulate.surrogate.chaos import PolynomialChaos
from pollux.simulate.surrogate.depth import Region, region_of
from pollux.simulate.surrogate.germ import families, germ_of, germs
from pollux.simulate.surrogate.response import KINDS, Kind, Response, respond
from pollux.simulate.surrogate.sequential import unsure

RUNS_PER_INPUT: Final = 20
LEAST: Final = 8
RESAMPLES: Final = 400


@final
@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What a surrogate tells of some points: `mean` and `sigma` (points, outputs), and which lie `outside` (points,).

    Inside, the mean give or take 1.645 sigma held for 90 % of the points of the design when they were left out. Outside
    of the design sigma grows by twice the spread of the output for each typical distance between its points, and from a
    quarter of the design's width on the mean stays what it is there.

    >>> import pollux as px
    >>> fast = px.surrogate(px.study(lambda x: 2 * x[:, 0], {"a": px.uniform(0, 1)}), kind="chaos")
    >>> told = fast.predict([[0.5], [4.0]])
    >>> told.outside.tolist(), round(float(told.mean[0, 0]), 6), bool(told.sigma[1, 0] > 1)
    ([False, True], 1.0, True)
    """

    mean: F64
    sigma: F64
    outside: Mask


@final
@dataclass(frozen=True, slots=True, eq=False)
class Surrogate:
    """A stand-in for the model of a study.

    `points` (runs, inputs) and `values` (runs, outputs) are what it was learnt from; runs that failed are NaN and left
    out. Raises SimulationError for points with another number of inputs.

    >>> import pollux as px
    >>> slow = px.study(lambda x: x[:, 0] * x[:, 1], {"a": px.uniform(0, 1), "b": px.normal(3, 1)}, "area")
    >>> print(px.surrogate(slow, kind="chaos").indices().words())
    of the spread of area (1.04) a explains 69 % (77 % with others) and b explains 23 % (31 % with others)
    """

    slow: Study
    kind: Kind
    seed: int
    points: F64
    values: F64
    region: Region
    responses: tuple[Response, ...]

    def predict(self, points: ArrayLike) -> Prediction:
        """Mean, standard deviation and whether it is out of its depth, at points (points, inputs) or one (inputs,)."""
        asked = np.atleast_2d(np.asarray(points, np.float64))
        if asked.shape[1] != len(self.slow.inputs):
            raise SimulationError(
                f"expected points with {len(self.slow.inputs)} inputs, got {asked.shape[1]}", at="Surrogate.predict"
            )
        placed = germs([one.prior for one in self.slow.inputs], asked)
        excess = self.region.excess(placed)
        told = [one.predict(self.region.clipped(placed), excess) for one in self.responses]
        mean, sigma = (np.stack([one[part] for one in told], axis=1) for part in (0, 1))
        return Prediction(mean, sigma, excess > 0.0)

    @property
    def study(self) -> Study:
        """The study with the surrogate in place of the slow model: for `px.sobol_indices` and the others."""
        return Study(self.slow.inputs, self.slow.outputs, lambda points: self.predict(points).mean, self.slow.base)

    @property
    def errors(self) -> tuple[float, ...]:
        """The left-out error of each output, in parts of its spread."""
        return tuple(one.error for one in self.responses)

    def refined(self, runs: int) -> "Surrogate":
        """Learnt anew with so many further runs of the slow model, in one call, where this one is most unsure."""
        placed = germs([one.prior for one in self.slow.inputs], self.points)
        chosen = unsure(self.slow, placed, self._doubts, runs, seed=self.seed + len(self.points))
        told = np.concatenate([self.points, chosen]), np.concatenate([self.values, self.slow.evaluate(chosen)])
        return _learnt(self.slow, *told, self.kind, self.seed)

    def indices(self, *, level: float = LEVEL) -> SobolIndices:
        """Sobol indices straight from the coefficients of polynomial chaos, without any further run.

        Intervals are those of the coefficients' own uncertainty. Raises SimulationError for other kinds.
        """
        kinds = [one.learnt for one in self.responses]
        chaos = [one for one in kinds if isinstance(one, PolynomialChaos)]
        if len(chaos) < len(kinds):
            raise SimulationError(
                "expected polynomial chaos for indices without runs, got another kind",
                at="Surrogate.indices",
                hint="px.sobol_indices(surrogate.study), or kind='chaos'",
            )
        return _indices(self, chaos, level)

    def expression(self, given: Mapping[str, Value | float], output: str | None = None) -> Value:
        """An output as an expression of its inputs, in its unit: for a `@px.derived`, where it runs inside the kernel.

        Raises SimulationError for inputs that are missing, UnitError for one in another dimension. Like the
        mean it stays level far outside of the design; it has no error bar there.

        >>> import pollux as px
        >>> slow = px.study(lambda x: x[:, 0] ** 2, {"load": px.uniform(0, 2)}, "heat")
        >>> fast = px.surrogate(slow, runs=20, kind="chaos")
        >>> class Motor(px.Twin):
        ...     load = px.sensor("1", start=1.5)
        ...     @px.derived
        ...     def heat(self):
        ...         return fast.expression({"load": self.load})
        >>> round(float(px.prototype(Motor).run("1 s").samples.path("heat")[0, -1, 0]), 6)
        2.25
        """
        row = row_of(tuple(one.name for one in self.slow.outputs), output)
        missing = [one.name for one in self.slow.inputs if one.name not in given]
        if missing:
            raise SimulationError(f"expected a value for {', '.join(missing)}", at="Surrogate.expression")
        plain = [germ_of(one.prior, _plain(given[one.name], one.unit)) for one in self.slow.inputs]
        low, high = self.region.bounds
        bounds = zip(plain, low.tolist(), high.tolist(), strict=True)
        found = self.responses[row].expression([clip(germ, low, high) for germ, low, high in bounds])
        return found * const(1.0, unit(self.slow.outputs[row].unit or "1"))

    def __str__(self) -> str:
        told = [
            f"{one.name}: {response.words}" for one, response in zip(self.slow.outputs, self.responses, strict=True)
        ]
        failed = int(np.isnan(self.values).any(axis=1).sum())
        return "\n".join([f"a stand-in learnt from {failures(failed, len(self.points))}", *told])

    def as_json(self) -> dict[str, Any]:
        """What it is and how good, as plain numbers and lists."""
        return {
            "runs": len(self.points),
            "failed": int(np.isnan(self.values).any(axis=1).sum()),
            "inputs": [one.name for one in self.slow.inputs],
            "outputs": [
                {"name": one.name, "kind": found.learnt.kind, "error": found.error, "words": found.words}
                for one, found in zip(self.slow.outputs, self.responses, strict=True)
            ],
        }

    def _doubts(self, points: F64) -> F64:
        """The greatest standard deviation of any output, in parts of its spread, (points,)."""
        scales = np.array([one.scale or np.inf for one in self.responses])
        doubts: F64 = (self.predict(points).sigma / scales).max(axis=1)
        return doubts


def surrogate(
    study: Study,
    runs: int | None = None,
    *,
    kind: Kind = "auto",
    told: tuple[F64, F64] | None = None,
    sampling: Sampling = "latin",
    seed: int = 0,
) -> Surrogate:
    """Learn a stand-in for a slow model from `runs` of it (20 for each input where none are given), in one call.

    `kind` is "chaos" (smooth, many inputs, indices for free), "process" (few hundred runs, any smooth shape), "network"
    (many runs, bends), or "auto": whichever has the least left-out error. `told` are points (runs, inputs) and values
    (runs, outputs) that are known already; only what is missing to `runs` is run, and nothing where none are given.

    Raises SimulationError for fewer sound runs than can teach anything: eight, and twice as many as inputs.

    >>> import pollux as px
    >>> slow = px.study(lambda x: np.exp(-x[:, 0]) * x[:, 1], {"a": px.uniform(0, 1), "b": px.normal(2, 0.1)}, "y")
    >>> fast = px.surrogate(slow, runs=40)
    >>> one = fast.predict([0.5, 2.0])
    >>> round(float(one.mean[0, 0]), 3), bool(one.outside[0])
    (1.213, False)
    """
    inputs = len(study.inputs)
    if kind not in KINDS:
        raise SimulationError(f"expected one of {', '.join(KINDS)}, got {kind!r}", at="surrogate")
    points, values = np.empty((0, inputs)), np.empty((0, len(study.outputs)))
    if told is not None:
        points = np.asarray(told[0], np.float64).reshape(-1, inputs)
        values = np.asarray(told[1], np.float64).reshape(len(points), -1)
    missing = max(0, (RUNS_PER_INPUT * inputs if told is None else 0) if runs is None else runs - len(points))
    if missing:
        further = study.design(missing, sampling=sampling, seed=seed)
        points, values = np.concatenate([points, further]), np.concatenate([values, study.evaluate(further)])
    return _learnt(study, points, values, kind, seed)


def _learnt(study: Study, points: F64, values: F64, kind: Kind, seed: int) -> Surrogate:
    priors = [one.prior for one in study.inputs]
    placed = germs(priors, points)
    possible = np.isfinite(placed).all(axis=1)
    responses: list[Response] = []
    for row, output in enumerate(study.outputs):
        sound = possible & np.isfinite(values[:, row])
        least = max(LEAST, 2 * len(priors))
        if sound.sum() < least:
            raise SimulationError(
                f"expected at least {least} sound runs for {len(priors)} inputs, got {sound.sum()}",
                at=f"surrogate of {output.name}",
                hint=f"{RUNS_PER_INPUT * len(priors)} are a fair beginning",
            )
        responses.append(respond(kind, families(priors), placed[sound], values[sound, row], seed=seed))
    region = region_of(placed[possible & np.isfinite(values).all(axis=1)])
    return Surrogate(study, kind, seed, points, values, region, tuple(responses))


def _indices(of: Surrogate, chaos: Sequence[PolynomialChaos], level: float) -> SobolIndices:
    first, total = (
        np.stack(part, axis=1) for part in zip(*(one.shares(RESAMPLES, seed=of.seed) for one in chaos), strict=True)
    )
    tails = 0.5 * (1.0 - level), 1.0 - 0.5 * (1.0 - level)
    (first_low, first_high), (total_low, total_high) = (np.quantile(one[1:], tails, axis=0) for one in (first, total))
    sigma = [
        response.scale * np.sqrt((one.coefficients[np.array(one.powers).any(axis=1)] ** 2).sum())
        for response, one in zip(of.responses, chaos, strict=True)
    ]
    constant = [one.coefficients[~np.array(one.powers).any(axis=1)].sum() for one in chaos]
    mean = [response.centre + response.scale * one for response, one in zip(of.responses, constant, strict=True)]
    return SobolIndices(
        names=of.slow.names,
        outputs=tuple(one.name for one in of.slow.outputs),
        units=tuple(one.unit for one in of.slow.outputs),
        mean=np.array(mean),
        sigma=np.array(sigma),
        first=first[0],
        first_low=first_low,
        first_high=first_high,
        total=total[0],
        total_low=total_low,
        total_high=total_high,
        level=level,
        runs=len(of.points),
        failed=int(np.isnan(of.values).any(axis=1).sum()),
    )


def _plain(given: Value | float, unit_text: str) -> Value:
    """An input as a pure number in the unit in which it was studied."""
    if isinstance(given, int | float):
        return const(float(given))
    if not isinstance(given, Expr):
        raise SimulationError(f"expected a signal inside an equation, got {given!r:.60}", at="Surrogate.expression")
    studied = unit(unit_text or "1")
    return operation("/", (told_in(given, studied), const(1.0, studied)))
