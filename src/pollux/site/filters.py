"""The filters of a site: measurements gathered between updates, updates made aside, results handed to the pipe."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from pollux.clock import SECOND
from pollux.columns.batch import Batch
from pollux.columns.block import Block
from pollux.columns.quality import Quality
from pollux.errors import PolluxError
from pollux.model.schema import Schema
from pollux.predict import Believed, Estimator, Evidence, Learning, Observation, Outlook, interval, middle
from pollux.predict.learning import inferred, learnt
from pollux.simulate import Course, Run, level, run
from pollux.site.beliefs import packed
from pollux.site.compiling import COMPILERS
from pollux.site.derived import A_MOMENT, derived_of, foreseen_of
from pollux.site.told import hash_of, told_by_others

F64 = NDArray[np.float64]
EVIDENCE = 1_000_033
"""Sets the luck of evidence apart from that of updates."""
Said = Callable[[str, str, Mapping[str, Any]], None]
"""Type, twin and the body of an estimate: what the pipe is told."""

Unsure = Callable[[str, str, int], float]
"""Twin, signal and moment: the standard uncertainty of the calibration that held, in the unit of the columns."""


def advance_by_kernel(schema: Schema, inputs: Mapping[str, Course] | None = None) -> Callable[[F64, int, int], F64]:
    """Run an ensemble ahead with the compiled kernel of its type, under courses of what is told from outside."""

    def advance(columns: F64, start: int, end: int) -> F64:
        if end <= start:
            return columns
        return run(Run(schema, columns, start, end - start, inputs=inputs or {}), compiler=COMPILERS).final

    return advance


def read_by_kernel(schema: Schema, now: int) -> Callable[[F64, tuple[str, ...]], F64]:
    """Read what the compiled kernel of a type computes of an ensemble at a moment, its settled models at rest."""

    def read(columns: F64, names: tuple[str, ...]) -> F64:
        outcome = run(Run(schema, columns, now, A_MOMENT, record=names), compiler=COMPILERS)
        return np.stack([outcome[name][0] for name in names])

    return read


@dataclass(slots=True)
class _Gathered:
    """Sums of good readings of one twin since its last update, and the course of what was set or told meanwhile."""

    total: dict[str, float] = field(default_factory=dict[str, float])
    count: dict[str, int] = field(default_factory=dict[str, int])
    times: dict[str, int] = field(default_factory=dict[str, int])
    told: dict[str, dict[int, float]] = field(default_factory=dict[str, dict[int, float]])
    newest: int = 0

    def add(self, name: str, value: float, time: int) -> None:
        self.total[name] = self.total.get(name, 0.0) + value
        self.count[name] = self.count.get(name, 0) + 1
        self.times[name] = self.times.get(name, 0) + time
        self.newest = max(self.newest, time)

    def tell(self, name: str, value: float, time: int) -> None:
        self.told.setdefault(name, {})[time] = value

    def means(self, unsure: Callable[[str, int], float]) -> dict[str, Observation]:
        """The mean of each sensor; `unsure` says with what uncertainty a sensor was calibrated at a moment."""
        times = {name: self.times[name] // n for name, n in self.count.items()}
        return {
            name: Observation(name, self.total[name] / n, n, times[name], unsure(name, times[name]))
            for name, n in self.count.items()
        }

    def courses(self) -> dict[str, Course]:
        """Each from the moment it was told on; before that the ensemble's own value stands."""
        return {name: level(sorted(told), [told[time] for time in sorted(told)]) for name, told in self.told.items()}


