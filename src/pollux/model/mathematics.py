"""The mathematics of a class, shown from its graph: a table of symbols and all equations, as Markdown or as LaTeX."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from pollux.model.latex import symbol, unit_latex
from pollux.model.schema import NUMERIC, Schema, Signal, schema_of
from pollux.model.statements import Section, sections
from pollux.model.units import DIMENSIONLESS, SECOND, WHITE, Unit

if TYPE_CHECKING:
    from pollux.model.twin import Twin

_SPECIAL: Final = re.compile(r"[\\{}$&#^_%~]")
_WORDS: Final = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
_WHITE: Final = "its white noise is its derivative by time"
_HEAD: Final = ("Symbol", "Name", "What", "Unit", "Value", "Meaning")


@final
@dataclass(frozen=True, slots=True)
class SymbolRow:
    """One line of the table of symbols; `symbol` and `unit` are LaTeX, the others plain text."""

    symbol: str
    name: str
    what: str
    unit: str
    value: str = ""
    meaning: str = ""


@final
@dataclass(frozen=True, slots=True)
class Mathematics:
    """The mathematics of one class: `str(...)` and `.markdown()` for pages, `.latex()` for papers."""

    title: str
    meaning: str
    symbols: tuple[SymbolRow, ...]
    sections: tuple[Section, ...]

    def __str__(self) -> str:
        return self.markdown()

    def _repr_markdown_(self) -> str:
        """What a notebook shows."""
        return self.markdown()

    def markdown(self) -> str:
        """A page in Markdown, with its formulas between dollar signs."""
        rows = [_HEAD, ("---",) * len(_HEAD), *map(_markdown_row, self.symbols)]
        parts = [f"# {self.title}", self.meaning, "\n".join(f"| {' | '.join(row)} |" for row in rows)]
        for section in self.sections:
            parts += [f"## {section.title}", f"$$\n{_aligned(section, 'aligned')}\n$$"]
        return "\n\n".join(part for part in parts if part) + "\n"

    def latex(self) -> str:
        """A section of a paper; it needs the packages amsmath and booktabs."""
        rows = [" & ".join(_latex_row(one)) + r" \\" for one in self.symbols]
        table = [r"\begin{tabular}{llllll}", r"\toprule", " & ".join(_HEAD) + r" \\", r"\midrule", *rows]
        parts = [rf"\section*{{{_escaped(self.title)}}}", _escaped(self.meaning)]
        parts.append("\n".join([*table, r"\bottomrule", r"\end{tabular}"]))
        for section in self.sections:
            parts += [rf"\subsection*{{{section.title}}}", _aligned(section, "align*")]
        return "\n\n".join(part for part in parts if part) + "\n"


def mathematics(kind: "type[Twin]") -> Mathematics:
    """The mathematics of a twin type, as its graph has it: symbols with their units, states, events and all the rest.

    Raises ModelError for another class than a twin type, and for an expression too long to be printed.

    >>> import pollux as px
    >>> class Tank(px.Twin):
    ...     v, k = px.hidden("l", start=10), px.parameter("1/s", 0.5)
    ...
    ...     @px.rate(v)
    ...     def drains(self):
    ...         return -self.k * self.v
    >>> print(px.mathematics(Tank))
    # Tank
    <BLANKLINE>
    | Symbol | Name | What | Unit | Value | Meaning |
    | --- | --- | --- | --- | --- | --- |
    | $v$ | `v` | hidden state | $\\mathrm{l}$ | 10 |  |
    | $k$ | `k` | parameter | $\\mathrm{s^{-1}}$ | 0.5 |  |
    <BLANKLINE>
    ## States
    <BLANKLINE>
    $$
    \\begin{aligned}
    \\dot{v} &= -k \\, v
    \\end{aligned}
    $$
    <BLANKLINE>
    """
    schema = schema_of(kind)
    return Mathematics(schema.name, schema.doc, tuple(_symbols(schema)), sections(schema))


def _symbols(schema: Schema) -> Iterator[SymbolRow]:
    for signal in schema.signals:
        if signal.kind in NUMERIC:
            value = "" if signal.name in schema.readings else _value(signal)
            unit = _unit(signal.unit)
            yield SymbolRow(symbol(signal.name), signal.name, _what(schema, signal), unit, value, signal.doc)
    for name in schema.noises:
        yield SymbolRow(rf"W_{{{symbol(name)}}}", name, "Wiener process", _unit(WHITE * SECOND), meaning=_WHITE)
    for name in schema.cycles:
        yield SymbolRow(rf"T_{{{symbol(name)}}}", name, "length of a turn", _unit(SECOND))


def _what(schema: Schema, signal: Signal) -> str:
    name = signal.name
    if name in schema.discrete:
        return "discrete state"
    if name in schema.rates:
        return f"{signal.role} state"
    return f"{signal.role} unknown" if name in schema.algebraic else signal.role


def _value(signal: Signal) -> str:
    if signal.prior is not None:
        return str(signal.prior)
    told = signal.role in ("sensor", "hidden", "actuator") or isinstance(signal.start, float | int)
    return f"{signal.initial:.6g}" if told else ""


def _unit(unit: Unit) -> str:
    return "1" if unit == DIMENSIONLESS else unit_latex(unit)


def _markdown_row(row: SymbolRow) -> tuple[str, ...]:
    return f"${row.symbol}$", f"`{row.name}`", row.what, f"${row.unit}$", _cell(row.value), _cell(row.meaning)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())


def _latex_row(row: SymbolRow) -> tuple[str, ...]:
    name, what, value, meaning = (_escaped(one) for one in (row.name, row.what, row.value, row.meaning))
    return f"${row.symbol}$", rf"\texttt{{{name}}}", what, f"${row.unit}$", value, meaning


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: _WORDS.get(found[0], f"\\{found[0]}"), text)


def _aligned(section: Section, environment: str) -> str:
    lines = [f"{one.left} &{one.sign} {one.right}" for one in section.statements]
    return "\n".join([rf"\begin{{{environment}}}", " \\\\\n".join(lines), rf"\end{{{environment}}}"])
