"""Morris' elementary effects: which inputs matter at all, from few runs."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import SimulationError
from pollux.simulate.sampling import stream
from pollux.simulate.sensitivity.resample import intervals
from pollux.simulate.sensitivity.studies import Study
from pollux.simulate.sensitivity.words import LEVEL, failures, number, ranked, row_of, table


@final
@dataclass(frozen=True, slots=True, eq=False)
class Screening:
    """Elementary effects of each input on each output, in the output's unit; arrays are (outputs, inputs).

    `moved` is the mean of their sizes (mu*), with the ends of an interval that holds with probability `level`; `mean`
    their mean (mu), `sigma` their standard deviation: above zero where the effect bends or depends on other inputs.
    """

    names: tuple[str, ...]
    outputs: tuple[str, ...]
    units: tuple[str, ...]
    moved: F64
    moved_low: F64
    moved_high: F64
    mean: F64
    sigma: F64
    level: float
    runs: int
    failed: int

    def words(self, output: str | None = None) -> str:
        """One sentence: which input moves an output most, and which ones do not move it."""
        row = row_of(self.outputs, output)
        moved, unit, name = self.moved[row], self.units[row], self.outputs[row]
        first = int(np.argmax(moved))
        if not moved[first] > 0.0:
            return f"nothing moves {name}"
        bends = " and not in proportion" if self.sigma[row, first] > 0.5 * moved[first] else ""
        still = [self.names[k] for k in np.flatnonzero(moved < 0.01 * moved[first])]
        rest = f"; {', '.join(still)} hardly at all" if still else ""
        return f"{self.names[first]} moves {name} most, by {number(moved[first], unit)} over its range{bends}{rest}"

    def table(self, output: str | None = None) -> str:
        """The effects on an output, the greatest first."""
        row = row_of(self.outputs, output)
        lines = [
            [
                self.names[k],
                number(self.moved[row, k]),
                f"{number(self.moved_low[row, k])} to {number(self.moved_high[row, k])}",
                number(self.mean[row, k]),
                number(self.sigma[row, k]),
            ]
            for k in ranked(self.moved[row])
        ]
        return table(["input", "mu*", f"{self.level:.0%}", "mu", "sigma"], lines)

    def __str__(self) -> str:
        told = [f"{self.words(name)}\n{self.table(name)}" for name in self.outputs]
        return "\n\n".join([*told, failures(self.failed, self.runs)])

    def as_json(self) -> dict[str, Any]:
        """Everything as plain numbers and lists: per output, its inputs with their effects."""
        parts = ("moved", "moved_low", "moved_high", "mean", "sigma")
        return {
            "method": "morris",
            "level": self.level,
            "runs": self.runs,
            "failed": self.failed,
            "outputs": [
                {
                    "name": name,
                    "unit": self.units[row],
                    "words": self.words(name),
                    "inputs": [
                        {"name": one, **{part: float(getattr(self, part)[row, k]) for part in parts}}
                        for k, one in enumerate(self.names)
                    ],
                }
                for row, name in enumerate(self.outputs)
            ],
        }


def morris(study: Study, *, trajectories: int = 20, grid: int = 4, level: float = LEVEL, seed: int = 0) -> Screening:
    r"""Elementary effects of every input, from `trajectories * (inputs + 1)` runs in one call.

    A trajectory begins at a random point of a grid with `grid` levels of probability, $(k + 1/2)/p$, and changes one
    input after another, in random order, by half of the levels. The effect of input i is
    $(f(x + \Delta e_i) - f(x)) / \Delta$ with $\Delta = 1/2$ of its probability: what the output would do over the
    whole range of the input. $\mu^*$ is the mean of its size.

    Raises SimulationError for fewer than two trajectories, for a grid that is odd or below 2, and where fewer than two
    trajectories are left without a failed run.

    Reference: M. D. Morris, Factorial sampling plans for preliminary computational experiments, Technometrics 33 (1991)
    161-174; F. Campolongo, J. Cariboni, A. Saltelli, Environmental Modelling & Software 22 (2007) 1509-1518.

    >>> import pollux as px
    >>> plane = px.study(lambda x: 3 * x[:, 0] + x[:, 1], {"a": px.uniform(0, 1), "b": px.uniform(0, 1)}, "height")
    >>> px.morris(plane).words()
    'a moves height most, by 3 over its range'
    """
    if trajectories < 2 or grid < 2 or grid % 2:
        raise SimulationError(
            f"expected two trajectories or more and an even grid, got {trajectories} and {grid}", at="morris"
        )
    places, order, steps = _planned(len(study.inputs), trajectories, grid, seed)
    values = study.evaluate(study.at(places.reshape(-1, len(study.inputs))))
    values = values.reshape(trajectories, len(study.inputs) + 1, -1)
    sound = np.isfinite(values).all(axis=(1, 2))
    if sound.sum() < 2:
        raise SimulationError(f"expected two sound trajectories, got {sound.sum()}", hint="most runs failed")
    effects = np.empty((trajectories, len(study.inputs), values.shape[2]))
    np.put_along_axis(effects, order[:, :, None], np.diff(values, axis=1) / steps[:, :, None], axis=1)
    effects = effects[sound].transpose(0, 2, 1)
    low, high = intervals(
        lambda weights: np.tensordot(weights, np.abs(effects), 1), len(effects), level=level, resamples=400, seed=seed
    )
    return Screening(
        names=study.names,
        outputs=tuple(one.name for one in study.outputs),
        units=tuple(one.unit for one in study.outputs),
        moved=np.abs(effects).mean(axis=0),
        moved_low=low,
        moved_high=high,
        mean=effects.mean(axis=0),
        sigma=effects.std(axis=0, ddof=1),
        level=level,
        runs=trajectories * (len(study.inputs) + 1),
        failed=int(np.isnan(values).any(axis=2).sum()),
    )


def _planned(inputs: int, trajectories: int, grid: int, seed: int) -> tuple[F64, np.ndarray[Any, Any], F64]:
    """Levels (trajectories, inputs + 1, inputs), the input that each step changes, and by how much."""
    generator = stream(seed, "morris")
    start = generator.integers(0, grid, (trajectories, inputs))
    order = np.argsort(generator.random((trajectories, inputs)), axis=1)
    away = np.where(start < grid // 2, 0.5, -0.5)
    places = np.repeat((start[:, None, :] + 0.5) / grid, inputs + 1, axis=1)
    for step in range(inputs):
        changed = order[:, step]
        rows = np.arange(trajectories)
        places[rows, step + 1 :, changed] += away[rows, changed][:, None]
    return places, order, np.take_along_axis(away, order, axis=1)
