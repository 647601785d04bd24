"""An expression of the graph as LaTeX, with as few brackets as it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast, final

from pollux.errors import ModelError
from pollux.model.graph import Expr, Settled, Window
from pollux.model.unit_text import read
from pollux.model.units import DIMENSIONLESS, Unit
from pollux.model.walk import topological

_LONGEST: Final = 20_000
_SUM, _PRODUCT, _POWER, _ATOM = range(4)
_LOGIC: Final = 0


@final
@dataclass(frozen=True, slots=True)
class _Text:
    """Mathematics and how strongly it holds together."""

    text: str
    strength: int = _ATOM

    def within(self, strength: int) -> str:
        return self.text if self.strength >= strength else rf"\left({self.text}\right)"


def latex(expr: Expr, names: Mapping[Expr, str] | None = None) -> str:
    r"""An expression as LaTeX; nodes in `names` are printed as the name given there.

    Raises `ModelError` when the text would be longer than 20,000 signs.

    >>> from pollux.model.graph import leaf, operation
    >>> from pollux.model.units import unit
    >>> latex(operation("/", (leaf("state", "lv.volume", unit("ml")), leaf("param", "c", unit("ml/mmHg")))))
    '\\frac{\\mathrm{volume}_{\\mathrm{lv}}}{c}'
    """
    return _rendered(expr, names or {}).text


def factor(expr: Expr, names: Mapping[Expr, str] | None = None) -> str:
    r"""An expression as LaTeX that something can be multiplied with: a sum stands in brackets.

    >>> from pollux.model.graph import leaf, operation
    >>> from pollux.model.units import unit
    >>> n = leaf("state", "n", unit("1"))
    >>> factor(operation("+", (n, n)))
    '\\left(n + n\\right)'
    """
    return _rendered(expr, names or {}).within(_PRODUCT)


def unit_latex(unit: Unit) -> str:
    r"""A unit as LaTeX.

    >>> from pollux.model.units import unit
    >>> unit_latex(unit("K/s"))
    '\\mathrm{K\\,s^{-1}}'
    """
    atoms = (_escaped(name) + ("" if power == 1 else f"^{{{power}}}") for name, power in read(unit.symbol))
    return r"\mathrm{" + r"\,".join(atoms) + "}"


def _rendered(expr: Expr, known: Mapping[Expr, str]) -> _Text:
    texts = dict[Expr, _Text]()
    for one in topological([expr], into_totals=True):
        if one in known and one is not expr:
            texts[one] = _Text(symbol(known[one]))
        else:
            texts[one] = _printed(one, [texts[arg] for arg in one.args])
        if len(texts[one].text) > _LONGEST:
            raise ModelError("expected a printable expression, got a very long one", hint="name parts with @px.derived")
    return texts[expr]


def symbol(name: str) -> str:
    r"""A dotted name: one letter in italics, words upright, the parts it belongs to below.

    >>> symbol("seal.wear")
    '\\mathrm{wear}_{\\mathrm{seal}}'
    """
    above, _, word = name.rpartition(".")
    text = word if len(word) == 1 else rf"\mathrm{{{_escaped(word)}}}"
    return rf"{text}_{{\mathrm{{{_escaped(above)}}}}}" if above else text


def _escaped(word: str) -> str:
    return word.replace("_", r"\_").replace("%", r"\%")


def _printed(expr: Expr, args: list[_Text]) -> _Text:
    return _PRINTERS[expr.op](expr, args)


def _const(expr: Expr, args: list[_Text]) -> _Text:
    digits, _, exponent = repr(float(expr)).removesuffix(".0").replace("inf", r"\infty").partition("e")
    number = rf"{digits} \times 10^{{{int(exponent)}}}" if exponent else digits
    unit = "" if expr.unit == DIMENSIONLESS or float(expr) == 0.0 else rf"\,{unit_latex(expr.unit)}"
    # A negative or a scaled number is no atom: 2 - (-3), (4e-9)^2.
    return _Text(number + unit, _SUM if digits.startswith("-") else _PRODUCT if exponent or unit else _ATOM)


def _name(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(symbol(str(expr.data)))


def _phase(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(rf"\varphi_{{{symbol(str(expr.data))}}}")


def _noise(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(rf"\xi_{{{symbol(str(expr.data))}}}")


def _time(expr: Expr, args: list[_Text]) -> _Text:
    return _Text("t")


def _sum(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(f"{args[0].within(_SUM)} + {args[1].within(_PRODUCT)}", _SUM)


def _difference(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(f"{args[0].within(_SUM)} - {args[1].within(_PRODUCT)}", _SUM)


def _negative(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(f"-{args[0].within(_PRODUCT)}", _SUM)


def _product(expr: Expr, args: list[_Text]) -> _Text:
    # A sign in front of a product needs no brackets: -k v.
    if expr.args[0].op == "neg":
        return _Text(rf"{args[0].text} \, {args[1].within(_PRODUCT)}", _SUM)
    return _Text(rf"{args[0].within(_PRODUCT)} \, {args[1].within(_PRODUCT)}", _PRODUCT)


def _quotient(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(rf"\frac{{{args[0].text}}}{{{args[1].text}}}", _POWER)


def _power(expr: Expr, args: list[_Text]) -> _Text:
    power = str(expr.data) if isinstance(expr.data, int) else args[1].text
    return _Text(f"{args[0].within(_ATOM)}^{{{power}}}", _POWER)


def _exp(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(rf"e^{{{args[0].text}}}", _POWER)


def _root(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(rf"\sqrt{{{args[0].text}}}")


def _function(word: str) -> "_Printer":
    return lambda expr, args: _Text(rf"{word}\left({', '.join(one.text for one in args)}\right)")


def _fenced(left: str, right: str) -> "_Printer":
    return lambda expr, args: _Text(rf"\left{left} {args[0].text} \right{right}")


def _between(sign: str, strength: int) -> "_Printer":
    return lambda expr, args: _Text(f"{args[0].within(strength)} {sign} {args[1].within(strength)}", _LOGIC)


def _not(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(rf"\lnot {args[0].within(_ATOM)}", _LOGIC)


def _cases(expr: Expr, args: list[_Text]) -> _Text:
    condition, then, otherwise = (one.text for one in args)
    return _Text(rf"\begin{{cases}} {then} & {condition} \\ {otherwise} & \text{{otherwise}} \end{{cases}}")


def _window(expr: Expr, args: list[_Text]) -> _Text:
    window = cast(Window, expr.data)
    over = symbol(window.name) if window.name else rf"{window.seconds:g}\,\mathrm{{s}}"
    return _Text(rf"\operatorname{{{window.kind}}}_{{{over}}}\left({args[0].text}\right)")


def _delay(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(rf"\left[{args[0].text}\right]_{{t - {expr.data:g}\,\mathrm{{s}}}}")


def _total(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(rf"\sum_{{{symbol(str(expr.data))}}} {args[0].within(_PRODUCT)}", _PRODUCT)


def _gather(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(rf"\left.{args[0].within(_ATOM)}\right|_{{{symbol(str(expr.data))}}}", _POWER)


def _present(expr: Expr, args: list[_Text]) -> _Text:
    return _Text(rf"\exists\,{symbol(str(expr.data))}")


def _settled(expr: Expr, args: list[_Text]) -> _Text:
    data = cast(Settled, expr.data)
    given = (f"{symbol(name)} = {one.text}" for name, one in zip(data.inputs, args, strict=True))
    name = rf"\overline{{{symbol(data.output)}}}_{{\mathrm{{{_escaped(data.schema.name)}}}}}"
    return _Text(rf"{name}\left({', '.join(given)}\right)")


_Printer = Callable[[Expr, list[_Text]], _Text]

_PRINTERS: Final[Mapping[str, _Printer]] = {
    "const": _const,
    "state": _name,
    "param": _name,
    "phase": _phase,
    "time": _time,
    "noise": _noise,
    "+": _sum,
    "-": _difference,
    "*": _product,
    "/": _quotient,
    "neg": _negative,
    "pow": _power,
    "exp": _exp,
    "sqrt": _root,
    "min": _function(r"\min"),
    "max": _function(r"\max"),
    "log": _function(r"\ln"),
    "sin": _function(r"\sin"),
    "cos": _function(r"\cos"),
    "tanh": _function(r"\tanh"),
    "table": _function(r"\operatorname{table}"),
    "spline": _function(r"\operatorname{spline}"),
    "floor": _fenced(r"\lfloor", r"\rfloor"),
    "abs": _fenced("|", "|"),
    "<": _between("<", _SUM),
    "<=": _between(r"\le", _SUM),
    ">": _between(">", _SUM),
    ">=": _between(r"\ge", _SUM),
    "==": _between("=", _SUM),
    "and": _between(r"\land", _ATOM),
    "or": _between(r"\lor", _ATOM),
    "not": _not,
    "where": _cases,
    "window": _window,
    "delay": _delay,
    "total": _total,
    "gather": _gather,
    "present": _present,
    "settled": _settled,
}
