"""Every bound of the MQTT endpoint, by name; what happens at each is in docs/reference/mqtt.md."""

from dataclasses import dataclass
from typing import final

from pollux.errors import SetupError


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of one endpoint. Sizes are bytes, lengths of time seconds.

    >>> Limits(connections=10).keep_alive
    3600
    """

    connections: int = 10_000
    unauthenticated: int = 1_000
    connect_seconds: float = 10.0
    connect_bytes: int = 70_000
    client_id_bytes: int = 256
    keep_alive: int = 3_600

    packet_bytes: int = 1 << 20
    packet_seconds: float = 30.0
    held_bytes: int = 64 << 20
    topic_bytes: int = 512
    topic_levels: int = 16
    topic_aliases: int = 32

    arena_bytes: int = 16 << 20
    read_bytes: int = 64 << 10
    behind_bytes: int = 2 << 20
    behind_total: int = 128 << 20
    receive_maximum: int = 2_000

    sessions: int = 10_000
    session_seconds: int = 86_400
    kept_bytes: int = 256 << 20

    subscriptions: int = 200
    window: int = 100
    waiting: int = 2_000
    outgoing_bytes: int = 2 << 20
    stalled_seconds: float = 60.0
    redeliver_seconds: float = 20.0

    retained: int = 250_000
    retained_bytes: int = 256 << 20
    posted: int = 100_000

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if getattr(self, name) <= 0:
                raise SetupError(f"expected {name} above 0, got {getattr(self, name)}", at="Limits")
        if self.arena_bytes < 2 * (self.packet_bytes + self.read_bytes):
            least = 2 * (self.packet_bytes + self.read_bytes)
            raise SetupError(f"expected arena_bytes of at least {least} for these packets", at="Limits")
        if self.receive_maximum > 65_535 or self.keep_alive > 65_535 or self.topic_bytes > 65_535:
            raise SetupError("expected receive_maximum, keep_alive and topic_bytes of at most 65535", at="Limits")
