"""What the endpoint has counted. Every message that is not delivered and every client that is put out is in here."""

from dataclasses import asdict, dataclass
from typing import final


@final
@dataclass(slots=True)
class Counters:
    """Counts since the start. Written by the endpoint's thread only; reading from any thread is safe.

    >>> Counters(received=2).asdict()["received"]
    2
    """

    opened: int = 0
    closed: int = 0
    admitted: int = 0
    refused_full: int = 0
    refused_descriptors: int = 0
    refused_credentials: int = 0
    refused_connect: int = 0
    dropped_unauthenticated: int = 0
    timeout_connect: int = 0
    timeout_keep_alive: int = 0
    timeout_packet: int = 0
    timeout_stalled: int = 0
    taken_over: int = 0
    ended_identity: int = 0
    resumed: int = 0
    expired_sessions: int = 0
    dropped_sessions: int = 0
    restored_sessions: int = 0
    unreadable_sessions: int = 0
    unwritten_sessions: int = 0

    malformed: int = 0
    protocol_errors: int = 0
    too_large: int = 0
    refused_receive_maximum: int = 0
    refused_held: int = 0
    internal_errors: int = 0

    received: int = 0
    received_bytes: int = 0
    batches: int = 0
    acknowledged: int = 0
    denied: int = 0
    refused_payload: int = 0
    refused_data: int = 0
    paused: int = 0
    paused_all: int = 0
    wills: int = 0
    repeated_qos2: int = 0

    published: int = 0
    refused_posted: int = 0
    delivered_qos0: int = 0
    delivered_qos1: int = 0
    confirmed_qos1: int = 0
    delivered_qos2: int = 0
    confirmed_qos2: int = 0
    redelivered: int = 0
    hidden: int = 0
    expired: int = 0
    dropped_oldest_qos0: int = 0
    dropped_oldest_kept: int = 0
    dropped_too_large: int = 0
    not_kept: int = 0
    recalled: int = 0
    disconnected_slow: int = 0
    refused_subscriptions: int = 0
    refused_retained: int = 0

    def asdict(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)
