"""Tracing: the equations of a class are called once, on a view whose values are nodes, and become a schema."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final, cast, final

from pollux.errors import ModelError, UnitError
from pollux.model.calls import placed
from pollux.model.commands import command
from pollux.model.crossing import crossing
from pollux.model.declarations import Piece, pieces
from pollux.model.digest import digest
from pollux.model.equations import cycle, derived, event
from pollux.model.graph import Expr, const, leaf, lift, node, operation, told_in
from pollux.model.linking import AbstractLink, seen_through, through
from pollux.model.roles import Role
from pollux.model.schema import NUMERIC, Cycle, Event, Jump, Link, Schema, Signal
from pollux.model.targets import Target, Targets
from pollux.model.units import DIMENSIONLESS, SECOND, Unit
from pollux.model.value import Value
from pollux.model.views import below, view_of
from pollux.model.walk import rewritten, topological

_HALF: Final = 0.5


def trace(kind: type, *, personal: bool) -> Schema:
    """The schema of a twin type; raises `ModelError` where its class body is wrong."""
    return _Tracer(kind).schema(personal)


def check_part(kind: type) -> None:
    """Trace a part on its own; raises `ModelError` where its class body is wrong."""
    _Tracer(kind).schema(False)


@final
class _Tracer:
    """One pass over one class: what is declared, which node stands under each name, and the schema of it all."""

    def __init__(self, kind: type) -> None:
        self._kind = kind
        self._pieces = pieces(kind)
        self._signals = {one.name: one for piece in self._pieces for one in _signals(piece)}
        self._targets = Targets(self._pieces, self._signals)
        self._derived = self._all(derived)
        self._events = self._all(event)
        self._cycles = self._all(cycle)
        self._links = dict(_linked(kind, self._pieces))
        self._traced: dict[str, Expr] = {}
        self._open: list[str] = []

    def _all(self, sort: type[derived] | type[event] | type[cycle]) -> dict[str, Target]:
        return {
            name: Target(piece, name, one.function, (name,)) for piece in self._pieces for name, one in piece.own(sort)
        }

    def schema(self, personal: bool) -> Schema:
        """Everything that the class says."""
        signals = tuple(replace(one, personal=one.personal or personal) for one in self._signals.values())
        rates = self._rates()
        cycles = {name: Cycle(self._expr(name)) for name in self._cycles}
        schema = Schema(
            name=self._kind.__name__,
            doc=_doc(self._kind),
            personal=personal,
            signals=signals,
            states=(*rates, *cycles),
            params=tuple(one.name for one in signals if self._is_param(one)),
            rates=rates | {name: operation("/", (const(1.0), one.period)) for name, one in cycles.items()},
            derived={name: self._expr(name) for name in self._derived},
            readings={name: self._expr(name) for name in self._signals if name in self._targets.readings},
            events={name: self._event(name, target) for name, target in self._events.items()},
            jumps=tuple(self._jump(target) for target in self._targets.jumps),
            cycles=cycles,
            links=self._links,
            commands=dict(_commands(self._pieces)),
            index={one.name: place for place, one in enumerate(signals)},
        )
        return replace(schema, digest=digest(schema))

    def read(self, name: str) -> Value:
        """The node that stands under a dotted name."""
        if name in self._signals:
            return self._signal(self._signals[name])
        if name in self._events:
            return node("event", (), DIMENSIONLESS, name)
        if name in self._derived:
            return self._expr(name)
        before, _, last = name.rpartition(".")
        if before in self._cycles:
            return leaf("phase", before, DIMENSIONLESS) if last == "phase" else self._expr(before)
        link = next(one for one in self._links if name.startswith(one + "."))
        return self._beyond(link, name[len(link) + 1 :])

    def _beyond(self, link: str, name: str) -> Expr:
        far = self._links[link]
        if far.schema is not None:
            return through(link, far, far.schema, name)
        # The own type: its names mean there what they mean here, and an event is its condition.
        return seen_through(
            link, far, name, lambda inner: self._expr(inner) if inner in self._events else cast(Expr, self.read(inner))
        )

    def _signal(self, signal: Signal) -> Expr:
        if signal.kind not in NUMERIC:
            raise ModelError(
                f"expected a number, got the {signal.kind} {signal.name!r}",
                hint="of facts, only numbers and flags stand in equations",
            )
        if signal.name in self._targets.readings:
            return self._expr(signal.name)
        found = leaf("state" if signal.name in self._targets.rated else "param", signal.name, signal.unit)
        return operation(">=", (found, const(_HALF))) if signal.kind == "flag" else found

    def _is_param(self, signal: Signal) -> bool:
        return signal.kind in NUMERIC and signal.name not in {**self._targets.rated, **self._targets.readings}

    def _expr(self, name: str) -> Expr:
        """The finished graph of a derived value, an event, a cycle or a reading, traced when it is first needed."""
        if name not in self._traced:
            self._check_loop(name)
            self._open.append(name)
            self._traced[name] = self._trace(name)
            self._open.pop()
        return self._traced[name]

    def _trace(self, name: str) -> Expr:
        if name in self._targets.readings:
            target = self._targets.readings[name]
            return self._called(target, lambda expr: _fit(expr, self._signals[name].unit, name))[0]
        if name in self._cycles:
            return self._called(self._cycles[name], lambda expr: _steady(_fit(expr, SECOND, name), name))[0]
        if name in self._events:
            return self._called(self._events[name], _condition)[0]
        return self._called(self._derived[name], lambda expr: expr)[0]

    def _check_loop(self, name: str) -> None:
        if name in self._open:
            loop = " -> ".join([*self._open[self._open.index(name) :], name])
            raise ModelError(
                f"expected values that do not need themselves, got the loop {loop}",
                hint="a loop through a state is sound: give one of them a px.rate",
            )

    def _rates(self) -> dict[str, Expr]:
        found: dict[str, Expr] = {}
        for target in self._targets.rates:
            units = [self._signals[name].unit / SECOND for name in target.gives]
            fits = [_rate_fit(unit, name) for unit, name in zip(units, target.gives, strict=True)]
            found |= zip(target.gives, self._called(target, *fits), strict=True)
        return {name: found[name] for name in self._signals if name in found}

    def _event(self, name: str, target: Target) -> Event:
        condition = self._expr(name)
        with placed(target.piece.place(name), target.function):
            return Event(condition, crossing(condition), _doc(target.function))

    def _jump(self, target: Target) -> Jump:
        (state,) = target.gives
        (value,) = self._called(target, lambda expr: _fit(expr, self._signals[state].unit, state))
        return Jump(target.event, state, value)

    def _called(self, target: Target, *fits: Callable[[Expr], Expr]) -> list[Expr]:
        """The values of an equation, one for each fit, finished and fitted."""
        prefix = target.piece.prefix
        kind: type[object] = target.piece.kind
        view = view_of(kind, below(prefix[:-1], self.read) if prefix else self.read)
        with placed(target.piece.place(target.name), target.function):
            result = target.function(view)
            values = cast(tuple[object, ...], result) if isinstance(result, tuple) else (result,)
            if len(values) != len(fits):
                raise ModelError(
                    f"expected {len(fits)} value{'s' * (len(fits) > 1)} ({', '.join(target.gives)}), got {len(values)}",
                    hint="return one value per state, in the order of the decorator",
                )
            return [fit(self._finished(value)) for fit, value in zip(fits, values, strict=True)]

    def _finished(self, value: object) -> Expr:
        expr = lift(value)
        if expr is None:
            raise ModelError(f"expected a value, got {type(value).__name__}", hint=_hint_for(value))
        expr = rewritten(expr, self._without_events)
        ops = {one.op for one in topological([expr])}
        if "linked" in ops:
            raise ModelError("expected one number, got those of many linked twins", hint="px.total(self.rooms.power)")
        if "window" in ops:
            _check_windows(expr)
        return expr

    def _without_events(self, expr: Expr) -> Expr | None:
        return self._expr(str(expr.data)) if expr.op == "event" else None


def _hint_for(value: object) -> str | None:
    if type(value).__name__ == "Turn":
        return "a cycle gives .phase, .elapsed and .period"
    return "return an expression of signals"


def _linked(kind: type, found: list[Piece]) -> Iterator[tuple[str, Link]]:
    for piece in found:
        for name, one in piece.own(AbstractLink):  # type: ignore[type-abstract]
            with placed(piece.place(name), line=one.declared_at):
                yield name, one.declared(kind, inside_part=bool(piece.prefix))


def _signals(piece: Piece) -> Iterator[Signal]:
    for name, role in piece.own(Role):  # type: ignore[type-abstract]
        with placed(piece.place(name), line=role.declared_at):
            yield role.declared(name, piece.given.get(role.local))


def _commands(found: list[Piece]) -> Iterator[tuple[str, Any]]:
    for piece in found:
        for name, one in piece.own(command):
            with placed(piece.place(name), line=one.declared_at):
                yield name, one.declared(name)


def _rate_fit(unit: Unit, name: str) -> Callable[[Expr], Expr]:
    return lambda expr: _steady(_fit(expr, unit, f"the rate of {name}"), f"the rate of {name}")


def _fit(expr: Expr, want: Unit, what: str) -> Expr:
    if expr.is_condition:
        raise ModelError(f"expected {want} for {what}, got a condition", hint="px.where(condition, 1, 0)")
    bare = expr.op == "const" and float(expr) == 0.0
    if expr.unit.dimension != want.dimension and not bare:
        raise UnitError(f"expected {want} for {what}, got {expr.unit}", hint=_missing(expr.unit, want))
    return told_in(expr, want)


def _missing(have: Unit, want: Unit) -> str:
    return f"what is missing is a factor in {want / have}"


def _condition(expr: Expr) -> Expr:
    if not expr.is_condition:
        raise ModelError(f"expected a condition, got a number in {expr.unit}", hint="return self.wear >= 1")
    return expr


def _steady(expr: Expr, what: str) -> Expr:
    if any(one.op == "window" for one in topological([expr])):
        raise ModelError(
            f"expected {what} to follow from states, got a window, which is missing at first",
            hint="let a px.hidden follow the quantity with a rate: (self.x - self.felt) / self.lag",
        )
    return expr


def _check_windows(expr: Expr) -> None:
    for window in topological([expr]):
        if window.op == "window" and any(one.op == "window" for one in topological(window.args)):
            raise ModelError("expected one window, got a window inside a window", hint="use one of them")


def _doc(what: object) -> str:
    return inspect.cleandoc(what.__doc__) if what.__doc__ else ""
