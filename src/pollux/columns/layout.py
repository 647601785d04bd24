"""The table of slots: where each number of a twin stands in a column, for everyone.

Live block, kernel, fork, snapshot and filter agree on one order, so that a fork is the copy of a column and nothing is
forgotten by it. In this order, each group in the order of the schema:

| group | names | at the start |
|---|---|---|
| `states` | `temp`, `lv.volume`; a cycle's phase under its name, `beat` | prior mean or `Signal.initial`; phases 0 |
| `unknowns` | what follows from residuals | `Signal.initial`, where the search begins |
| `params` | parameters, actuators, unrated sensors and hiddens, numeric facts, flags as 0 or 1 | the same |
| `readings` | sensors with a reading, under their own name: the value last latched | the same |
| `choices` | facts with choices, as the code of the choice | code of the start, else NaN |
| windows | `window:<equation>:<k>:acc`, `:count`, `:held` | NaN: not open, no time gathered, none closed yet |
| delays | `delay:<equation>:<k>:<0 to 63>`, `:age`, `:now` | NaN: no sample yet |
| events | `event:<name>:previous`, `:first`, `:last`, `:count` | NaN: not looked at, never, never; count 0 |
| settled | `settled:<k>:<slot of the fast model>` | the fast model's own start |

Times of events are seconds since 1970 UTC. A window or a delay belongs to the first equation that uses it;
equal ones share their memory.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple, final

import numpy as np

from pollux.columns.arrays import F64
from pollux.columns.rings import SAMPLES, DelaySlots
from pollux.errors import NotFound
from pollux.model.graph import Expr, Settled
from pollux.model.schema import Schema, Signal
from pollux.model.walk import topological


@final
class WindowSlots(NamedTuple):
    """Where a window keeps its running value, the time gathered so far, and what it held when it last closed."""

    expr: Expr
    running: int
    clock: int
    out: int


@final
@dataclass(frozen=True, slots=True)
class EventSlots:
    """Where an event keeps its previous crossing, its first and last time, and its count."""

    previous: int
    first: int
    last: int
    count: int


@final
@dataclass(frozen=True, slots=True, eq=False)
class SettledSlots:
    """Where a settled fast model keeps its own column: slots `start` to `start + layout.width`, in its layout.

    `exprs` are the nodes that ask for its outputs; they differ in the output only.
    """

    exprs: tuple[Expr, ...]
    start: int
    layout: "Layout"


@final
class Layout:
    """The slots of one schema; two layouts of one schema are the same object (`layout_of`).

    `slot` maps names to places, `width` is the number of slots. `states`, `unknowns`, `params`, `readings` and
    `choices` are the slices of these groups; `windows`, `delays`, `events` and `settled` say where the memory of a run
    is.
    """

    __slots__ = (
        "_mean",
        "choices",
        "delays",
        "events",
        "names",
        "params",
        "readings",
        "schema",
        "settled",
        "signal_slot",
        "slot",
        "states",
        "unknowns",
        "width",
        "windows",
    )

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        names: list[str] = []
        self.states = _group(names, schema.states)
        self.unknowns = _group(names, schema.unknowns)
        self.params = _group(names, schema.params)
        self.readings = _group(names, [name for name in schema.readings if name not in names])
        self.choices = _group(names, [signal.name for signal in schema.signals if signal.kind == "choice"])
        self.windows = tuple(_window_slots(names, schema))
        self.delays = tuple(_delay_slots(names, schema))
        self.events = MappingProxyType({name: _event_slots(names, name) for name in schema.events})
        self.settled = tuple(_settled_slots(names, schema))
        self.names = tuple(names)
        self.slot: Mapping[str, int] = MappingProxyType({name: place for place, name in enumerate(names)})
        self.width = len(names)
        self.signal_slot = np.array([self.slot.get(signal.name, -1) for signal in schema.signals], np.int32)
        self._mean = self._means()

    def __repr__(self) -> str:
        return f"<Layout of {self.schema.name}: {self.width} slots>"

    def place(self, name: str) -> int:
        """The slot of a name; `NotFound` where there is none."""
        found = self.slot.get(name)
        if found is None:
            raise NotFound(f"expected a slot of {self.schema.name}, got {name!r}", hint=f"one of {sorted(self.slot)}")
        return found

    def start(self, rows: int, rng: np.random.Generator | None = None) -> F64:
        """The columns of `rows` twins before anything is known, shape (width, rows).

        Priors are sampled when a generator is given, each slot drawing in the order of the table; else their mean.
        """
        columns = np.repeat(self._mean[:, None], rows, axis=1)
        if rng is not None:
            for signal in self._uncertain():
                assert signal.prior is not None
                columns[self.slot[signal.name]] = signal.prior.sample(rng, rows)
        return columns

    def _uncertain(self) -> list[Signal]:
        known = [signal for signal in self.schema.signals if signal.prior is not None and signal.name in self.slot]
        return sorted(known, key=lambda signal: self.slot[signal.name])

    def _means(self) -> F64:
        mean = np.full(self.width, np.nan)
        for cycle in self.schema.cycles:
            mean[self.slot[cycle]] = 0.0
        for signal in self.schema.signals:
            if signal.name in self.slot:
                mean[self.slot[signal.name]] = _initial(signal)
        for event in self.events.values():
            mean[event.count] = 0.0
        for fast in self.settled:
            mean[fast.start : fast.start + fast.layout.width] = fast.layout.start(1)[:, 0]
        mean.flags.writeable = False
        return mean


@lru_cache(maxsize=256)
def layout_of(schema: Schema) -> Layout:
    """The layout of a schema, made once."""
    return Layout(schema)


def _initial(signal: Signal) -> float:
    if signal.kind == "choice":
        return float(signal.choices.index(signal.start)) if isinstance(signal.start, str) else np.nan
    return signal.prior.mean if signal.prior is not None else signal.initial


def _group(names: list[str], members: tuple[str, ...] | list[str]) -> slice:
    start = len(names)
    names.extend(members)
    return slice(start, len(names))


def equations(schema: Schema) -> Iterator[tuple[str, Expr]]:
    """Every equation of a schema with its name, always in the same order."""
    yield from schema.readings.items()
    yield from schema.derived.items()
    yield from schema.rates.items()
    yield from schema.algebraic.items()
    yield from ((name, cycle.period) for name, cycle in schema.cycles.items())
    for name, event in schema.events.items():
        yield name, event.condition
        yield name, event.crossing
    yield from ((jump.state, jump.value) for jump in schema.jumps)


def _owned(schema: Schema, op: str) -> Iterator[tuple[str, Expr]]:
    """Each node of an operation once, with `<the first equation that uses it>:<its number there>`."""
    seen: set[Expr] = set()
    count: dict[str, int] = {}
    for owner, root in equations(schema):
        for expr in topological([root]):
            if expr.op == op and expr not in seen:
                seen.add(expr)
                number = count.get(owner, 0)
                count[owner] = number + 1
                yield f"{owner}:{number}", expr


def _window_slots(names: list[str], schema: Schema) -> Iterator[WindowSlots]:
    for owner, expr in _owned(schema, "window"):
        place = len(names)
        names.extend(f"window:{owner}:{part}" for part in ("acc", "count", "held"))
        yield WindowSlots(expr, place, place + 1, place + 2)


def _delay_slots(names: list[str], schema: Schema) -> Iterator[DelaySlots]:
    for owner, expr in _owned(schema, "delay"):
        place = len(names)
        names.extend(f"delay:{owner}:{part}" for part in (*range(SAMPLES), "age", "now"))
        yield DelaySlots(expr, place, place + SAMPLES, place + SAMPLES + 1)


def _event_slots(names: list[str], name: str) -> EventSlots:
    place = len(names)
    names.extend(f"event:{name}:{part}" for part in ("previous", "first", "last", "count"))
    return EventSlots(place, place + 1, place + 2, place + 3)


def _settled_slots(names: list[str], schema: Schema) -> Iterator[SettledSlots]:
    runs: dict[tuple[object, ...], list[Expr]] = {}
    for _, root in equations(schema):
        for expr in topological([root]):
            if isinstance(expr.data, Settled):
                fast = expr.data
                times = (fast.over_seconds, fast.every_seconds, fast.step_seconds)
                asking = runs.setdefault((fast.schema.digest, fast.inputs, times, *map(id, expr.args)), [])
                if not any(expr is other for other in asking):
                    asking.append(expr)
    for number, exprs in enumerate(runs.values()):
        settled = exprs[0].data
        assert isinstance(settled, Settled)
        layout = layout_of(settled.schema)
        start = len(names)
        names.extend(f"settled:{number}:{name}" for name in layout.names)
        yield SettledSlots(tuple(exprs), start, layout)
