"""The equations of a twin's class, typeset by the browser: MathML Core, without the outermost element."""

from msgspec import Struct


class SymbolLine(Struct, frozen=True, kw_only=True):
    """One line of the table of symbols: `symbol` and `unit` are MathML, the others plain text."""

    symbol: str
    name: str
    what: str
    unit: str
    value: str | None
    meaning: str | None


class Equation(Struct, frozen=True, kw_only=True):
    """Two sides in MathML and the sign between them."""

    left: str
    sign: str
    right: str


class EquationGroup(Struct, frozen=True, kw_only=True):
    """Equations that say one kind of thing: rates of states, events, readings and so on."""

    title: str
    equations: tuple[Equation, ...]


class MathematicsPage(Struct, frozen=True, kw_only=True):
    """The mathematics of a class, read from its graph: what is integrated is what stands here."""

    type: str
    meaning: str | None
    symbols: tuple[SymbolLine, ...]
    groups: tuple[EquationGroup, ...]
