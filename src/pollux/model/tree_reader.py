"""Expressions as JSON, in: only known operations, of bounded depth and size, with their units checked again."""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NoReturn, TypeGuard, cast, final

from pollux.errors import DataRefused, PolluxError
from pollux.model.delays import delayed
from pollux.model.graph import Expr, Settled, Window, const, leaf, node, operation, told_in
from pollux.model.rules import OPERATIONS
from pollux.model.schema import Schema
from pollux.model.tables import table
from pollux.model.tree import Json
from pollux.model.units import DIMENSIONLESS, SECOND, WHITE, Unit, unit
from pollux.model.walk import leaves

_DEEPEST: Final = 100
_MOST_NODES: Final = 20_000
_MOST_POINTS: Final = 10_000
_LONGEST_NAME: Final = 200
_MOST_OPERANDS: Final = 100
_GREATEST_POWER: Final = 16


def from_tree(
    tree: object, *, known: Mapping[str, Unit] | None = None, schemas: Mapping[str, Schema] | None = None
) -> Expr:
    """The expression that a tree of `to_tree` tells.

    `known` are the signals that may be named, with their units (any, when it is not given); `schemas` are the types by
    digest that a `settled` may run. Raises `DataRefused` with the place for anything else than a well-formed tree of
    at most 20,000 nodes and 100 levels.

    >>> from pollux.model.tree import to_tree
    >>> from pollux.model.units import unit
    >>> temp = leaf("state", "temp", unit("K"))
    >>> from_tree(to_tree(abs(temp))) is abs(temp)
    True
    """
    return _Reader(known, schemas or {}).whole(tree)


@final
class _Reader:
    """Reads one tree; `at` is the path to where it stands, for errors."""

    def __init__(self, known: Mapping[str, Unit] | None, schemas: Mapping[str, Schema]) -> None:
        self._known, self._schemas = known, schemas
        self._let: list[Expr] = []
        self._nodes = 0

    def whole(self, tree: object) -> Expr:
        fields = _exactly(_object(tree, "$"), "$", "let", "value")
        for place, one in enumerate(_list(fields["let"], "$.let", _MOST_NODES)):
            self._let.append(self._expr(one, f"$.let[{place}]", 0))
        expr = self._expr(fields["value"], "$.value", 0)
        self._check_names(expr)
        return expr

    def _check_names(self, expr: Expr) -> None:
        for one in leaves(expr):
            if self._known is None or one.op not in ("state", "param"):
                continue
            want = self._known.get(str(one.data))
            if want is None:
                _refuse("a known signal", one.data, "$")
            if want != one.unit:
                _refuse(f"{one.data} in {want}", str(one.unit), "$")

    def _expr(self, tree: object, at: str, depth: int) -> Expr:
        self._nodes += 1
        if depth > _DEEPEST or self._nodes > _MOST_NODES:
            _refuse("a tree of at most 20,000 nodes and 100 levels", "a larger one", at)
        fields = _object(tree, at)
        if "ref" in fields:
            return self._ref(_exactly(fields, at, "ref")["ref"], at)
        op = _text(fields.get("op"), f"{at}.op")
        try:
            if op in _LEAVES:
                return _LEAVES[op](fields, at)
            raw = _list(fields.get("args"), f"{at}.args", _MOST_OPERANDS)
            args = tuple(self._expr(one, f"{at}.args[{place}]", depth + 1) for place, one in enumerate(raw))
            return self._settled(fields, args, at) if op == "settled" else _applied(op, fields, args, at)
        except DataRefused:
            raise
        except PolluxError as error:
            raise DataRefused(error.message, at=at, hint=error.hint) from error

    def _ref(self, place: object, at: str) -> Expr:
        if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < len(self._let):
            _refuse("the place of an earlier expression", place, at)
        return self._let[place]

    def _settled(self, fields: Json, args: tuple[Expr, ...], at: str) -> Expr:
        _exactly(fields, at, "op", "args", "schema", "inputs", "seconds", "every", "step", "output")
        schema = self._schemas.get(_text(fields["schema"], f"{at}.schema"))
        if schema is None:
            _refuse("the digest of a known type", fields["schema"], f"{at}.schema")
        inputs = tuple(_text(one, f"{at}.inputs") for one in _list(fields["inputs"], f"{at}.inputs", _MOST_OPERANDS))
        if len(inputs) != len(args) or not set(inputs) <= set(schema.params) or list(inputs) != sorted(set(inputs)):
            _refuse(f"one operand for each of some parameters of {schema.name}", list(inputs), f"{at}.inputs")
        told = tuple(told_in(one, schema.signal(name).unit) for one, name in zip(args, inputs, strict=True))
        output = _text(fields["output"], f"{at}.output")
        every = None if fields["every"] is None else _positive(fields["every"], f"{at}.every")
        step = None if fields["step"] is None else _positive(fields["step"], f"{at}.step")
        data = Settled(schema, inputs, _positive(fields["seconds"], f"{at}.seconds"), output, every, step)
        return node("settled", told, schema.unit_of(output), data)


