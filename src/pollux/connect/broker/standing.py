"""What outlives a connection: the session that the broker keeps, seen from here."""

from dataclasses import dataclass, field
from typing import final

from pollux.connect.broker.outgoing import Outgoing


@final
@dataclass(slots=True)
class Standing:
    """`incoming` are the packet identifiers of messages at QoS 2 that the broker has not released yet.

    `level` is what the broker is known to speak, `guess` what is tried once because it said nothing to that. `weak`
    says which subscriptions it has not granted as they were asked for, by filter.
    """

    outgoing: Outgoing
    level: int
    guess: int = 0
    subscribed: bool = False
    incoming: set[int] = field(default_factory=set[int])
    weak: dict[str, str] = field(default_factory=dict[str, str])
