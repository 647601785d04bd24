"""Twins relate: `rooms = px.links(Room)` is many twins of another type, `px.total(self.rooms.power)` their sum."""

from collections.abc import Mapping
from typing import Any, Final, final, overload

from pollux.errors import ModelError
from pollux.model.graph import Expr, node
from pollux.model.linking import AbstractLink, T
from pollux.model.value import Value
from pollux.model.walk import rewritten, topological

_OWN: Final = frozenset(("state", "param", "phase", "time", "noise", "gather", "present", "total"))


@final
class links(AbstractLink[T]):
    """Many twins of another type, an index column: `rooms = px.links(Room)`; `px.links()` are twins of the own type.

    On a view `self.rooms` is seen as one of them; in equations only `px.total` makes a number of what it holds. A type
    that is defined later is told by its name, with what is needed of it: `px.links("Pipe", gives={"flow": "l/s"})`.

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

    @overload
    def __init__(self: "links[Any]", kind: str | None = None, *, gives: Mapping[str, str] | None = None) -> None: ...
    @overload
    def __init__(self, kind: type[T]) -> None: ...
    def __init__(self, kind: type | str | None = None, *, gives: Mapping[str, str] | None = None) -> None:
        super().__init__(kind, gives)

    @property
    def is_single(self) -> bool:
        return False


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
