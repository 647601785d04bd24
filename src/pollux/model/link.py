"""A twin has one neighbour: `west = px.link(Cell)` is one twin of another type, or of the own one."""

from collections.abc import Callable, Mapping
from typing import Any, final, overload

from pollux.errors import ModelError
from pollux.model.linking import PRESENT, AbstractLink, T
from pollux.model.value import Value


@final
class link(AbstractLink[T]):
    r"""One twin of another type, an index column: `node = px.link(Node)`; `west = px.link()` is one of the own type.

    In equations `self.west.depth` is that twin's state, parameter or derived value: $x_{w(i)}$ for the twin $i$ whose
    link leads to $w(i)$, in the unit of $x$. Where the link leads nowhere it is NaN; `px.present(self.west)` tells, so
    `px.where(px.present(self.west), self.west.depth, self.depth)` is a wall. A type that is defined later is told by
    its name, with what is needed of it: `px.link("Pipe", gives={"flow": "m**3/s"})`.

    Raises ModelError for what is no twin type, for windows of the other type, and for derived values that need
    themselves through a link.

    >>> import pollux as px
    >>> class Cell(px.Twin):
    ...     west = px.link()
    ...     temp = px.hidden("K", start=300)
    ...     pace = px.parameter("1/s", 0.1)
    ...
    ...     @px.rate(temp)
    ...     def evens_out(self):
    ...         return px.where(px.present(self.west), self.pace * (self.west.temp - self.temp), 0)
    >>> Cell.__pollux__.links["west"].to
    'Cell'
    """

    @overload
    def __init__(self: "link[Any]", kind: str | None = None, *, gives: Mapping[str, str] | None = None) -> None: ...
    @overload
    def __init__(self, kind: type[T]) -> None: ...
    def __init__(self, kind: type | str | None = None, *, gives: Mapping[str, str] | None = None) -> None:
        super().__init__(kind, gives)

    @property
    def is_single(self) -> bool:
        return True


def present(linked: object) -> Value:
    """Whether a link to one twin leads somewhere: `px.present(self.west)`, a condition.

    Raises ModelError for anything but a link seen on a view.

    >>> import pollux as px
    >>> class Pipe(px.Twin):
    ...     end = px.link("Tank", gives={"level": "m"})
    ...
    ...     @px.derived
    ...     def is_open(self):
    ...         return ~px.present(self.end)
    >>> Pipe.__pollux__.derived["is_open"].args[0].op
    'present'
    """
    read: Callable[[str], Value] | None = getattr(linked, "__pollux_read__", None)
    if read is None:
        raise ModelError(
            f"expected a link on a view, got {type(linked).__name__}", hint="px.present(self.west), in an equation"
        )
    return read(PRESENT)
