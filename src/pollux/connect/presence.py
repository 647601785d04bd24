"""Who is there: what every driver tells of whom it hears."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True)
class Presence:
    """Who is connected: since when, and when something was last heard (nanoseconds UTC)."""

    tenant: str
    name: str
    kind: str
    client_id: str
    address: str
    protocol: str
    since: int
    heard: int
    bytes_in: int
    bytes_out: int
