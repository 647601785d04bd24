"""What the endpoint has counted: every datagram that is not served and every loss is in here."""

from dataclasses import asdict, dataclass
from typing import final


@final
@dataclass(slots=True)
class Counters:
    """Counts since the start. Written by the endpoint's thread only; reading from any thread is safe.

    >>> Counters(heard=2).asdict()["heard"]
    2
    """

    heard: int = 0
    malformed: int = 0
    too_large: int = 0
    dropped_flood: int = 0
    refused_address: int = 0
    unsent: int = 0
    internal_errors: int = 0

    requests: int = 0
    repeated: int = 0
    resets: int = 0
    separate: int = 0
    retransmitted: int = 0
    unconfirmed: int = 0
    dropped_peers: int = 0

    received: int = 0
    received_bytes: int = 0
    batches: int = 0
    acknowledged: int = 0
    refused: int = 0
    refused_credentials: int = 0
    denied: int = 0
    refused_payload: int = 0
    refused_busy: int = 0
    refused_full: int = 0
    refused_data: int = 0

    observed: int = 0
    refused_observers: int = 0
    ended_identity: int = 0
    notified: int = 0
    coalesced: int = 0
    dropped_orders: int = 0
    expired: int = 0

    hellos: int = 0
    handshakes: int = 0
    refused_dtls: int = 0
    timeout_handshake: int = 0
    dropped_handshakes: int = 0
    dropped_sessions: int = 0
    expired_sessions: int = 0

    def asdict(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)
