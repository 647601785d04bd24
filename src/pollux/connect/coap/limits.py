"""Every bound of the CoAP endpoint, by name; what happens at each is in docs/reference/coap.md."""

from dataclasses import dataclass
from typing import final

from pollux.errors import SetupError


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of one endpoint. Sizes are bytes, lengths of time seconds.

    >>> Limits(peers=10).body_bytes
    1048576
    """

    datagram_bytes: int = 8_192
    turn_datagrams: int = 256
    turn_each: int = 16

    peers: int = 10_000
    peer_seconds: float = 300.0
    exchanges: int = 1_024
    exchanges_total: int = 500_000

    pending: int = 64
    pending_bytes: int = 64 << 20
    piggyback_seconds: float = 0.5
    ack_seconds: float = 2.0
    retransmissions: int = 4

    body_bytes: int = 1 << 20
    bodies: int = 256
    bodies_each: int = 2
    bodies_bytes: int = 16 << 20
    body_seconds: float = 30.0
    shown: int = 256
    shown_seconds: float = 30.0

    observers: int = 10_000
    observers_each: int = 16
    orders: int = 32
    confirm_seconds: float = 60.0
    refresh_seconds: float = 3_600.0

    sessions: int = 2_000
    session_seconds: float = 600.0
    handshakes: int = 256
    handshake_seconds: float = 15.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if getattr(self, name) <= 0:
                raise SetupError(f"expected {name} above 0, got {getattr(self, name)}", at="Limits")
        if self.piggyback_seconds >= self.ack_seconds:
            raise SetupError("expected piggyback_seconds below ack_seconds", at="Limits")
