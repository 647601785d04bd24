"""The intermediate language: one operation, one name, assigned once.

An equation becomes a list of `Assign(name, op, args)`. An argument is the name of an earlier assignment or of a free
variable (text), a number, or a truth value. The passes fold, share and hoist these lists; the printers spell them as
numba or NumPy source. Three kinds of value exist: real numbers (`f`), whole numbers of 64 bits (`i`, inside the
elementary functions only) and truth values (`b`).
"""

from dataclasses import dataclass
from typing import TypeAlias, final

Arg: TypeAlias = str | float | int | bool

REAL, WHOLE, TRUTH = "f", "i", "b"

ELEMENTARY = ("exp", "log", "sin", "cos", "tanh", "pow")

KINDS: dict[str, str] = {
    **dict.fromkeys(("+", "-", "*", "/", "neg", "max", "min", "abs", "sqrt", "floor", "where"), REAL),
    **dict.fromkeys(ELEMENTARY, REAL),
    **dict.fromkeys(("load", "copy", "real"), REAL),
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "and", "or", "not"), TRUTH),
    **dict.fromkeys(("bits", "shl", "shr", "iand", "ior", "ixor", "iadd"), WHOLE),
}
"""What kind of value each operation gives; `store` gives none."""

COMMUTATIVE = frozenset(("+", "*", "==", "and", "or", "iand", "ior", "ixor", "iadd"))


@final
@dataclass(frozen=True, slots=True)
class Assign:
    """`name = op(*args)`; for `load` the argument is a row of the buffer, for `store` the row and what to put there."""

    name: str
    op: str
    args: tuple[Arg, ...]

    @property
    def reads(self) -> tuple[str, ...]:
        """The names it needs.

        >>> Assign("v1", "+", ("v0", 2.0)).reads
        ('v0',)
        """
        return tuple(a for a in self.args if isinstance(a, str))


def kind_of(arg: Arg, kinds: dict[str, str]) -> str:
    """The kind of value that an argument is; names not in `kinds` are free variables and real."""
    if isinstance(arg, bool):
        return TRUTH
    if isinstance(arg, str):
        return kinds.get(arg, REAL)
    return WHOLE if isinstance(arg, int) else REAL
