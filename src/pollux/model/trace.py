"""Tracing: the equations of a class are called once, on a view whose values are nodes, and become a schema."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final, cast, final

from pollux.errors import ModelError
from pollux.model.calls import placed
from pollux.model.commands import command
from pollux.model.crossing import crossing
from pollux.model.declarations import Piece, pieces
from pollux.model.digest import digest
from pollux.model.equations import cycle, derived, event
from pollux.model.fits import check_windows, condition, period_fit, rate_fit, residual_fit, value_fit
from pollux.model.graph import Expr, const, leaf, lift, node, operation
from pollux.model.linking import AbstractLink, seen_through, through
from pollux.model.noises import check_noise, noise
from pollux.model.roles import Role
from pollux.model.schema import NUMERIC, Cycle, Event, Jump, Link, Schema, Signal
from pollux.model.structure import deficit
from pollux.model.targets import Target, Targets
from pollux.model.units import DIMENSIONLESS, SECOND, WHITE
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
        self._noises = tuple(name for piece in self._pieces for name, _ in piece.own(noise))
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
            algebraic=self._residuals(),
            noises=self._noises,
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
        if name in self._noises:
            return leaf("noise", name, WHITE)
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
        found = leaf("state" if signal.name in self._targets.moving else "param", signal.name, signal.unit)
        return operation(">=", (found, const(_HALF))) if signal.kind == "flag" else found

    def _is_param(self, signal: Signal) -> bool:
        return signal.kind in NUMERIC and signal.name not in self._targets.moving | self._targets.readings.keys()

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
            return self._called(target, value_fit(self._signals[name].unit, name))[0]
        if name in self._cycles:
            return self._called(self._cycles[name], period_fit(name))[0]
        if name in self._events:
            return self._called(self._events[name], condition)[0]
        return self._called(self._derived[name], lambda expr: expr)[0]

    def _check_loop(self, name: str) -> None:
        if name in self._open:
            loop = " -> ".join([*self._open[self._open.index(name) :], name])
            raise ModelError(
                f"expected values that do not need themselves, got the loop {loop}",
                hint="a loop through a state or an unknown is sound: give one of them a px.rate or a px.algebraic",
            )

    def _rates(self) -> dict[str, Expr]:
        found = {name: const(0.0, self._signals[name].unit / SECOND) for name in self._targets.discrete}
        for target in self._targets.rates:
            units = [self._signals[name].unit / SECOND for name in target.gives]
            fits = [rate_fit(unit, name) for unit, name in zip(units, target.gives, strict=True)]
            found |= zip(target.gives, self._called(target, *fits), strict=True)
        return {name: found[name] for name in self._signals if name in found}

    def _residuals(self) -> dict[str, Expr]:
        found: dict[str, Expr] = {}
        for target in self._targets.residuals:
            found |= zip(target.gives, self._called(target, *map(residual_fit, target.gives)), strict=True)
        self._check_residuals(found)
        return found

    def _check_residuals(self, found: dict[str, Expr]) -> None:
        names = tuple(found)
        lacking = deficit(tuple(found.values()), tuple(self._signal(self._signals[name]) for name in names))
        if lacking is None:
            return
        residuals, unknowns = ([names[place] for place in one] for one in (lacking.residuals, lacking.unknowns))
        target = self._targets.algebraic[residuals[-1]]
        with placed(target.piece.place(target.name), target.function):
            raise ModelError(
                f"expected residuals that determine {', '.join(residuals)}, "
                f"got {len(residuals)} that depend on {' and '.join(unknowns) or 'no unknown'}",
                hint="each residual must change with an unknown of its own; what stands in a condition does not count",
            )

    def _event(self, name: str, target: Target) -> Event:
        happens = self._expr(name)
        with placed(target.piece.place(name), target.function):
            return Event(happens, crossing(happens), _doc(target.function))

    def _jump(self, target: Target) -> Jump:
        (state,) = target.gives
        (value,) = self._called(target, value_fit(self._signals[state].unit, state))
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
            check_windows(expr)
        if "noise" in ops:
            check_noise(expr)
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


def _doc(what: object) -> str:
    return inspect.cleandoc(what.__doc__) if what.__doc__ else ""