@final
class Filter:
    """The filter over the twins of one type.

    `gather` takes note of what was measured; `due` starts the updates whose time has come in an executor, one at a time
    for each twin. What comes out is said once and becomes state by the log, so that a replay needs no filter. `unsure`
    says how well sensors are calibrated.
    """

    def __init__(
        self,
        schema: Schema,
        learning: Learning,
        *,
        seed: int,
        said: Said,
        outlook: Outlook | None = None,
        aside: Executor | None = None,
        unsure: Unsure = lambda twin, signal, at: 0.0,
    ) -> None:
        self._schema = schema
        self._unsure = unsure
        self._estimator = Estimator(schema, learning, advance_by_kernel(schema))
        self._fed = frozenset(
            one.name for one in schema.signals if one.name in schema.params and told_by_others(schema, one)
        )
        self._learning = learning
        self._said = said
        self._seed = seed
        self._outlook = outlook
        self._aside = aside
        self._looked: dict[str, int] = {}
        self._lock = threading.Lock()
        self._starting = threading.Lock()
        self._gathered: dict[str, _Gathered] = {}
        self._beliefs: dict[str, Believed] = {}
        self._busy: dict[str, Future[None]] = {}
        self.last = 0
        self.fault = ""

    def resume(self, beliefs: Mapping[str, Believed]) -> None:
        """Go on from what was believed when the site was closed."""
        with self._lock:
            self._beliefs.update(beliefs)

    def gather(self, batch: Batch, block: Block) -> None:
        """Take note of the good readings of a batch."""
        watched = [block.schema.index[name] for name in (*self._estimator.watches, *self._fed)]
        good = np.isin(batch.signal, watched) & (batch.quality == Quality.GOOD)
        with self._lock:
            for at in np.flatnonzero(good).tolist():
                name = self._schema.signals[int(batch.signal[at])].name
                twin = block.ids[int(batch.row[at])]
                gathered = self._gathered.setdefault(twin, _Gathered())
                (gathered.tell if name in self._fed else gathered.add)(
                    name, float(batch.value[at]), int(batch.event_time[at])
                )

    def due(self, now: int, column_of: Callable[[str], F64], executor: Executor) -> list[Future[None]]:
        """Start the updates whose interval is over; the futures of those started."""
        started: list[Future[None]] = []
        with self._starting:
            for twin, gathered in self._ripe(now):
                # A column is read under the lock of the site, under which `gather` waits for the lock of the filter:
                # who holds that one must not ask for a column.
                update = executor.submit(self._update, twin, gathered, now, column_of(twin))
                with self._lock:
                    self._busy[twin] = update
                started.append(update)
        return started

    def _ripe(self, now: int) -> "list[tuple[str, _Gathered]]":
        """What was gathered of the twins whose interval is over and that are not being updated; taken from the heap."""
        found: list[tuple[str, _Gathered]] = []
        with self._lock:
            for twin, gathered in list(self._gathered.items()):
                belief = self._beliefs.get(twin)
                since = belief.time if belief and belief.time else gathered.newest - self._learning.interval
                busy = self._busy.get(twin)
                if now - since >= self._learning.interval and (busy is None or busy.done()):
                    found.append((twin, self._gathered.pop(twin)))
        return found

    def believe(self, twin: str, evidence: Sequence[Evidence], now: int, column: F64) -> None:
        """Take in what was measured once, at the moment of the belief, or before its first reading.

        Waits for an update that runs. Raises NotFound for what the type does not compute, before anything changes.
        """
        for one in evidence:
            one.check(self._schema)
        done = self._alone(twin)
        try:
            rng, read = self._luck(twin, now, EVIDENCE), read_by_kernel(self._schema, now)
            belief = self._beliefs.get(twin) or self._estimator.begin(column, 0, rng)
            belief = self._estimator.believe(belief, evidence, read, rng)
            with self._lock:
                self._beliefs[twin] = belief
            self._said(self._schema.name, twin, self._body(twin, belief, now))
        finally:
            done.set_result(None)

    def _alone(self, twin: str) -> Future[None]:
        """Wait until nothing updates a twin; nothing does until the future that comes back has its result."""
        mine: Future[None] = Future()
        while True:
            with self._lock:
                busy = self._busy.get(twin)
                if busy is None or busy.done():
                    self._busy[twin] = mine
                    return mine
            busy.result()

    def _update(self, twin: str, gathered: _Gathered, now: int, column: F64) -> None:
        belief = self._beliefs.get(twin)
        rng = self._luck(twin, now)
        try:
            if belief is None or not belief.time:
                # What is known begins with the newest reading; nothing that led to it is explained.
                belief = self._estimator.begin(column, gathered.newest, rng, given=belief)
            else:
                advance = advance_by_kernel(self._schema, gathered.courses())
                estimator = Estimator(self._schema, self._learning, advance)
                belief = self._told(
                    estimator.absorb(belief, now, gathered.means(partial(self._unsure, twin)), rng), column
                )
        except PolluxError as error:
            self.fault = str(error)
            return
        with self._lock:
            self._beliefs[twin] = belief
        self.last, self.fault = now, ""
        self._said(self._schema.name, twin, self._body(twin, belief, now))
        self._look(twin, belief, now)

    def _told(self, belief: Believed, column: F64) -> Believed:
        """What is set or told stands in every member as the twin has it now."""
        for signal in self._schema.signals:
            slot = self._estimator.layout.slot.get(signal.name)
            if slot is not None and told_by_others(self._schema, signal):
                belief.columns[slot] = column[slot]
        return belief

    def _luck(self, twin: str, now: int, purpose: int = 0) -> np.random.Generator:
        key = (self._seed * 1_000_003 + hash_of(twin) + purpose) % 2**63
        return np.random.Generator(np.random.Philox(key=[key, now // SECOND]))

    def _look(self, twin: str, belief: Believed, now: int) -> None:
        """Ask the outlook where it is time for one: aside where there is a place for it, so that no update waits."""
        outlook = self._outlook
        if outlook is None or now - self._looked.get(twin, 0) < outlook.interval:
            return
        self._looked[twin] = now
        if self._aside is None:
            self._foresee(outlook, twin, belief, now)
        else:
            self._aside.submit(self._foresee, outlook, twin, belief, now)

    def _foresee(self, outlook: Outlook, twin: str, belief: Believed, now: int) -> None:
        try:
            chances = foreseen_of(
                outlook, self._schema, belief.columns, now, rng=self._luck(twin, now), learning=self._learning
            )
        except PolluxError as error:
            self.fault = str(error)
            return
        told = {"type": self._schema.name, "twin": twin, "at": now}
        self._said(self._schema.name, twin, {**told, "values": {}, "derived": chances})

    def _body(self, twin: str, belief: Believed, now: int) -> dict[str, Any]:
        values: dict[str, list[float]] = {}
        for name in self._schema.discrete:
            values[name] = [*middle(belief.columns[self._estimator.layout.place(name)])]
        for signal in (*inferred(self._schema), *learnt(self._schema)):
            if signal.role in ("hidden", "parameter"):
                members = belief.columns[self._estimator.layout.place(signal.name)]
                low, median, high = interval(members)
                values[signal.name] = [float(median), float(high - low) / (2 * 1.6449)]
        derived = derived_of(self._schema, belief.columns, now)
        told = {"type": self._schema.name, "twin": twin, "at": now}
        against = {one.signal: (one.measured - one.mean) / one.sigma for one in belief.foreseen}
        return {**told, "values": values, "derived": derived, "against": against, "belief": packed(belief)}
