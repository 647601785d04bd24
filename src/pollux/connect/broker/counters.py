"""What a client of a broker has counted."""

from dataclasses import asdict, dataclass
from typing import final


@final
@dataclass(slots=True)
class Counters:
    """Counts since the start. Written by the client's thread only; reading from any thread is safe.

    >>> Counters(received=2).asdict()["received"]
    2
    """

    connects: int = 0
    failed_connects: int = 0
    lost_connections: int = 0
    fallbacks: int = 0
    resumed: int = 0
    lost_sessions: int = 0
    refused_subscriptions: int = 0
    weaker_subscriptions: int = 0

    malformed: int = 0
    protocol_errors: int = 0
    too_large: int = 0
    over_receive_maximum: int = 0
    timeout_keep_alive: int = 0
    internal_errors: int = 0

    received: int = 0
    received_bytes: int = 0
    batches: int = 0
    acknowledged: int = 0
    refused: int = 0
    refused_data: int = 0
    retained: int = 0
    repeated_qos2: int = 0
    paused: int = 0

    published: int = 0
    confirmed: int = 0
    redelivered: int = 0
    expired: int = 0
    refused_posted: int = 0
    refused_publish: int = 0
    lost_publish: int = 0

    def asdict(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)
