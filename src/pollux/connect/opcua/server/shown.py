"""What an OPC UA server shows, and whom it asks: given by the site."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from pollux.guard import Credential, Identity
from pollux.model.schema import Schema

NAMESPACE: Final = "urn:pollux:twins"
"""The URI under which twins are named: `nsu=urn:pollux:twins;s=Pump/P-7/temp`."""


@final
@dataclass(frozen=True, slots=True)
class ShownValue:
    """A value as it is: in the declared unit, with the status code that its quality means, and its event time."""

    value: float | bool | str | list[float] | None
    status: int
    time: int | None


@final
@dataclass(frozen=True, slots=True)
class Target:
    """What a node of the namespace stands for: a type, a twin of it, or one of its signals.

    >>> Target.read("Pump/P-7/temp#EURange").signal, Target.read("Pump").twin
    ('temp', '')
    """

    type: str
    twin: str = ""
    signal: str = ""

    @staticmethod
    def read(text: str) -> "Target":
        """The target of a node's text; what describes a node, behind a `#`, is as visible as that node."""
        type_, _, rest = text.partition("#")[0].partition("/")
        twin, _, signal = rest.partition("/")
        return Target(type_, twin, signal)


class AbstractShow(ABC):
    """The twins behind an OPC UA server. All may be asked from its thread."""

    @property
    @abstractmethod
    def types(self) -> Sequence[Schema]:
        """The types that are shown."""

    @abstractmethod
    def ids(self, type_: str) -> Sequence[str]:
        """The twins of a type."""

    @abstractmethod
    def values(self, type_: str, twin: str, signals: Sequence[str]) -> Sequence[ShownValue]:
        """The values of some signals of a twin as they are now; an empty list where there is no such twin."""

    @abstractmethod
    def enter(self, credential: Credential) -> Identity | None:
        """Who shows this credential, None for nobody."""

    @abstractmethod
    def alive(self, identity: Identity) -> bool:
        """Whether an identity that came in earlier would still be let in."""

    @abstractmethod
    def sees(self, identity: Identity, target: Target) -> bool:
        """Whether anything of a target may be seen."""

    @abstractmethod
    def set(self, identity: Identity, target: Target, value: object) -> int:
        """Ask for an actuator to be set, as an order; the status code of the answer."""
