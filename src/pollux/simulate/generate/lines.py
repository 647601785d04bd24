"""Writing lists of assignments: `Lines` shares and folds, `Term` gives it the signs of arithmetic."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeAlias, final

from pollux.simulate.generate.assign import COMMUTATIVE, KINDS, TRUTH, WHOLE, Arg, Assign, kind_of
from pollux.simulate.generate.fold import fold


@final
class Lines:
    """A growing list of assignments in which equal operations appear once.

    >>> lines = Lines()
    >>> a = lines.term("a")
    >>> _ = (a + 1.0) * (1.0 + a)
    >>> [(x.name, x.op, x.args) for x in lines.assigns]
    [('v0', '+', (1.0, 'a')), ('v1', '*', ('v0', 'v0'))]
    """

    def __init__(self, prefix: str = "v") -> None:
        self.assigns: list[Assign] = []
        self.kinds: dict[str, str] = {}
        self._prefix = prefix
        self._known: dict[tuple[str, ...], str] = {}

    def emit(self, op: str, *args: Arg) -> Arg:
        """The name that holds `op(*args)`, or the value itself where it is known."""
        folded = fold(op, args)
        if folded is not None:
            return folded
        if op in COMMUTATIVE:
            args = tuple(sorted(args, key=repr_of))
        key = (op, *map(repr_of, args))
        if key not in self._known:
            self._known[key] = self._append(op, args)
        return self._known[key]

    def store(self, row: int, value: Arg) -> None:
        """Put a value into a row of the buffer; a plain load is copied first, because it may be a view."""
        if isinstance(value, str) and any(a.name == value and a.op == "load" for a in self.assigns):
            value = self.emit("copy", value)
        self.assigns.append(Assign("", "store", (row, self.real(value))))

    def amend(self, change: Callable[[int, Arg], Arg]) -> None:
        """Let `change(row, value)` take the place of what has been stored so far."""
        stores = [a for a in self.assigns if a.op == "store"]
        self.assigns = [a for a in self.assigns if a.op != "store"]
        for store in stores:
            row, value = store.args
            assert isinstance(row, int)
            self.store(row, change(row, value))

    def real(self, arg: Arg) -> Arg:
        """The argument as a real number: a truth value counts 1 or 0."""
        if kind_of(arg, self.kinds) != TRUTH:
            return arg
        return float(arg) if isinstance(arg, bool) else self.emit("where", arg, 1.0, 0.0)

    def truth(self, arg: Arg) -> Arg:
        """The argument as a truth value: a real number is true unless it is 0."""
        if kind_of(arg, self.kinds) == TRUTH:
            return arg
        return self.emit("not", self.emit("==", arg, 0.0))

    def section(self) -> tuple[Assign, ...]:
        """All assignments, the stores last, so that a loaded row is not changed under a name that still reads it."""
        return tuple(sorted(self.assigns, key=lambda a: a.op == "store"))

    def term(self, arg: Arg) -> "Term":
        """The argument with the signs of arithmetic."""
        return Term(self, arg)

    def _append(self, op: str, args: tuple[Arg, ...]) -> str:
        name = f"{self._prefix}{len(self.kinds)}"
        self.kinds[name] = KINDS[op]
        self.assigns.append(Assign(name, op, args))
        return name


def repr_of(arg: Arg) -> str:
    """What tells arguments apart; names come after numbers, and 1, 1.0 and True differ."""
    return f"~{arg}" if isinstance(arg, str) else repr(arg)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One value of a list being written; every sign appends one assignment."""

    lines: Lines
    arg: Arg

    def _with(self, op: str, *args: "Operand") -> Self:
        return type(self)(self.lines, self.lines.emit(op, *(_arg(a) for a in args)))

    def __add__(self, other: "Operand") -> Self:
        return self._with("+", self, other)

    def __radd__(self, other: "Operand") -> Self:
        return self._with("+", other, self)

    def __sub__(self, other: "Operand") -> Self:
        return self._with("-", self, other)

    def __rsub__(self, other: "Operand") -> Self:
        return self._with("-", other, self)

    def __mul__(self, other: "Operand") -> Self:
        return self._with("*", self, other)

    def __rmul__(self, other: "Operand") -> Self:
        return self._with("*", other, self)

    def __truediv__(self, other: "Operand") -> Self:
        return self._with("/", self, other)

    def __rtruediv__(self, other: "Operand") -> Self:
        return self._with("/", other, self)

    def __neg__(self) -> Self:
        return self._with("neg", self)

    def __abs__(self) -> Self:
        return self._with("abs", self)

    def __lt__(self, other: "Operand") -> Self:
        return self._with("<", self, other)

    def __le__(self, other: "Operand") -> Self:
        return self._with("<=", self, other)

    def __gt__(self, other: "Operand") -> Self:
        return self._with(">", self, other)

    def __ge__(self, other: "Operand") -> Self:
        return self._with(">=", self, other)

    def __and__(self, other: "Operand") -> Self:
        return self._with(self._sign("and", "iand"), self, other)

    def __or__(self, other: "Operand") -> Self:
        return self._with(self._sign("or", "ior"), self, other)

    def __xor__(self, other: "Operand") -> Self:
        return self._with("ixor", self, other)

    def __invert__(self) -> Self:
        return self._with("not", self)

    def __lshift__(self, count: int) -> Self:
        return self._with("shl", self, count)

    def __rshift__(self, count: int) -> Self:
        return self._with("shr", self, count)

    def plus(self, whole: int) -> Self:
        """The sum of whole numbers, wrapping round at 64 bits."""
        return self._with("iadd", self, whole)

    def wrapped(self, other: "Operand") -> Self:
        """The sum of two whole numbers, wrapping round at 64 bits."""
        return self._with("iadd", self, other)

    @property
    def bits(self) -> Self:
        """The 64 bits of a real number, as a whole number."""
        return self._with("bits", self)

    @property
    def unbits(self) -> Self:
        """The real number with these 64 bits."""
        return self._with("real", self)

    @property
    def floor(self) -> Self:
        """The largest whole number that is not above it."""
        return self._with("floor", self)

    @property
    def is_nan(self) -> Self:
        """Whether it is no number."""
        return ~self.equals(self)

    def equals(self, other: "Operand") -> Self:
        """Whether both are the same number; `==` itself keeps Python's meaning, so that terms can be keys."""
        return self._with("==", self, other)

    def where(self, then: "Operand", otherwise: "Operand") -> Self:
        """`then` where this truth value holds, else `otherwise`."""
        return self._with("where", self, then, otherwise)

    def max(self, other: "Operand") -> Self:
        """The larger; NaN where one is NaN."""
        return self._with("max", self, other)

    def min(self, other: "Operand") -> Self:
        """The smaller; NaN where one is NaN."""
        return self._with("min", self, other)

    def _sign(self, truth: str, whole: str) -> str:
        return whole if kind_of(self.arg, self.lines.kinds) == WHOLE else truth


Operand: TypeAlias = Term | Arg


def _arg(operand: Operand) -> Arg:
    return operand.arg if isinstance(operand, Term) else operand
