r"""The equations of a type as lines of LaTeX, by what they say: rates, residuals, derived values and so on.

A node that has a name of its own (a derived value, say) is printed as that name, so equations stay as short as they
were written. A rate with noise is printed in Itô's form, $\mathrm dX = f\,\mathrm dt + g\,\mathrm dW$.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, final

from pollux.model.drift import diffusion, drift
from pollux.model.graph import Expr
from pollux.model.latex import factor, latex, symbol
from pollux.model.noises import noises_of
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


def sections(schema: Schema) -> tuple[Section, ...]:
    """All equations of a type, by kind; kinds without any are left out."""
    names = {expr: name for name, expr in schema.derived.items() if expr.args}
    found = (
        ("States", _rates(schema, names)),
        ("Unknowns", _residuals(schema, names)),
        ("Derived values", _derived(schema, names)),
        ("Cycles", _cycles(schema, names)),
        ("Readings", _readings(schema, names)),
        ("Events", _events(schema, names)),
        ("Jumps", _jumps(schema, names)),
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


def _rates(schema: Schema, names: Names) -> Iterator[Statement]:
    for name in schema.states:
        if name not in schema.cycles and name not in schema.discrete:
            yield _moved(name, schema.rates[name], names)


def _moved(name: str, rate: Expr, names: Names) -> Statement:
    if not noises_of(rate):
        return Statement(rf"\dot{{{symbol(name)}}}", "=", latex(rate, names))
    without = drift(rate)
    zero = without.op == "const" and float(without) == 0.0
    terms = [] if zero else [rf"{factor(without, names)} \, \mathrm{{d}}t"]
    terms += [rf"{factor(one, names)} \, \mathrm{{d}}W_{{{symbol(noise)}}}" for noise, one in diffusion(rate)]
    return Statement(rf"\mathrm{{d}}{symbol(name)}", "=", " + ".join(terms))


def _residuals(schema: Schema, names: Names) -> Iterator[Statement]:
    for expr in schema.algebraic.values():
        yield Statement("0", "=", latex(expr, names))


def _derived(schema: Schema, names: Names) -> Iterator[Statement]:
    for name, expr in schema.derived.items():
        others = {one: other for one, other in names.items() if other != name}
        yield Statement(symbol(name), r"\colon" if expr.is_condition else "=", latex(expr, others))


def _cycles(schema: Schema, names: Names) -> Iterator[Statement]:
    for name, cycle in schema.cycles.items():
        yield Statement(f"T_{{{symbol(name)}}}", "=", latex(cycle.period, names))


def _readings(schema: Schema, names: Names) -> Iterator[Statement]:
    for name, expr in schema.readings.items():
        yield Statement(symbol(name), "=", latex(expr, names))


def _events(schema: Schema, names: Names) -> Iterator[Statement]:
    for name, event in schema.events.items():
        yield Statement(symbol(name), r"\colon", latex(event.condition, names))


def _jumps(schema: Schema, names: Names) -> Iterator[Statement]:
    for jump in schema.jumps:
        value = rf"{symbol(jump.state)} \leftarrow {latex(jump.value, names)}"
        yield Statement(symbol(jump.event), r"\colon", value)
