"""How much clients of the OPC UA server may hold: all bounded, each refusal by the status that the standard names."""

from dataclasses import asdict, dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Bounds of the server; what is beyond is refused and counted.

    `items` are monitored items of one session and `all_items` of all, `queue` the values each keeps, `unacknowledged`
    the messages of a subscription that are kept for repetition, `interval` the shortest publishing interval in
    milliseconds, `message` the bytes of a request, `chunk` those of one piece of it, `pending` the pieces that wait.
    """

    connections: int = 50
    sessions: int = 50
    subscriptions: int = 10
    items: int = 1_000
    all_items: int = 10_000
    queue: int = 10
    unacknowledged: int = 10
    interval: float = 100.0
    message: int = 1 << 20
    chunk: int = 65_535
    pending: int = 32
    twins: int = 2_000


@final
@dataclass(slots=True)
class ServerCounters:
    """Counts since the start, written by the server's thread."""

    sessions: int = 0
    entered: int = 0
    refused_identities: int = 0
    refused_channels: int = 0
    refused_sessions: int = 0
    refused_subscriptions: int = 0
    refused_items: int = 0
    refused_services: int = 0
    refused_writes: int = 0
    ended: int = 0
    reads: int = 0
    writes: int = 0
    twins_left_out: int = 0

    def asdict(self) -> dict[str, int]:
        """The counts by name.

        >>> ServerCounters(reads=2).asdict()["reads"]
        2
        """
        return asdict(self)
