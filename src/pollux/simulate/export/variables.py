"""The variables of an FMU: every signal, state, derivative and computed value of a type under its dotted name."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, final

from pollux.columns.arrays import F64
from pollux.model.graph import Expr
from pollux.model.schema import NUMERIC, Signal
from pollux.model.units import DIMENSIONLESS, SECOND, Unit
from pollux.model.walk import topological
from pollux.simulate.export.names import conditions, der, is_input, state_name, values
from pollux.simulate.export.places import Places
from pollux.simulate.methods.sheet import rate_of

Causality: TypeAlias = Literal["independent", "parameter", "input", "output", "local"]
Variability: TypeAlias = Literal["continuous", "discrete", "fixed", "tunable"]
Initial: TypeAlias = Literal["exact", "calculated", ""]

_PAST = frozenset(("window", "delay"))
_EVER, _FIRST = "AT_ANY_TIME", "BEFORE_THE_RUN"


@final
@dataclass(frozen=True, slots=True)
class Variable:
    """One variable; its value reference is its place in the list.

    `row` is where its number stands, `part` the section that computes it ("" for what is set), `writable` when it may
    be set. `rests_on` are the names of the variables that it is computed from, None for what is set.
    """

    name: str
    causality: Causality
    variability: Variability
    initial: Initial
    row: int
    unit: Unit = DIMENSIONLESS
    edge: Unit = DIMENSIONLESS
    is_flag: bool = False
    start: float | None = None
    low: float = -math.inf
    high: float = math.inf
    derivative_of: str = ""
    part: str = ""
    writable: str = "NEVER"
    rests_on: frozenset[str] | None = None
    doc: str = ""

    @property
    def nominal(self) -> float | None:
        """Its usual size, where its start or its bounds tell one."""
        sizes = [abs(one) for one in (self.start, self.low, self.high) if one is not None and math.isfinite(one)]
        return next((one for one in sizes if one > 0.0), None)


def variables_of(places: Places, start: F64) -> tuple[Variable, ...]:
    """All variables in the order of their value references; `start` is the column (layout.width,) to begin with."""
    return (
        Variable(
            _free(places, "time"),
            "independent",
            "continuous",
            "",
            places.time,
            SECOND,
            SECOND,
            doc="seconds since 1970 UTC",
        ),
        *_signals(places, start),
        *_phases(places, start),
        *_derivatives(places),
        *_computed(places),
        *_crossings(places),
        *_seed(places),
    )


def _signals(places: Places, start: F64) -> Iterator[Variable]:
    schema, slot = places.schema, places.rows.layout.slot
    for signal in schema.signals:
        if signal.kind in NUMERIC and signal.name not in schema.readings:
            row = slot[signal.name]
            if signal.name in schema.algebraic:
                yield _unknown(places, signal, row)
            else:
                yield _signal(signal, row, float(start[row]), is_state=signal.name in schema.states)


def _signal(signal: Signal, row: int, start: float, *, is_state: bool) -> Variable:
    causality, variability, writable = _role(signal, is_state)
    return Variable(
        signal.name,
        causality,
        variability,
        "" if causality == "input" else "exact",
        row,
        signal.unit,
        signal.edge,
        signal.kind == "flag",
        start,
        signal.low,
        signal.high,
        writable=writable,
        doc=signal.doc,
    )


def _unknown(places: Places, signal: Signal, row: int) -> Variable:
    return Variable(
        signal.name,
        "output" if signal.role == "sensor" else "local",
        "continuous",
        "calculated",
        row,
        signal.unit,
        signal.edge,
        low=signal.low,
        high=signal.high,
        part="PART_UNKNOWNS",
        rests_on=_rests_on(places, *places.schema.algebraic.values()),
        doc=signal.doc,
    )


def _role(signal: Signal, is_state: bool) -> tuple[Causality, Variability, str]:
    """What a role is to an importer: what has no rate and is measured comes from outside, what is unknown is told."""
    if is_state:
        return ("output" if signal.role == "sensor" else "local"), "continuous", _FIRST
    if is_input(signal):
        return "input", "continuous", _EVER
    if signal.role == "fact":
        return "parameter", "fixed", _FIRST
    return "parameter", "tunable", _EVER


def _phases(places: Places, start: F64) -> Iterator[Variable]:
    for cycle in places.schema.cycles:
        row = places.rows.layout.slot[cycle]
        name = state_name(places.schema, cycle)
        yield Variable(
            name, "local", "continuous", "exact", row, start=float(start[row]), writable=_FIRST,
            doc=f"the part of its turn that {cycle} has made, from 0 to 1",
        )  # fmt: skip


def _derivatives(places: Places) -> Iterator[Variable]:
    for state, row in places.derivatives.items():
        rate, name = rate_of(places.schema, state), state_name(places.schema, state)
        unit = places.schema.unit_of(state) / SECOND
        yield Variable(
            der(places.schema, state), "local", "continuous", "calculated", row, unit, unit, derivative_of=name,
            part="PART_DERIVATIVES", rests_on=_rests_on(places, rate),
        )  # fmt: skip


def _computed(places: Places) -> Iterator[Variable]:
    schema, signals = places.schema, {one.name: one for one in places.schema.signals}
    for name, expr in values(schema).items():
        signal = signals.get(name)
        changes: Variability = "discrete" if any(one.op == "window" for one in topological([expr])) else "continuous"
        edge, doc = (signal.edge, signal.doc) if signal else (expr.unit, "")
        yield Variable(
            name, "output", changes, "calculated", places.outputs[name], expr.unit, edge,
            part="PART_OUTPUTS", rests_on=_rests_on(places, expr), doc=doc,
        )  # fmt: skip
    for name, expr in conditions(schema).items():
        event = schema.events.get(name)
        yield Variable(
            name, "local" if event else "output", "discrete", "calculated", places.truths[name], is_flag=True,
            part="PART_TRUTHS", rests_on=_rests_on(places, expr), doc=event.doc if event else "",
        )  # fmt: skip


def _crossings(places: Places) -> Iterator[Variable]:
    group = _free(places, "crossing")
    for name, condition, _ in places.watched():
        if name in places.crossings:
            yield Variable(
                f"{group}.{name}", "local", "continuous", "calculated", places.crossings[name],
                part="PART_CROSSINGS", rests_on=_rests_on(places, condition), doc=f"above zero while {name} holds",
            )  # fmt: skip


def _seed(places: Places) -> Iterator[Variable]:
    if places.rows.luck is not None:
        doc = "a whole number: another seed, another noise"
        row, name = places.rows.luck.seed, _free(places, "seed")
        yield Variable(name, "parameter", "fixed", "exact", row, start=0.0, low=0.0, writable=_FIRST, doc=doc)


def _free(places: Places, name: str) -> str:
    """A name that the type does not use, for what it does not name itself."""
    taken = {one.partition(".")[0] for one in (*places.rows.layout.names, *places.schema.derived)}
    return name if name not in taken else _free(places, f"{name}_")


def _rests_on(places: Places, *exprs: Expr) -> frozenset[str]:
    """The variables that values are computed from at one moment; what a window or a delay holds is of the past.

    What rests on an algebraic unknown rests on all that any of the residuals rests on.
    """
    unknowns, found = frozenset(places.schema.unknowns), set[str]()
    waiting = list(exprs)
    while waiting:
        for one in topological([waiting.pop()], stop=_PAST):
            if one.op == "time":
                found.add(_free(places, "time"))
            elif one.op in ("state", "param", "phase"):
                found.add(state_name(places.schema, str(one.data)))
        if found & unknowns:
            found -= unknowns
            waiting += places.schema.algebraic.values()
            unknowns = frozenset[str]()
    return frozenset(found - frozenset(places.schema.unknowns))


def references(variables: tuple[Variable, ...]) -> Mapping[str, int]:
    """The value reference of each name."""
    return {one.name: place for place, one in enumerate(variables)}
