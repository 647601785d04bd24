"""Futures: what an ensemble says of each option, and which one to take."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from pollux.decide.advice import Advice, weigh
from pollux.decide.gates import Gate
from pollux.decide.objectives import Loss, Objective, ever, losses
from pollux.decide.options import Option
from pollux.decide.samples import F64, Samples
from pollux.errors import ModelError
from pollux.model.symbols import AbstractCondition, AbstractTerm, Symbol
from pollux.predict.outlook import wilson

Key = float | tuple[float, ...]


@final
@dataclass(frozen=True, slots=True)
class Band:
    """An interval over time: `low`, `median` and `high` (options, times) in the signal's unit, at nanoseconds UTC."""

    times: NDArray[np.int64]
    low: F64
    median: F64
    high: F64
    level: float


@final
@dataclass(frozen=True, slots=True)
class Futures:
    """The futures of some options of one twin, by members that share their luck between the options.

    `twin` is "Type/id", `forked` the moment of the fork in nanoseconds UTC. Members that failed numerically are left
    out of every figure and counted in `failures`. `solved` says in words how the equations were integrated.
    """

    twin: str
    forked: int
    options: tuple[Option, ...]
    samples: Samples
    solved: str = ""

    @property
    def members(self) -> int:
        """How many members each option has."""
        return self.samples.shape[1]

    @property
    def failures(self) -> int:
        """Members that failed numerically in any option."""
        return int(self.samples.failed.any(axis=0).sum())

    def probability(self, what: AbstractCondition) -> dict[Key, float]:
        """The chance of an event, or that a condition holds at some moment, for each option.

        The keys are the chosen values. The standard error is :math:`\\sqrt{p(1-p)/n}` for n members.
        """
        held = self._held(what)
        return {option.key: self._mean(row, held) for row, option in enumerate(self.options)}

    def chances(self, what: AbstractCondition) -> tuple[tuple[float, float, float], ...]:
        """As `probability`, option by option in their order, between the ends of its 90 % interval (Wilson 1927)."""
        kept = self._kept()
        held = np.asarray(self._held(what), np.float64)[:, kept]
        return tuple(wilson(round(float(row.sum())), int(kept.sum())) for row in held)

    def _held(self, what: AbstractCondition) -> NDArray[np.generic]:
        """Whether something happens to each member of each option."""
        if isinstance(what, Symbol) and what.name in what.schema.events:
            # What is so when the run begins does not come about again, and counts all the same.
            return np.asarray((self.samples.count(what.name) > 0) | (self.samples.path(what.name)[:, 0] > 0))
        return np.asarray(ever(what).term.of(self.samples))

    def expected(self, objective: Objective) -> dict[Key, float]:
        """The mean of an objective for each option, in its unit."""
        values = objective.of(self.samples)
        return {option.key: self._mean(row, values) for row, option in enumerate(self.options)}

    def band(self, signal: AbstractTerm | str, *, level: float = 0.9) -> Band:
        """The central interval of a signal over time, for each option."""
        name = signal if isinstance(signal, str) else _name(signal)
        paths = self.samples.path(name)[:, :, self._kept()]
        tail = (1.0 - level) / 2.0
        low, median, high = np.quantile(paths, (tail, 0.5, 1.0 - tail), axis=2, method="weibull")
        return Band(self.samples.times, low, median, high, level)

    def best(
        self,
        *,
        gain: Objective,
        loss: Loss | None = None,
        gates: Callable[[Option], Sequence[Gate]] | None = None,
        expires: int = 0,
    ) -> Advice:
        """The option with the greatest expected gain less loss, among those that may be recommended.

        `loss` is an objective in the unit of the gain, or a price for each event at its first time. `gates` names what
        keeps an option from being recommended; it is weighed and shown all the same. Raises SimulationError when every
        member failed.
        """
        cost = losses(loss, gain.unit)
        chances = self._chances(loss)
        advice = weigh(
            self.options, self.samples, gain, cost, twin=self.twin, forked=self.forked, chances=chances,
            gates=gates or (lambda _: ()), expires=expires,
        )  # fmt: skip
        return replace(advice, futures=self)

    def _chances(self, loss: Loss | None) -> dict[str, F64]:
        if not isinstance(loss, Mapping):
            return {}
        events = [symbol for symbol in loss if isinstance(symbol, Symbol)]
        return {symbol.name: self._held(symbol).astype(np.float64) for symbol in events}

    def _kept(self) -> NDArray[np.bool_]:
        """Members that failed nowhere: an option is never judged on luck that another one did not have."""
        return np.asarray(~self.samples.failed.any(axis=0))

    def _mean(self, row: int, values: NDArray[np.generic]) -> float:
        return float(np.asarray(values[row][self._kept()], np.float64).mean())


def _name(signal: AbstractTerm) -> str:
    if isinstance(signal, Symbol):
        return signal.name
    raise ModelError(
        "expected a signal, a derived value or a reading, got a formula", hint="declare it with @px.derived"
    )
