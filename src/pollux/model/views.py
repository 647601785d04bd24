"""Views: an instance of a twin type that reads its numbers, or its nodes, by dotted name."""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from pollux.model.value import Value

Read: TypeAlias = Callable[[str], Value]
T = TypeVar("T")


def view_of(kind: type[T], read: Read) -> T:
    """A view of a twin type on which `view.lv.volume` is `read("lv.volume")`.

    `read` is asked for signals, derived values and events by their dotted names, for cycles as `beat.phase` and
    `beat.period`, and for linked twins as `rooms.power`. `Schema.expression` says what each name means.

    >>> from pollux.model.graph import const
    >>> from pollux.model.roles import sensor
    >>> from pollux.model.twin import Twin
    >>> class Room(Twin):
    ...     temp = sensor("K")
    >>> float(view_of(Room, lambda name: const(float(len(name)))).temp)
    4.0
    """
    view = object.__new__(kind)
    object.__setattr__(view, "__pollux_read__", read)
    return view


def below(name: str, read: Read) -> Read:
    """The reader of what stands below a part or a link."""
    return lambda inner: read(f"{name}.{inner}")
