"""What a class body declares, gathered from the twin and from all its parts, under dotted names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar, final

from pollux.errors import ModelError
from pollux.model.equations import AlgebraicEquation, JumpEquation, RateEquation, ReadingEquation
from pollux.model.symbols import AbstractHolder, Symbol

D = TypeVar("D")

_DECLARED: Final = (Symbol, AbstractHolder, RateEquation, AlgebraicEquation, ReadingEquation, JumpEquation)
_RESERVED: Final = frozenset(("t", "seq", "boot"))


@final
@dataclass(frozen=True, slots=True)
class Piece:
    """One class body: the twin's own, or that of a part under its dotted `prefix` and with its `given` values."""

    root: type
    kind: type
    prefix: str
    given: Mapping[str, Any]

    def own(self, sort: type[D]) -> Iterator[tuple[str, D]]:
        """The declarations of one sort, by their dotted names, in the order of the text."""
        return ((self.prefix + name, what) for name, what in vars(self.kind).items() if isinstance(what, sort))

    def name_of(self, symbol: object) -> str | None:
        """The dotted name of a symbol that this class body knows; None for anything else."""
        if not isinstance(symbol, Symbol) or symbol.twin is not self.kind:
            return None
        return self.prefix + symbol.name

    def place(self, name: str) -> str:
        """Where a declaration stands, for errors: `Heart.lv.pressure`."""
        return f"{self.root.__name__}.{name}"


def pieces(root: type) -> list[Piece]:
    """The class body of a type and those of its parts, the parts inside parts included."""
    found = list(_below(root, root, "", {}))
    for piece in found:
        _check_names(piece)
    return found


def _below(root: type, kind: type, prefix: str, given: Mapping[str, Any]) -> Iterator[Piece]:
    _check_ancestors(root, kind)
    yield Piece(root, kind, prefix, given)
    for name, part in vars(kind).items():
        if isinstance(part, AbstractHolder):
            yield from _below(root, type(part), f"{prefix}{name}.", part.__pollux_given__())


def _check_ancestors(root: type, kind: type) -> None:
    for ancestor in kind.__mro__[1:]:
        if any(isinstance(what, _DECLARED) for what in vars(ancestor).values()):
            raise ModelError(
                f"expected a class of its own, got one that inherits from {ancestor.__name__}",
                at=root.__name__,
                hint="signals and equations are not inherited: share them as a px.Part",
            )


def _check_names(piece: Piece) -> None:
    for name, what in vars(piece.kind).items():
        own = what.local if isinstance(what, Symbol) else None
        own = what.__pollux_path__() if isinstance(what, AbstractHolder) else own
        if own is None:
            continue
        at = piece.place(piece.prefix + name)
        if own != name:
            raise ModelError(f"expected one name for each declaration, got {own!r} and {name!r} for one", at=at)
        if name.startswith("_") or (name in _RESERVED and not piece.prefix):
            raise ModelError(f"expected another name, got {name!r}", at=at, hint=_reserved(name))


def _reserved(name: str) -> str:
    if name in _RESERVED:
        return "t, seq and boot are keys of the messages of devices: event time, counter and its life"
    return "names that begin with an underscore are private to Pollux"
