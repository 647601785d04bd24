"""What an identity may see of a twin: every question goes to the gate, and what no grant names is not there."""

from collections.abc import Sequence
from typing import final

from pollux.guard import Action, Gate, Identity
from pollux.show.facts import TwinType


@final
class Sight:
    """The eyes of one identity.

    Who may read one field of a twin sees the twin with that field alone. Fields marked personal, and the caption of a
    person, need the right to see names besides.
    """

    __slots__ = ("gate", "identity")

    def __init__(self, gate: Gate, identity: Identity) -> None:
        self.gate = gate
        self.identity = identity

    def may(self, action: Action, target: str) -> bool:
        """Whether the identity may do this."""
        return self.gate.may(self.identity, action, target)

    def fields(self, type_: TwinType, twin: str) -> tuple[int, ...]:
        """The places of the fields of a twin that may be seen."""
        whole = self.may("read", f"{type_.name}/{twin}/*")
        names = self.names(type_, twin)
        return tuple(
            place
            for place, field in enumerate(type_.fields)
            if (names or not field.personal) and (whole or self.may("read", f"{type_.name}/{twin}/{field.name}"))
        )

    def field(self, type_: TwinType, twin: str, name: str) -> bool:
        """Whether one field may be seen."""
        place = type_.index.get(name)
        if place is None or (type_.fields[place].personal and not self.names(type_, twin)):
            return False
        return self.may("read", f"{type_.name}/{twin}/{name}")

    def sees(self, type_: TwinType, twin: str) -> bool:
        """Whether anything of a twin may be seen."""
        return self.may("read", f"{type_.name}/{twin}/*") or any(
            self.may("read", f"{type_.name}/{twin}/{field.name}") for field in type_.fields
        )

    def twins(self, type_: TwinType, ids: Sequence[str]) -> list[str]:
        """The twins among these of which anything may be seen."""
        if self.may("read", f"{type_.name}/*/*"):
            return [*ids]
        return [twin for twin in ids if self.sees(type_, twin)]

    def names(self, type_: TwinType, twin: str) -> bool:
        """Whether names and what else is personal may be seen."""
        return self.may("see-names", f"{type_.name}/{twin}")

    def caption(self, type_: TwinType, twin: str) -> bool:
        """Whether the twin's own title may be seen: always, unless it is a person."""
        return not type_.personal or self.names(type_, twin)
