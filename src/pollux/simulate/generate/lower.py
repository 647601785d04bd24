"""From the graph to assignments: one node, one operation.

`Instant` lowers expressions as they are at one moment of a step; what `leaf` answers for states, inputs and windows
makes the moment. What does not vary within a step goes to `Held`, which computes it once per load of inputs and keeps
it in a row of its own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce
from typing import TypeAlias, cast, final

from pollux.model.graph import Expr, const, node
from pollux.model.hermite import Points, cubics
from pollux.model.units import DIMENSIONLESS
from pollux.simulate.generate.assign import Arg
from pollux.simulate.generate.lines import Lines, Term

Leaf: TypeAlias = Callable[[Expr], Arg]

OPAQUE = frozenset(("window", "settled", "total", "gather", "delay"))
"""Nodes whose operands belong to somebody else: an accumulator, a fast model, another type, the past."""


def operands(expr: Expr) -> tuple[Expr, ...]:
    """The operands that are evaluated at the same moment as the node."""
    return () if expr.op in OPAQUE else expr.args


def postorder(
    roots: Iterable[Expr], done: Callable[[Expr], bool], below: Callable[[Expr], tuple[Expr, ...]] = operands
) -> Iterator[Expr]:
    """The roots and what is below them, operands first, each once, without what is done; not recursive."""
    seen: set[Expr] = set()
    stack = [(root, False) for root in roots]
    while stack:
        expr, ready = stack.pop()
        if ready:
            yield expr
        elif expr not in seen and not done(expr):
            seen.add(expr)
            stack.append((expr, True))
            stack += [(one, False) for one in below(expr)]


def emit(lines: Lines, expr: Expr, args: tuple[Arg, ...], *, strict: bool) -> Arg:
    """The assignment of one node whose operands are `args`."""
    if expr.op == "/" and not strict and isinstance(args[1], float) and args[1] != 0.0:
        return lines.emit("*", args[0], 1.0 / args[1])
    if expr.op == "pow" and isinstance(expr.data, int):
        return _power(lines.term(args[0]), expr.data).arg
    if expr.op == "table":
        return _table(lines.term(args[0]), cast(Points, expr.data)).arg
    if expr.op == "spline":
        return _spline(lines.term(args[0]), cast(Points, expr.data)).arg
    return lines.emit(expr.op, *args)


def _power(x: Term, n: int) -> Term:
    """x^n by repeated squaring."""
    if n <= 0:
        return 1.0 / _power(x, -n) if n else Term(x.lines, 1.0)
    squares = [x]
    for _ in range(n.bit_length() - 1):
        squares.append(squares[-1] * squares[-1])
    return reduce(Term.__mul__, (s for k, s in enumerate(squares) if n >> k & 1))


def _table(x: Term, points: Points) -> Term:
    """Straight lines between points, level beyond the ends: y0 plus slope times the part of x in each interval."""
    xs, ys = points
    total = Term(x.lines, float(ys[0]))
    for x0, x1, y0, y1 in zip(xs, xs[1:], ys, ys[1:], strict=False):
        total = total + (x - float(x0)).max(0.0).min(float(x1 - x0)) * float((y1 - y0) / (x1 - x0))
    return total


def _spline(x: Term, points: Points) -> Term:
    """Cubics between points, level beyond the ends: y0 plus what each cubic adds over the part of x in its interval."""
    total = Term(x.lines, points[1][0])
    for one in cubics(points):
        t = (x - one.x0).max(0.0).min(one.width)
        total = total + t * (one.c1 + t * (one.c2 + t * one.c3))
    return total


@final
class Held:
    """What stands still between two loads of inputs, each expression in a row of its own from `first` on."""

    def __init__(self, first: int, *, leaf: Leaf, moves: Callable[[Expr], bool], strict: bool) -> None:
        self.lines = Lines("h")
        self.strict = strict
        self.rows = first
        self._row: dict[Expr, int] = {}
        self._moves = moves
        self._known: dict[Expr, bool] = {}
        self._value = Instant(self.lines, lambda expr: self.lines.emit("load", leaf(expr)), held=None, strict=strict)

    def varies(self, root: Expr) -> bool:
        """Whether the expression can change within a run of steps."""
        for expr in postorder([root], self._known.__contains__):
            self._known[expr] = self._moves(expr) or any(self._known[one] for one in operands(expr))
        return self._known[root]

    def row(self, expr: Expr) -> int:
        """The row that holds the expression."""
        if expr not in self._row:
            self._row[expr] = self.rows
            self.lines.store(self.rows, self._value(expr))
            self.rows += 1
        return self._row[expr]


@final
class Instant:
    """The values of expressions at one moment, as arguments for further assignments."""

    def __init__(
        self, lines: Lines, leaf: Leaf, *, held: Held | None, strict: bool, known: Mapping[Expr, Arg] | None = None
    ) -> None:
        self.lines = lines
        self._leaf = leaf
        self._held = held
        self._strict = strict
        self._memo: dict[Expr, Arg] = dict(known or {})

    def __call__(self, root: Expr) -> Arg:
        """The argument that stands for the expression."""
        for expr in postorder([root], self._stands, self._below):
            self._memo[expr] = self._lowered(expr)
        return self._memo[root]

    def term(self, root: Expr) -> Term:
        """The same with the signs of arithmetic."""
        return self.lines.term(self(root))

    def _stands(self, expr: Expr) -> bool:
        if expr not in self._memo and self._held is not None and self._is_held(expr, self._held):
            self._memo[expr] = self.lines.emit("load", self._held.row(expr))
        return expr in self._memo

    def _is_held(self, expr: Expr, held: Held) -> bool:
        return bool(operands(expr)) and not expr.is_condition and not held.varies(expr)

    def _below(self, expr: Expr) -> tuple[Expr, ...]:
        """Operands; a divisor that stands still is replaced by its reciprocal, which is held."""
        if not self._multiplies(expr):
            return operands(expr)
        return expr.args[0], node("/", (const(1.0), expr.args[1]), DIMENSIONLESS)

    def _multiplies(self, expr: Expr) -> bool:
        if expr.op != "/" or self._strict or self._held is None or expr.args[1].op == "const":
            return False
        return not self._held.varies(expr.args[1])

    def _lowered(self, expr: Expr) -> Arg:
        if expr.op == "const":
            return float(expr)
        if not operands(expr):
            return self._leaf(expr)
        args = tuple(self._memo[one] for one in self._below(expr))
        if self._multiplies(expr):
            return self.lines.emit("*", *args)
        return emit(self.lines, expr, args, strict=self._strict)
