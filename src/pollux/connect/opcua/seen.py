"""What a survey of an OPC UA server has seen: of the server, and of each variable."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True)
class SeenVariable:
    """One variable: its node by namespace URI, where it lies, what it says.

    `path` are the names from the start down to it; `type` is `number`, `flag`, `text` or what else it holds; `unit` is
    in the words of Pollux, empty where there is none, and `why` says where it comes from. `rate` is in values per
    second over the time that was listened, `value` the last one.
    """

    node: str
    path: tuple[str, ...]
    type: str
    unit: str
    why: str
    words: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    writable: bool = False
    historic: bool = False
    rate: float = 0.0
    value: str = ""
    status: str = "Good"

    @property
    def owner(self) -> tuple[str, ...]:
        """The object that it belongs to."""
        return self.path[:-1]


@final
@dataclass(frozen=True, slots=True)
class OpcuaSurvey:
    """What was seen of a server in `seconds`.

    `policies` are those that it offers and `users` how one may sign in; `pin` is the fingerprint of its certificate, to
    be compared with what its owner says. `complete` is False where a bound ended the browsing.
    """

    url: str
    application: str
    policies: tuple[str, ...]
    users: tuple[str, ...]
    pin: str
    namespaces: tuple[str, ...] = ()
    variables: tuple[SeenVariable, ...] = ()
    complete: bool = True
    seconds: float = 0.0
