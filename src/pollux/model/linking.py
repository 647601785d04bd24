"""What stands behind a link: the names of the linked type, be it defined, promised, or the own one."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar, cast, final, overload

from pollux.errors import ModelError
from pollux.model.digest import digest
from pollux.model.graph import Expr, const, node, operation
from pollux.model.schema import Link, Schema, Signal, schema_of
from pollux.model.symbols import Place, Symbol
from pollux.model.units import DIMENSIONLESS, absolute, unit
from pollux.model.value import Value
from pollux.model.views import below, view_of
from pollux.model.walk import topological

if TYPE_CHECKING:
    from pollux.model.twin import Twin

T = TypeVar("T", bound="Twin")

PRESENT: Final = "?"
"""Asked below a link, it is whether the link leads somewhere; no signal can have this name."""

_HALF: Final = 0.5
_LATER: Final = 'say what a type that is defined later gives: px.link("Pipe", gives={"flow": "m**3/s"})'


class AbstractLink(Symbol, Generic[T]):
    """A name for one twin, or many twins, of another type or of the own one.

    `kind` is the type; its name with `gives`, names and units, where it is defined later; the own name, or None, for
    the type that is being defined.
    """

    def __init__(self, kind: type | str | None, gives: Mapping[str, str] | None) -> None:
        super().__init__()
        self.kind = kind
        self.gives = gives

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object, owner: type) -> Any:
        return self if instance is None else cast(Place, instance).__pollux_get__(self)

    @property
    @abstractmethod
    def is_single(self) -> bool:
        """Whether it leads to one twin at most."""

    @property
    def linked(self) -> Schema:
        """The schema of the linked type; raises ModelError for a link that no class has."""
        kind = self.kind if isinstance(self.kind, type) else self.twin
        if kind is None:
            raise ModelError("expected a link of a twin type, got one that no class has")
        return schema_of(kind)

    def declared(self, root: type, *, inside_part: bool) -> Link:
        """The link as the schema of the type keeps it; raises ModelError where it leads to no type."""
        if isinstance(self.kind, type):
            schema = schema_of(self.kind)
            return Link(schema, schema.name, self.is_single)
        if self.kind is not None and self.kind != root.__name__:
            if self.gives is None:
                raise ModelError(f"expected a twin type or the own name, got {self.kind!r}", hint=_LATER)
            return Link(promised(self.kind, self.gives), self.kind, self.is_single, is_promised=True)
        if inside_part:
            raise ModelError("expected a link to another type, got one to the own type in a part", hint="link the twin")
        return Link(None, root.__name__, self.is_single)

    def seen(self, read: Callable[[str], Value]) -> Any:
        inner = below(self.local, read)
        kind = self.kind if isinstance(self.kind, type) else self.twin
        if isinstance(kind, type) and (self.gives is None or self.kind is kind):
            return view_of(cast(type[object], kind), inner)
        return Promised(inner)


@final
class Promised:
    """The view of a twin whose type is defined later: it has the names that the link says it gives."""

    def __init__(self, read: Callable[[str], Value]) -> None:
        self.__pollux_read__ = read

    def __getattr__(self, name: str) -> Value:
        return self.__pollux_read__(name)


def promised(name: str, gives: Mapping[str, str]) -> Schema:
    """The schema that stands in for a type of this name which is defined later: numbers in these units."""
    edges = {one: unit(symbol) for one, symbol in gives.items()}
    signals = tuple(Signal(one, "hidden", absolute(edge), edge) for one, edge in edges.items())
    index = {one: place for place, one in enumerate(gives)}
    empty: dict[str, Any] = {}
    stand_in = Schema(
        name=name,
        doc="",
        personal=False,
        signals=signals,
        states=(),
        params=tuple(gives),
        rates=empty,
        derived=empty,
        readings=empty,
        events=empty,
        jumps=(),
        cycles=empty,
        links=empty,
        commands=empty,
        index=index,
    )
    return replace(stand_in, digest=digest(stand_in))


def meaning(schema: Schema, name: str) -> Expr:
    """What a dotted name means inside a type, its links included."""
    link = next((one for one in schema.links if name.startswith(one + ".")), None)
    if link is None:
        found = schema.expression(name)
        flag = name in schema.index and schema.signal(name).kind == "flag"
        return operation(">=", (found, const(_HALF))) if flag else found
    far = schema.links[link]
    return through(link, far, far.schema or schema, name[len(link) + 1 :])


def through(link: str, far: Link, schema: Schema, name: str) -> Expr:
    """What stands under a name of a linked type, seen through a link."""
    return seen_through(link, far, name, lambda inner: meaning(schema, inner))


def seen_through(link: str, far: Link, name: str, inside: Callable[[str], Expr]) -> Expr:
    """The node of a name beyond a link: one number, or many until `px.total` makes one of them.

    `inside` tells what the name means over there. A condition goes as 1 or 0; what is missing is no condition met.
    """
    if name == PRESENT:
        if not far.is_single:
            raise ModelError("expected a link to one twin, got one to many", hint="px.total counts: a sum of none is 0")
        return node("present", (), DIMENSIONLESS, link)
    found = inside(name)
    deep = next((one.op for one in topological([found]) if one.op in ("window", "noise", "delay")), None)
    if deep is not None:
        raise ModelError(
            f"expected a state, a parameter or a derived value of {far.to}, got {name!r}, which is a {deep}",
            hint=f"make it a px.hidden of {far.to} with a rate that follows the quantity",
        )
    number = operation("where", (found, const(1.0), const(0.0))) if found.is_condition else found
    gathered = node("gather" if far.is_single else "linked", (number,), number.unit, link)
    return operation(">=", (gathered, const(_HALF))) if found.is_condition else gathered
