"""A tornado: one input at a time, from low to high, all others in the middle."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import SimulationError
from pollux.simulate.sensitivity.studies import Study
from pollux.simulate.sensitivity.words import ends, failures, number, plain, ranked, row_of, table


@final
@dataclass(frozen=True, slots=True, eq=False)
class Tornado:
    """What each input alone does to each output between two quantiles.

    `low` and `high` are the input's values (inputs,) there, `at_low` and `at_high` what comes out, (outputs, inputs),
    `middle` what comes out of the middle of all inputs, (outputs,). NaN where a run failed. `tails` are the levels.
    """

    names: tuple[str, ...]
    input_units: tuple[str, ...]
    outputs: tuple[str, ...]
    units: tuple[str, ...]
    tails: tuple[float, float]
    low: F64
    high: F64
    middle: F64
    at_low: F64
    at_high: F64
    failed: int

    @property
    def swing(self) -> F64:
        """How far each output goes between the two ends of each input, (outputs, inputs)."""
        return np.abs(self.at_high - self.at_low)

    def order(self, output: str | None = None) -> tuple[str, ...]:
        """The inputs, the one with the greatest swing first; those that failed last."""
        row = row_of(self.outputs, output)
        return tuple(self.names[k] for k in ranked(self.swing[row]))

    def words(self, output: str | None = None) -> str:
        """One sentence: the input with the greatest swing, and where it takes the output."""
        row, name = row_of(self.outputs, output), self.order(output)[0]
        k, unit = self.names.index(name), self.units[row]
        span = ends(self.low[k], self.high[k], self.input_units[k])
        reach = ends(self.at_low[row, k], self.at_high[row, k], unit)
        return f"{name} from {span} takes {self.outputs[row]} from {reach}, farther than any other alone"

    def table(self, output: str | None = None) -> str:
        """The bars of an output, the longest first."""
        row = row_of(self.outputs, output)
        lines: list[list[str]] = []
        for name in self.order(output):
            k = self.names.index(name)
            told = [number(one) for one in (self.at_low[row, k], self.at_high[row, k], self.swing[row, k])]
            lines.append([name, ends(self.low[k], self.high[k], self.input_units[k]), *told])
        return table(["input", "from", "at low", "at high", "swing"], lines)

    def __str__(self) -> str:
        told = [f"{self.words(name)}\n{self.table(name)}" for name in self.outputs]
        return "\n\n".join([*told, failures(self.failed, 2 * len(self.names) + 1)])

    def as_json(self) -> dict[str, Any]:
        """Everything as plain numbers and lists: per output, its bars, the longest first."""
        return {
            "method": "tornado",
            "tails": list(self.tails),
            "runs": 2 * len(self.names) + 1,
            "failed": self.failed,
            "outputs": [
                {
                    "name": name,
                    "unit": self.units[row],
                    "middle": plain(self.middle[row]),
                    "words": self.words(name),
                    "inputs": [self._bar(row, self.names.index(one)) for one in self.order(name)],
                }
                for row, name in enumerate(self.outputs)
            ],
        }

    def _bar(self, row: int, k: int) -> dict[str, Any]:
        return {
            "name": self.names[k],
            "unit": self.input_units[k],
            "low": float(self.low[k]),
            "high": float(self.high[k]),
            "at_low": plain(self.at_low[row, k]),
            "at_high": plain(self.at_high[row, k]),
        }


def tornado(study: Study, *, low: float = 0.05, high: float = 0.95) -> Tornado:
    """What one input at a time does between two quantiles of its prior, from `2 * inputs + 1` runs in one call.

    It says nothing of what inputs do together: `sobol_indices` does. Raises SimulationError for levels that are not in
    order between 0 and 1.

    Reference: R. A. Howard, Decision analysis: practice and promise, Management Science 34 (1988) 679-695.

    >>> import pollux as px
    >>> plane = px.study(lambda x: 3 * x[:, 0] + x[:, 1], {"a": px.uniform(0, 1), "b": px.uniform(0, 1)}, "height")
    >>> px.tornado(plane).words()
    'a from 0.05 to 0.95 takes height from 0.65 to 3.35, farther than any other alone'
    """
    if not 0.0 < low < high < 1.0:
        raise SimulationError(f"expected 0 < low < high < 1, got {low:g} and {high:g}", at="tornado")
    inputs = len(study.inputs)
    ends = study.at(np.repeat([[low], [high]], inputs, axis=1))
    points = np.repeat(study.middle[None, :], 2 * inputs + 1, axis=0)
    for k in range(inputs):
        points[1 + k, k], points[1 + inputs + k, k] = ends[0, k], ends[1, k]
    values = study.evaluate(points)
    return Tornado(
        names=study.names,
        input_units=tuple(one.unit for one in study.inputs),
        outputs=tuple(one.name for one in study.outputs),
        units=tuple(one.unit for one in study.outputs),
        tails=(low, high),
        low=ends[0],
        high=ends[1],
        middle=values[0],
        at_low=values[1 : 1 + inputs].T,
        at_high=values[1 + inputs :].T,
        failed=int(np.isnan(values).any(axis=1).sum()),
    )