def _applied(op: str, fields: Json, args: tuple[Expr, ...], at: str) -> Expr:
    special = _SPECIAL.get(op)
    if special is not None and not (op == "pow" and "power" not in fields):
        _count(args, 1, at)
        if args[0].is_condition:
            _refuse("a number", "a condition", f"{at}.args[0]")
        return special(fields, args[0], at)
    if op not in OPERATIONS:
        _refuse("a known operation", op, f"{at}.op")
    _exactly(fields, at, "op", "args")
    _count(args, _ARITY.get(op, 2), at)
    return operation(op, args)


def _count(args: tuple[Expr, ...], want: int, at: str) -> None:
    if len(args) != want:
        _refuse(f"{want} operand{'s' * (want > 1)}", len(args), f"{at}.args")


def _const(fields: Json, at: str) -> Expr:
    _exactly(fields, at, "op", "number", "unit")
    number = fields["number"]
    number = {"inf": math.inf, "-inf": -math.inf}.get(number, number) if isinstance(number, str) else number
    return const(_finite_or(number, f"{at}.number"), unit(_text(fields["unit"], f"{at}.unit")))


def _named(fields: Json, at: str) -> Expr:
    _exactly(fields, at, "op", "name", "unit")
    op: Literal["state", "param", "phase"] = fields["op"]
    return leaf(op, _text(fields["name"], f"{at}.name"), unit(_text(fields["unit"], f"{at}.unit")))


def _time(fields: Json, at: str) -> Expr:
    _exactly(fields, at, "op")
    return node("time", (), SECOND)


def _present(fields: Json, at: str) -> Expr:
    link = _exactly(fields, at, "op", "link")["link"]
    return node("present", (), DIMENSIONLESS, _text(link, f"{at}.link"))


def _noise(fields: Json, at: str) -> Expr:
    _exactly(fields, at, "op", "name")
    return leaf("noise", _text(fields["name"], f"{at}.name"), WHITE)


def _power(fields: Json, arg: Expr, at: str) -> Expr:
    power = _exactly(fields, at, "op", "args", "power")["power"]
    if isinstance(power, bool) or not isinstance(power, int) or abs(power) > _GREATEST_POWER:
        _refuse("a whole power from -16 to 16", power, f"{at}.power")
    return operation("pow", (arg,), power)


def _table(fields: Json, arg: Expr, at: str) -> Expr:
    _exactly(fields, at, "op", "args", "points", "units")
    pairs = [_list(one, f"{at}.points", 2) for one in _list(fields["points"], f"{at}.points", _MOST_POINTS)]
    units = [_text(one, f"{at}.units") for one in _list(fields["units"], f"{at}.units", 2)]
    if len(units) != 2 or any(len(one) != 2 for one in pairs):
        _refuse("pairs of numbers and two units", "others", f"{at}.points")
    points = {_finite_or(x, f"{at}.points"): _finite_or(y, f"{at}.points") for x, y in pairs}
    curve: Literal["straight", "smooth"] = "smooth" if fields["op"] == "spline" else "straight"
    found = table(arg, points, units=(units[0], units[1]), curve=curve)
    return found if isinstance(found, Expr) else _refuse("an expression", found, at)


