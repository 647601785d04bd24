r"""Exact sensitivities: the derivatives of the states by inputs as states of their own, run with the model.

$s_{ij} = \partial x_i / \partial p_j$ follows
$\dot s_{ij} = \sum_k \frac{\partial f_i}{\partial x_k} s_{kj} + \frac{\partial f_i}{\partial p_j}$ with
$s_{ij}(0) = 0$ for a parameter, and $s_{jj}(0) = 1$ where the input is the state j at the start. The derivatives are
those of the graph.

Reference: R. P. Dickinson, R. J. Gelinas, Sensitivity analysis of ordinary differential equation systems, Journal of
Computational Physics 21 (1976) 123-143.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, final

from pollux.model.differentiate import jacobian
from pollux.model.digest import digest
from pollux.model.graph import Expr, const, leaf, operation
from pollux.model.schema import Schema, Signal
from pollux.model.walk import topological

HELD: Final = frozenset(("window", "settled", "delay", "total", "noise", "event"))
"""What holds a value of another moment, or has none: its derivative is not that of the state now."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Sensitive:
    """A type with its sensitivities as further states; `name` says which state holds $\\partial x_i/\\partial p_j$."""

    schema: Schema
    inputs: tuple[str, ...]
    states: tuple[str, ...]

    @staticmethod
    def name(state: str, by: str) -> str:
        """The further state."""
        return f"{state} by {by}"

    def slopes(self, expr: Expr) -> tuple[Expr, ...] | None:
        """The derivative of an expression by each input, along the states too; None where there is none."""
        if expr.is_condition or _holds([expr]):
            return None
        return tuple(one if one is not None else const(0.0) for one in _along(self, [expr])[0])


def sensitive(schema: Schema, inputs: Sequence[str]) -> Sensitive | None:
    """A type with its sensitivities by some parameters and states at the start.

    None for types that jump, turn, hold values of other moments or have residuals: their derivatives would need more.
    """
    states = tuple(name for name in schema.states if name not in schema.cycles)
    if schema.jumps or schema.cycles or schema.algebraic or schema.links or _holds(schema.rates.values()):
        return None
    found = Sensitive(schema, tuple(inputs), states)
    signals: list[Signal] = []
    rates: dict[str, Expr] = {}
    for state, line in zip(states, _along(found, [schema.rates[name] for name in states]), strict=True):
        for by, rate in zip(inputs, line, strict=True):
            signals.append(_signal(schema, state, by))
            still = const(0.0, schema.rates[state].unit / schema.signal(by).unit)
            rates[found.name(state, by)] = still if rate is None else rate
    return replace(found, schema=_with(schema, signals, rates))


def _along(of: Sensitive, exprs: Sequence[Expr]) -> list[list[Expr | None]]:
    """The whole derivative of each expression by each input."""
    leaves = [of.schema.expression(name) for name in of.states]
    own = [of.schema.expression(name) for name in of.inputs]
    parameters = {one: len(leaves) + k for k, one in enumerate(one for one in own if one.op == "param")}
    found = jacobian(exprs, [*leaves, *parameters])
    out: list[list[Expr | None]] = []
    for row in range(len(exprs)):
        line: list[Expr | None] = []
        for by in own:
            parts = [
                operation("*", (found[row, place], _leaf(of.schema, state, str(by.data))))
                for place, state in enumerate(of.states)
                if (row, place) in found
            ]
            direct = found.get((row, parameters[by])) if by in parameters else None
            line.append(_sum([*parts, *([direct] if direct is not None else [])]))
        out.append(line)
    return out


def _sum(parts: Sequence[Expr]) -> Expr | None:
    total: Expr | None = None
    for one in parts:
        total = one if total is None else operation("+", (total, one))
    return total


def _leaf(schema: Schema, state: str, by: str) -> Expr:
    return leaf("state", Sensitive.name(state, by), schema.signal(state).unit / schema.signal(by).unit)


def _signal(schema: Schema, state: str, by: str) -> Signal:
    unit = schema.signal(state).unit / schema.signal(by).unit
    return Signal(Sensitive.name(state, by), "hidden", unit, unit, start=1.0 if state == by else 0.0)


def _with(schema: Schema, further: Sequence[Signal], rates: Mapping[str, Expr]) -> Schema:
    signals = (*schema.signals, *further)
    plain = replace(
        schema,
        name=f"{schema.name} with sensitivities",
        signals=signals,
        states=(*schema.states, *rates),
        rates={**schema.rates, **rates},
        index={one.name: place for place, one in enumerate(signals)},
    )
    return replace(plain, digest=digest(plain))


def _holds(exprs: Iterable[Expr]) -> bool:
    return any(one.op in HELD for one in topological(list(exprs)))
