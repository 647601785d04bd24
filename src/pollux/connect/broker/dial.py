"""What a client needs to know of its broker."""

from collections.abc import Callable
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Final, final

from pollux.connect.broker.outgoing import Parcel
from pollux.connect.wire.packets import V5, Will

PER_SUBSCRIBE: Final = 8
"""Filters in one SUBSCRIBE: AWS IoT Core takes no more."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """Where the broker is, who Pollux is to it, what is heard there, and every bound. Lengths of time are seconds.

    `level` is the protocol's, 5 or 4 for 3.1.1; where the broker does not speak 5 the client goes on with 4.
    `secret` and `context` are asked on every attempt, so that what was renewed is used. `behind_bytes` is how much may
    wait for the disk before nothing more is read.

    `clean` asks for a session that ends with the connection. `will` is what the broker tells for us when we are lost,
    asked on every attempt; `greeting` what is published each time once all subscriptions are answered.
    """

    name: str
    host: str
    port: int
    client_id: str
    filters: tuple[str, ...]
    level: int = V5
    username: str | None = None
    secret: Callable[[], bytes | None] = field(default=lambda: None, repr=False)
    context: Callable[[], SSLContext] | None = None
    qos: int = 1
    session_seconds: int = 7 * 86_400
    keep_alive: int = 60
    receive_maximum: int = 500
    packet_bytes: int = 1 << 20
    retained: bool = False
    connect_seconds: float = 10.0
    behind_bytes: int = 8 << 20
    posted: int = 1_000
    clean: bool = False
    will: Callable[[], Will | None] = field(default=lambda: None, repr=False)
    greeting: Callable[[], tuple[Parcel, ...]] = field(default=lambda: (), repr=False)