def _window(fields: Json, arg: Expr, at: str) -> Expr:
    kind, over = fields.get("kind"), fields.get("over")
    if kind not in ("peak", "trough", "mean", "last", "sum"):
        _refuse("peak, trough, mean, last or sum", kind, f"{at}.kind")
    if over == "duration":
        _exactly(fields, at, "op", "args", "kind", "over", "seconds")
        window = Window(kind, "duration", seconds=_positive(fields["seconds"], f"{at}.seconds"))
    elif over in ("cycle", "event"):
        _exactly(fields, at, "op", "args", "kind", "over", "name")
        window = Window(kind, over, name=_text(fields["name"], f"{at}.name"))
    else:
        _refuse("a cycle, an event or a duration", over, f"{at}.over")
    return node("window", (arg,), arg.unit * SECOND if kind == "sum" else arg.unit, window)


def _delay(fields: Json, arg: Expr, at: str) -> Expr:
    _exactly(fields, at, "op", "args", "seconds")
    return delayed(arg, _positive(fields["seconds"], f"{at}.seconds"))


def _beyond(fields: Json, arg: Expr, at: str) -> Expr:
    _exactly(fields, at, "op", "args", "link")
    return node(str(fields["op"]), (arg,), arg.unit, _text(fields["link"], f"{at}.link"))


def _object(tree: object, at: str) -> Json:
    if not isinstance(tree, dict):
        _refuse("an object", tree, at)
    return cast(Json, tree)


def _exactly(fields: Json, at: str, *want: str) -> Json:
    if set(fields) != set(want):
        _refuse(f"the keys {', '.join(want)}", ", ".join(sorted(map(str, fields))), at)
    return fields


def _list(tree: object, at: str, most: int) -> list[Any]:
    if not _is_list(tree):
        _refuse("a list", tree, at)
    if len(tree) > most:
        _refuse(f"a list of at most {most}", f"one of {len(tree)}", at)
    return tree


def _is_list(tree: object) -> TypeGuard[list[Any]]:
    return isinstance(tree, list)


def _text(tree: object, at: str) -> str:
    if not isinstance(tree, str) or not 0 < len(tree) <= _LONGEST_NAME:
        _refuse("a short text", tree, at)
    return tree


def _finite_or(tree: object, at: str) -> float:
    if isinstance(tree, bool) or not isinstance(tree, int | float) or math.isnan(tree):
        _refuse("a number", tree, at)
    return float(tree)


def _positive(tree: object, at: str) -> float:
    number = _finite_or(tree, at)
    return number if 0.0 < number < math.inf else _refuse("a number of seconds above zero", tree, at)


def _refuse(want: str, got: object, at: str) -> NoReturn:
    raise DataRefused(f"expected {want}, got {got!r:.60}", at=at)


_LEAVES: Final[Mapping[str, Callable[[Json, str], Expr]]] = {
    "const": _const,
    "state": _named,
    "param": _named,
    "phase": _named,
    "time": _time,
    "noise": _noise,
    "present": _present,
}
_SPECIAL: Final[Mapping[str, Callable[[Json, Expr, str], Expr]]] = {
    "pow": _power,
    "table": _table,
    "spline": _table,
    "window": _window,
    "delay": _delay,
    "total": _beyond,
    "gather": _beyond,
}
_ARITY: Final = {
    **dict.fromkeys(("neg", "abs", "exp", "log", "sqrt", "sin", "cos", "tanh", "floor", "not"), 1),
    "where": 3,
}
