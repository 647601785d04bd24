"""Which signal each equation is about, and that it may be: one rate per state, one residual per unknown, and so on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

from pollux.errors import ModelError
from pollux.model.calls import placed
from pollux.model.declarations import Piece
from pollux.model.equations import AlgebraicEquation, JumpEquation, RateEquation, ReadingEquation, cycle, event
from pollux.model.schema import Signal


@final
@dataclass(frozen=True, slots=True)
class Target:
    """An equation under its dotted name and the dotted names that it gives values to; `event` (or cycle) for jumps."""

    piece: Piece
    name: str
    function: Callable[[Any], Any]
    gives: tuple[str, ...]
    event: str = ""


@final
class Targets:
    """The rates, residuals, readings and jumps of a model, checked against its signals."""

    def __init__(self, pieces: list[Piece], signals: Mapping[str, Signal]) -> None:
        self._signals = signals
        self.rates: list[Target] = [
            self._rate(piece, name, one) for piece in pieces for name, one in piece.own(RateEquation)
        ]
        self.rated: dict[str, Target] = self._once(self.rates, "one rate for each state")
        self.residuals: list[Target] = [
            self._residual(piece, name, one) for piece in pieces for name, one in piece.own(AlgebraicEquation)
        ]
        self.algebraic: dict[str, Target] = self._once(self.residuals, "one residual for each unknown")
        readings = [self._reading(piece, name, one) for piece in pieces for name, one in piece.own(ReadingEquation)]
        self.readings: dict[str, Target] = self._once(readings, "one reading for each sensor")
        for name, target in self.readings.items():
            if name in self.rated:
                _refuse(
                    target, f"expected a rate or a reading of {name}, got both", "a rate makes it a state, measured"
                )
        for name, target in self.algebraic.items():
            self._check_unknown(name, target)
        self.jumps: list[Target] = [
            self._jump(piece, name, one) for piece in pieces for name, one in piece.own(JumpEquation)
        ]
        self._once(self.jumps, "one jump of a state for each event")
        self.discrete: frozenset[str] = frozenset(one.gives[0] for one in self.jumps) - self.rated.keys()

    @property
    def moving(self) -> frozenset[str]:
        """What the equations move: states and unknowns."""
        return frozenset((*self.rated, *self.algebraic, *self.discrete))

    def _rate(self, piece: Piece, name: str, one: RateEquation) -> Target:
        target = Target(piece, name, one.function, tuple(self._known(piece, name, one, state) for state in one.states))
        if not target.gives:
            _refuse(target, "expected the states that change, got none", "@px.rate(temp)")
        for state in target.gives:
            role = self._signals[state].role
            if role not in ("sensor", "hidden"):
                hint = f"{_article(role)} {role} is set from outside: make it a px.hidden, or let a px.hidden follow it"
                _refuse(target, f"expected a sensor or a hidden to have a rate, got the {role} {state}", hint)
        return target

    def _residual(self, piece: Piece, name: str, one: AlgebraicEquation) -> Target:
        gives = tuple(self._known(piece, name, one, unknown) for unknown in one.unknowns)
        target = Target(piece, name, one.function, gives)
        if not gives:
            _refuse(target, "expected the unknowns of the residuals, got none", "@px.algebraic(flow)")
        return target

    def _check_unknown(self, name: str, target: Target) -> None:
        signal = self._signals[name]
        if signal.role not in ("sensor", "hidden") or signal.prior is not None:
            got = "one with a prior" if signal.prior is not None else f"the {signal.role} {name}"
            _refuse(
                target,
                f"expected a sensor or a hidden as an unknown, got {got}",
                "what follows from an equation is neither set nor believed: start= a number is where the search begins",
            )
        other = "a rate" if name in self.rated else "a reading" if name in self.readings else None
        if other is not None:
            _refuse(target, f"expected {name} to follow from a residual alone, got {other} too", "keep one of them")

    def _reading(self, piece: Piece, name: str, one: ReadingEquation) -> Target:
        target = Target(piece, name, one.function, (self._known(piece, name, one, one.sensor),))
        role = self._signals[target.gives[0]].role
        if role != "sensor":
            _refuse(target, f"expected a sensor to have a reading, got the {role} {target.gives[0]}", "use @px.derived")
        return target

    def _jump(self, piece: Piece, name: str, one: JumpEquation) -> Target:
        happening, state = _happening(piece, one.event), self._known(piece, name, one, one.state)
        target = Target(piece, name, one.function, (state,), happening)
        if not happening:
            found = f"expected an event or a cycle of {piece.kind.__name__}, got {one.event!r}"
            _refuse(target, found, "@px.on(seal_fails, wear)")
        self._check_jumps(state, target)
        return target

    def _check_jumps(self, state: str, target: Target) -> None:
        if state in self.algebraic:
            _refuse(target, f"expected a state to jump, got the unknown {state}", "let what it follows from jump")
        if state not in self.rated and (self._signals[state].role != "hidden" or state in self.readings):
            hint = "a state is a sensor or a hidden with a rate, or a hidden that only jumps"
            _refuse(target, f"expected a state to jump, got {state}", hint)

    def _known(self, piece: Piece, name: str, one: Any, symbol: object) -> str:
        found = piece.name_of(symbol)
        if found not in self._signals:
            what = Target(piece, name, one.function, ())
            _refuse(what, f"expected a signal of {piece.kind.__name__}, got {symbol!r}", "name one of this class body")
        return str(found)

    def _once(self, targets: list[Target], what: str) -> dict[str, Target]:
        found: dict[tuple[str, str], Target] = {}
        for target in targets:
            for name in target.gives:
                if (target.event, name) in found:
                    hint = f"the first is {found[target.event, name].name}: add them up there"
                    _refuse(target, f"expected {what}, got a second for {name}", hint)
                found[target.event, name] = target
        return {name: target for (_, name), target in found.items()}


def _happening(piece: Piece, symbol: object) -> str:
    return (piece.name_of(symbol) or "") if isinstance(symbol, event | cycle) else ""


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _refuse(target: Target, message: str, hint: str) -> None:
    with placed(target.piece.place(target.name), target.function):
        raise ModelError(message, hint=hint)
