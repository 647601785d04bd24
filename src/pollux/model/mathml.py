"""An expression of the graph as MathML Core, which browsers typeset themselves; nothing is evaluated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast, final

from pollux.errors import ModelError
from pollux.model.boxes import MINUS, THIN, fence, number_of, row, sub, sup, symbol_of, text_in, unit_of
from pollux.model.graph import Expr, Settled, Window
from pollux.model.notation import AbstractNotation
from pollux.model.units import DIMENSIONLESS, Unit
from pollux.model.walk import topological

_LONGEST: Final = 120_000
_SUM, _PRODUCT, _POWER, _ATOM = range(4)
_LOGIC: Final = 0
_TIMES: Final = "<mo>\N{DOT OPERATOR}</mo>"


@final
@dataclass(frozen=True, slots=True)
class _Text:
    """Mathematics and how strongly it holds together."""

    text: str
    strength: int = _ATOM

    def within(self, strength: int) -> str:
        return self.text if self.strength >= strength else fence("(", self.text, ")")


def mathml(expr: Expr, names: Mapping[Expr, str] | None = None) -> str:
    """An expression as MathML without its outermost `math` element; nodes in `names` are printed as that name.
    Numbers have nine digits at most, and factors between units are fractions.

    Raises `ModelError` when the text would be longer than 120,000 signs.

    Reference: W3C, MathML Core, 2025.

    >>> from pollux.model.graph import leaf, operation
    >>> from pollux.model.units import unit
    >>> mathml(operation("/", (leaf("state", "lv.volume", unit("ml")), leaf("param", "c", unit("ml/mmHg")))))
    '<mfrac><mrow><msub><mi>volume</mi><mi>lv</mi></msub></mrow><mrow><mi>c</mi></mrow></mfrac>'
    """
    return _rendered(expr, names or {}).text


def _rendered(expr: Expr, known: Mapping[Expr, str]) -> _Text:
    texts = dict[Expr, _Text]()
    for one in topological([expr], into_totals=True):
        if one in known and one is not expr:
            texts[one] = _Text(symbol_of(known[one]))
        else:
            texts[one] = _PRINTERS[one.op](one, [texts[arg] for arg in one.args])
        if len(texts[one].text) > _LONGEST:
            raise ModelError("expected a printable expression, got a very long one", hint="name parts with @px.derived")
    return texts[expr]


def _const(expr: Expr, args: list[_Text]) -> _Text:
    number, made_of_several = number_of(float(expr))
    plain = expr.unit == DIMENSIONLESS or float(expr) == 0.0
    text = number if plain else number + THIN + unit_of(expr.unit)
    # A negative or a scaled number is no atom: 2 - (-3), (4e-9)^2.
    strength = _SUM if float(expr) < 0 else _PRODUCT if made_of_several or not plain else _ATOM
    return _Text(row(text), strength)


def _name(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(symbol_of(str(expr.data)))


def _indexed(letter: str) -> "_Printer":
    return lambda expr, args: _Text(sub(text_in("mi", letter), symbol_of(str(expr.data))))


def _time(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(text_in("mi", "t"))


def _sum(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(row(args[0].within(_SUM), "<mo>+</mo>", args[1].within(_PRODUCT)), _SUM)


def _difference(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(row(args[0].within(_SUM), text_in("mo", MINUS), args[1].within(_PRODUCT)), _SUM)


def _negative(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(row(text_in("mo", MINUS), args[0].within(_PRODUCT)), _SUM)


def _product(expr: Expr, args: list[_Text]) -> _Text:
    # A sign in front of a product needs no brackets: -k v.
    signed = expr.args[0].op == "neg"
    first = args[0].text if signed else args[0].within(_PRODUCT)
    return _Text(row(first, _TIMES, args[1].within(_PRODUCT)), _SUM if signed else _PRODUCT)


def _quotient(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(f"<mfrac>{row(args[0].text)}{row(args[1].text)}</mfrac>", _POWER)


def _power(expr: Expr, args: list[_Text]) -> _Text:
    power = row(number_of(float(expr.data))[0]) if isinstance(expr.data, int) else row(args[1].text)
    return _Text(sup(row(args[0].within(_ATOM)), power), _POWER)


def _exp(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(sup(text_in("mi", "e"), row(args[0].text)), _POWER)


def _root(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(f"<msqrt>{args[0].text}</msqrt>")


def _applied(word: str, args: Sequence[str]) -> str:
    given = fence("(", "<mo>,</mo>".join(args), ")")
    return row(word, "<mo>\N{FUNCTION APPLICATION}</mo>", given)


def _function(word: str) -> "_Printer":
    return lambda expr, args: _Text(_applied(text_in("mi", word), [one.text for one in args]))


def _fenced(left: str, right: str) -> "_Printer":
    return lambda expr, args: _Text(fence(left, args[0].text, right))


def _between(sign: str, strength: int) -> "_Printer":
    mark = text_in("mo", sign)
    return lambda expr, args: _Text(row(args[0].within(strength), mark, args[1].within(strength)), _LOGIC)


def _not(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(row("<mo>\N{NOT SIGN}</mo>", args[0].within(_ATOM)), _LOGIC)


def _cases(expr: Expr, args: list[_Text]) -> _Text:
    condition, then, otherwise = (one.text for one in args)
    lines = ((then, f"<mtext>if</mtext>{THIN}{condition}"), (otherwise, "<mtext>otherwise</mtext>"))
    rows = (f"<mtr><mtd>{row(value)}</mtd><mtd>{row(when)}</mtd></mtr>" for value, when in lines)
    return _Text(row("<mo>{</mo>", f"<mtable>{''.join(rows)}</mtable>"))


def _window(expr: Expr, args: list[_Text]) -> _Text:
    window = cast(Window, expr.data)
    over = symbol_of(window.name) if window.name else _seconds(window.seconds)
    return _Text(_applied(sub(text_in("mi", window.kind), over), [args[0].text]))


def _seconds(seconds: float) -> str:
    return row(text_in("mn", f"{seconds:g}"), THIN, "<mtext>s</mtext>")


def _delay(expr: Expr, args: list[_Text]) -> _Text:
    when = row("<mi>t</mi>", text_in("mo", MINUS), _seconds(cast(float, expr.data)))
    return _Text(sub(fence("[", args[0].text, "]"), when))


def _total(expr: Expr, args: list[_Text]) -> _Text:
    sign = f"<munder><mo>\N{N-ARY SUMMATION}</mo>{symbol_of(str(expr.data))}</munder>"
    return _Text(row(sign, args[0].within(_PRODUCT)), _PRODUCT)


def _gather(expr: Expr, args: list[_Text]) -> _Text:
    bar = row(args[0].within(_ATOM), '<mo stretchy="true">|</mo>')
    return _Text(sub(bar, symbol_of(str(expr.data))), _POWER)


def _present(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(row("<mo>\N{THERE EXISTS}</mo>", symbol_of(str(expr.data))))


def _settled(expr: Expr, args: list[_Text]) -> _Text:
    data = cast(Settled, expr.data)
    given = [row(symbol_of(name), "<mo>=</mo>", one.text) for name, one in zip(data.inputs, args, strict=True)]
    mean = fence("\N{MATHEMATICAL LEFT ANGLE BRACKET}", symbol_of(data.output), "\N{MATHEMATICAL RIGHT ANGLE BRACKET}")
    return _Text(_applied(sub(mean, text_in("mi", data.schema.name)), given))


_Printer = Callable[[Expr, list[_Text]], _Text]

_PRINTERS: Final[Mapping[str, _Printer]] = {
    "const": _const,
    "state": _name,
    "param": _name,
    "phase": _indexed("\N{GREEK SMALL LETTER PHI}"),
    "time": _time,
    "noise": _indexed("\N{GREEK SMALL LETTER XI}"),
    "+": _sum,
    "-": _difference,
    "*": _product,
    "/": _quotient,
    "neg": _negative,
    "pow": _power,
    "exp": _exp,
    "sqrt": _root,
    "min": _function("min"),
    "max": _function("max"),
    "log": _function("ln"),
    "sin": _function("sin"),
    "cos": _function("cos"),
    "tanh": _function("tanh"),
    "table": _function("table"),
    "spline": _function("spline"),
    "floor": _fenced("\N{LEFT FLOOR}", "\N{RIGHT FLOOR}"),
    "abs": _fenced("|", "|"),
    "<": _between("<", _SUM),
    "<=": _between("\N{LESS-THAN OR EQUAL TO}", _SUM),
    ">": _between(">", _SUM),
    ">=": _between("\N{GREATER-THAN OR EQUAL TO}", _SUM),
    "==": _between("=", _SUM),
    "and": _between("\N{LOGICAL AND}", _ATOM),
    "or": _between("\N{LOGICAL OR}", _ATOM),
    "not": _not,
    "where": _cases,
    "window": _window,
    "delay": _delay,
    "total": _total,
    "gather": _gather,
    "present": _present,
    "settled": _settled,
}


@final
class MathMl(AbstractNotation):
    """Equations as MathML, for a page: what is too long to be read is said to be, and the others still stand there."""

    one = "<mn>1</mn>"
    equal = "<mo>=</mo>"
    says = "<mo>:</mo>"
    zero = "<mn>0</mn>"

    def expression(self, expr: Expr, names: Mapping[Expr, str]) -> str:
        try:
            return mathml(expr, names)
        except ModelError:
            return self._long(expr)

    def factor(self, expr: Expr, names: Mapping[Expr, str]) -> str:
        try:
            return _rendered(expr, names).within(_PRODUCT)
        except ModelError:
            return self._long(expr)

    def _long(self, expr: Expr) -> str:
        count = len(topological([expr], into_totals=True))
        return text_in("mtext", f"too long to be shown: {count:,} operations")

    def name(self, name: str) -> str:
        return symbol_of(name)

    def unit(self, unit: Unit) -> str:
        return unit_of(unit)

    def rate(self, name: str) -> str:
        if len(name) == 1:
            return f'<mover accent="true">{symbol_of(name)}<mo>\N{DOT ABOVE}</mo></mover>'
        # A dot above a word looks like one of its letters.
        return f"<mfrac>{self.change(name)}{row('<mtext>d</mtext><mi>t</mi>')}</mfrac>"

    def change(self, name: str) -> str:
        return row("<mtext>d</mtext>", THIN, symbol_of(name))

    def drift(self, factor: str) -> str:
        return row(factor, _TIMES, "<mtext>d</mtext><mi>t</mi>")

    def diffusion(self, factor: str, noise: str) -> str:
        return row(factor, _TIMES, "<mtext>d</mtext>", self.wiener(noise))

    def wiener(self, noise: str) -> str:
        return sub("<mi>W</mi>", symbol_of(noise))

    def turn(self, cycle: str) -> str:
        return sub("<mi>T</mi>", symbol_of(cycle))

    def becomes(self, state: str, value: str) -> str:
        return row(symbol_of(state), "<mo>\N{LEFTWARDS ARROW}</mo>", value)

    def total(self, terms: Sequence[str]) -> str:
        return row("<mo>+</mo>".join(terms))


MATHML: Final = MathMl()
