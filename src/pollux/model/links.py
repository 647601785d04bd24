"""Twins relate: `rooms = px.links(Room)` is many twins of another type, `px.total(self.rooms.power)` their sum."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar, cast, final, overload

from pollux.errors import ModelError
from pollux.model.graph import Expr, node
from pollux.model.schema import Schema, schema_of
from pollux.model.symbols import Place, Symbol
from pollux.model.value import Value
from pollux.model.views import below, view_of
from pollux.model.walk import rewritten, topological

if TYPE_CHECKING:
    from pollux.model.twin import Twin

T = TypeVar("T", bound="Twin")

_OWN: Final = frozenset(("state", "param", "phase", "time", "noise"))


@final
class links(Symbol, Generic[T]):
    """Many twins of another type, an index column: `rooms = px.links(Room)`.

    On a view `self.rooms` is seen as one of them; in equations only `px.total` makes a number of what it holds.

    >>> import pollux as px
    >>> class Room(px.Twin):
    ...     power = px.sensor("W", low=0, high=5000)
    >>> class House(px.Twin):
    ...     rooms = px.links(Room)
    ...
    ...     @px.derived
    ...     def power(self):
    ...         return px.total(self.rooms.power)
    >>> House.rooms.linked.name
    'Room'
    """

    def __init__(self, kind: type[T]) -> None:
        super().__init__()
        self.kind = kind

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object, owner: type) -> Any:
        return self if instance is None else cast(Place, instance).__pollux_get__(self)

    @property
    def linked(self) -> Schema:
        """The schema of the linked type."""
        return schema_of(self.kind)

    def seen(self, read: Callable[[str], Value]) -> T:
        return view_of(self.kind, below(self.local, read))


def linked(link: str, schema: Schema, name: str) -> Expr:
    """What stands under a name of the linked type, seen through a link: many numbers, until `total` makes one."""
    meaning = schema.expression(name)
    deep = next((one.op for one in topological([meaning]) if one.op in ("total", "window", "noise", "delay")), None)
    if deep is not None:
        raise ModelError(
            f"expected a state, a parameter or a derived value of {schema.name}, got {name!r}, which is a {deep}",
            hint=f"make it a px.hidden of {schema.name} with a rate, or link one level only",
        )
    return node("linked", (meaning,), meaning.unit, link)


def total(of: Value) -> Value:
    """The sum of an expression over all linked twins: `px.total(self.rooms.power)`.

    The expression stands on the names of one link only; the result has its unit. On a live view it is the sum of the
    numbers that the link gathers.

    Raises ModelError for values of no link, of several, or with own signals among them.

    >>> import pollux as px
    >>> class Room(px.Twin):
    ...     power = px.sensor("W")
    >>> class House(px.Twin):
    ...     rooms = px.links(Room)
    ...
    ...     @px.derived
    ...     def power(self):
    ...         return px.total(self.rooms.power)
    >>> House.__pollux__.derived["power"].op
    'total'
    """
    if not isinstance(of, Expr):
        return of.operate("total", (of,))
    nodes = topological([of])
    names = {str(one.data) for one in nodes if one.op == "linked"}
    if len(names) != 1:
        raise ModelError(f"expected values of one link, got {_found(names)}", hint="px.total(self.rooms.power)")
    if any(one.op in _OWN for one in nodes):
        raise ModelError(
            "expected values of the linked twins only, got own signals among them",
            hint="take own signals out of the sum, or make them signals of the linked type",
        )
    return node("total", (rewritten(of, _unlinked),), of.unit, names.pop())


def _unlinked(expr: Expr) -> Expr | None:
    return expr.args[0] if expr.op == "linked" else None


def _found(names: set[str]) -> str:
    return "those of " + " and ".join(sorted(names)) if names else "no linked value"
