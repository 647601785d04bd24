"""Simulated futures as `decide` reads them: one run of all options and members, asked again where more is wanted."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from typing import TypeVar, final

import numpy as np
from numpy.typing import NDArray

from pollux.clock import SECOND
from pollux.columns.layout import layout_of
from pollux.errors import NotFound
from pollux.model.evaluate import OUTSIDE, evaluate
from pollux.model.graph import Expr
from pollux.model.walk import topological
from pollux.simulate import Outcome, Run, run
from pollux.site.compiling import COMPILERS

F64 = NDArray[np.float64]
Scalar = TypeVar("Scalar", bound=np.generic)
ASKED = "asked"


@final
class Ensemble:
    """The futures of some options by some members, side by side in one run.

    What was recorded is at hand. An integral or a value at the end that was not asked for before the run is computed
    from what stands still, else by the same run once more: the same luck gives the same numbers.
    """

    def __init__(
        self,
        plan: Run,
        options: int,
        *,
        executor: Executor | None = None,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._plan = plan
        self._options = options
        self._executor = executor
        self._layout = layout_of(plan.schema)
        self._outcome = run(plan, executor=executor, progress=progress, cancelled=cancelled, compiler=COMPILERS)
        self._answers: dict[tuple[str, int], F64] = {}

    @property
    def shape(self) -> tuple[int, int]:
        return self._options, self._plan.start.shape[1] // self._options

    @property
    def times(self) -> NDArray[np.int64]:
        return self._outcome.times

    @property
    def span(self) -> float:
        return self._plan.span / SECOND

    @property
    def failed(self) -> NDArray[np.bool_]:
        return self._folded(self._outcome.failed)

    @property
    def outcome(self) -> Outcome:
        """What the simulation gave, options and members in one row."""
        return self._outcome

    def path(self, name: str) -> F64:
        if name not in self._outcome.names:
            raise NotFound(f"{name} was not recorded", at=self._plan.schema.name)
        values = self._outcome[name]
        return values.reshape(len(values), *self.shape).transpose(1, 0, 2)

    def final(self, expr: Expr) -> F64:
        if all(one.op not in OUTSIDE or one.op in ("state", "param", "phase") for one in topological([expr])):
            return self._folded(self._evaluated(expr, self._outcome.final))
        return self._asked("final", expr, lambda: self._again(formula=expr)[ASKED][-1])

    def integral(self, expr: Expr) -> F64:
        if all(one.op not in OUTSIDE or self._still(one) for one in topological([expr])):
            return self._folded(self._evaluated(expr, self._plan.start) * self.span)
        return self._asked("integral", expr, lambda: self._again(integrand=expr).integrals[ASKED])

    def count(self, event: str) -> F64:
        return self._folded(self._outcome.events[event].count.astype(float))

    def first(self, event: str) -> F64:
        found = self._outcome.events[event]
        since = (found.first - self._plan.t0) / SECOND
        return self._folded(np.where(found.happened, since, np.nan))

    def _still(self, one: Expr) -> bool:
        return one.op == "param" and str(one.data) not in self._plan.inputs

    def _evaluated(self, expr: Expr, columns: F64) -> F64:
        found = evaluate(expr, lambda leaf: columns[self._layout.place(str(leaf.data))])
        return np.broadcast_to(np.asarray(found, np.float64), (columns.shape[1],)).copy()

    def _asked(self, kind: str, expr: Expr, ask: Callable[[], F64]) -> F64:
        key = (kind, id(expr))
        if key not in self._answers:
            self._answers[key] = ask()
        return self._folded(self._answers[key])

    def _again(self, *, formula: Expr | None = None, integrand: Expr | None = None) -> Outcome:
        plan = replace(
            self._plan,
            record=(),
            grid=None,
            formulas={ASKED: formula} if formula is not None else {},
            integrate={ASKED: integrand} if integrand is not None else {},
        )
        return run(plan, executor=self._executor, compiler=COMPILERS)

    def _folded(self, row: NDArray[Scalar]) -> NDArray[Scalar]:
        return row.reshape(self.shape)
