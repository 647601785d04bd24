r"""The equations of a type, by what they say: rates, residuals, derived values and so on, in LaTeX or in MathML.

A node that has a name of its own (a derived value, say) is printed as that name, so equations stay as short as they
were written. A rate with noise is printed in Itô's form, $\mathrm dX = f\,\mathrm dt + g\,\mathrm dW$.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, final

from pollux.model.drift import diffusion, drift
from pollux.model.graph import Expr
from pollux.model.latex import LATEX
from pollux.model.noises import noises_of
from pollux.model.notation import AbstractNotation
from pollux.model.schema import Schema

Names: TypeAlias = Mapping[Expr, str]


@final
@dataclass(frozen=True, slots=True)
class Statement:
    """One equation: two sides and the sign between them."""

    left: str
    sign: str
    right: str

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}".strip()


@final
@dataclass(frozen=True, slots=True)
class Section:
    """What the equations of one kind say together."""

    title: str
    statements: tuple[Statement, ...]


def sections(schema: Schema, notation: AbstractNotation = LATEX) -> tuple[Section, ...]:
    """All equations of a type, by kind; kinds without any are left out."""
    writer = _Writer(schema, notation)
    found = (
        ("States", writer.rates()),
        ("Unknowns", writer.residuals()),
        ("Derived values", writer.derived()),
        ("Cycles", writer.cycles()),
        ("Readings", writer.readings()),
        ("Events", writer.events()),
        ("Jumps", writer.jumps()),
    )
    whole = (Section(title, tuple(statements)) for title, statements in found)
    return tuple(one for one in whole if one.statements)


def equations(schema: Schema) -> tuple[str, ...]:
    r"""All equations of a type, one line of LaTeX each, in the order of `sections`.

    >>> from pollux.model.equations import rate
    >>> from pollux.model.roles import hidden, parameter
    >>> from pollux.model.twin import Twin
    >>> class Tank(Twin):
    ...     v = hidden("l")
    ...     k = parameter("1/s", 0.5)
    ...
    ...     @rate(v)
    ...     def drains(self):
    ...         return -self.k * self.v
    >>> equations(Tank.__pollux__)
    ('\\dot{v} = -k \\, v',)
    """
    return tuple(str(one) for section in sections(schema) for one in section.statements)


@final
class _Writer:
    """The sentences of one type in one notation."""

    def __init__(self, schema: Schema, notation: AbstractNotation) -> None:
        self._schema, self._in = schema, notation
        self._names: Names = {expr: name for name, expr in schema.derived.items() if expr.args}

    def rates(self) -> Iterator[Statement]:
        schema = self._schema
        for name in schema.states:
            if name not in schema.cycles and name not in schema.discrete:
                yield self._moved(name, schema.rates[name])

    def _moved(self, name: str, rate: Expr) -> Statement:
        if not noises_of(rate):
            return self._equal(self._in.rate(name), rate)
        without = drift(rate)
        zero = without.op == "const" and float(without) == 0.0
        terms = [] if zero else [self._in.drift(self._in.factor(without, self._names))]
        terms += [self._in.diffusion(self._in.factor(one, self._names), noise) for noise, one in diffusion(rate)]
        return Statement(self._in.change(name), self._in.equal, self._in.total(terms))

    def residuals(self) -> Iterator[Statement]:
        for expr in self._schema.algebraic.values():
            yield self._equal(self._in.zero, expr)

    def derived(self) -> Iterator[Statement]:
        for name, expr in self._schema.derived.items():
            others = {one: other for one, other in self._names.items() if other != name}
            sign = self._in.says if expr.is_condition else self._in.equal
            yield Statement(self._in.name(name), sign, self._in.expression(expr, others))

    def cycles(self) -> Iterator[Statement]:
        for name, cycle in self._schema.cycles.items():
            yield self._equal(self._in.turn(name), cycle.period)

    def readings(self) -> Iterator[Statement]:
        for name, expr in self._schema.readings.items():
            yield self._equal(self._in.name(name), expr)

    def events(self) -> Iterator[Statement]:
        for name, event in self._schema.events.items():
            condition = self._in.expression(event.condition, self._names)
            yield Statement(self._in.name(name), self._in.says, condition)

    def jumps(self) -> Iterator[Statement]:
        for jump in self._schema.jumps:
            value = self._in.expression(jump.value, self._names)
            yield Statement(self._in.name(jump.event), self._in.says, self._in.becomes(jump.state, value))

    def _equal(self, left: str, right: Expr) -> Statement:
        return Statement(left, self._in.equal, self._in.expression(right, self._names))
