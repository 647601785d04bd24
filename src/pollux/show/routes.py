"""A route as data: from one table come the routing, the rights, the decoding and the OpenAPI document."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, TypeVar, final

from msgspec import Struct

from pollux.clock import SECOND, ClockError, instant
from pollux.errors import DataRefused
from pollux.guard import Action, Identity
from pollux.show.asks import Moment, NoQuery
from pollux.show.facts import TwinType
from pollux.show.house import House, Offer, Tenancy
from pollux.show.problems import Headers, absent
from pollux.show.sight import Sight

API: Final = "/api/v1"
JSON: Final = "application/json"
LARGEST_BODY: Final = 1 << 20

Query = TypeVar("Query", bound=Struct)
Body = TypeVar("Body")
Method = Literal["GET", "PUT", "PATCH", "POST", "DELETE"]
Media = Literal["application/json", "application/octet-stream", "model/gltf-binary", "text/plain; version=0.0.4"]


@final
@dataclass(frozen=True, slots=True)
class Right:
    """What the gate is asked before anything else: an action on a target, in which `{type}` and the like are filled in.

    With `any_field` the right to one field of the twin is enough, and the answer holds no other; with `operator` it
    must be an identity of the installation itself, not of one of its tenants.
    """

    action: Action
    target: str
    any_field: bool = False
    operator: bool = False


SEES_TWIN: Final = Right("read", "{type}/{id}", any_field=True)


@final
@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with more to say than its body; a body of bytes is sent as it is."""

    body: Struct | bytes | None = None
    status: int = 200
    headers: Headers = ()
    media: str = JSON


@final
@dataclass(frozen=True, slots=True, eq=False)
class Call(Generic[Query, Body]):
    """One request that has passed the gate, with what it asks and whom it may ask."""

    house: House
    tenancy: Tenancy
    identity: Identity
    sight: Sight
    path: Mapping[str, str]
    query: Query
    body: Body
    now: int
    client: str

    @property
    def type(self) -> TwinType:
        """The twin type that the path names."""
        return self.type_named(self.path["type"])

    @property
    def id(self) -> str:
        """The twin's id in the path."""
        return self.path["id"]

    @property
    def twin(self) -> str:
        """The twin's full name, "Type/id"."""
        return f"{self.path['type']}/{self.path['id']}"

    def type_named(self, name: str) -> TwinType:
        """A twin type of the tenant."""
        found = next((one for one in self.tenancy.twins.types() if one.name == name), None)
        if found is None:
            raise absent()
        return found

    def may(self, action: Action, part: str) -> bool:
        """Whether the caller may do this to a part of the twin in the path."""
        return self.sight.may(action, f"{self.twin}/{part}")


@final
@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One line of the table.

    `right` is None where every identity may ask, because the answer holds only what it may see. `do` takes a `Call`
    and gives a document or a `Reply`; `slow` ones run in a pool. `answers` are the documents by
    status.
    """

    method: Method
    path: str
    summary: str
    do: Callable[[Call[Any, Any]], object]
    right: Right | None
    query: type[Struct] = NoQuery
    body: tuple[type[Struct], ...] = ()
    answers: Mapping[int, Any] = field(default_factory=lambda: {200: None})
    media: str = JSON
    tag: str = "twins"
    offer: Offer | None = None
    slow: bool = False
    largest: int = LARGEST_BODY

    @property
    def names(self) -> tuple[str, ...]:
        """The names in the path."""
        return tuple(re.findall(r"{(\w+)}", self.path))


def moment(given: Moment | None, at: str) -> int | None:
    """A time that a client named, in nanoseconds UTC; numbers are seconds.

    >>> moment("1970-01-01T00:00:01Z", "?at"), moment("1.5", "?at"), moment(2, "?at"), moment(None, "?at")
    (1000000000, 1500000000, 2000000000, None)
    """
    if given is None:
        return None
    try:
        nanoseconds = round(float(given) * SECOND)
    except ValueError:
        nanoseconds = _instant(str(given), at)
    except OverflowError:
        raise DataRefused(f"expected a time, got {given}", at=at) from None
    if not -(2**62) < nanoseconds < 2**62:
        raise DataRefused("expected a time within 146 years of 1970", at=at)
    return nanoseconds


def _instant(text: str, at: str) -> int:
    try:
        return instant(text)
    except ClockError as error:
        raise DataRefused(error.message, at=at, hint=error.hint) from None


def seconds(nanoseconds: int) -> float:
    """A time or a duration of the inside as clients see it.

    >>> seconds(1_500_000_000)
    1.5
    """
    return nanoseconds / SECOND


def known(nanoseconds: int) -> float | None:
    """A time that is 0 where it is not known."""
    return nanoseconds / SECOND if nanoseconds else None
