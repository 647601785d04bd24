"""What every field driver has counted."""

from dataclasses import asdict, dataclass
from typing import final


@final
@dataclass(slots=True)
class FieldCounters:
    """Counts since the start. Written by the driver's thread only; reading from any thread is safe.

    >>> FieldCounters(values=2).asdict()["values"]
    2
    """

    connects: int = 0
    failed_connects: int = 0
    lost_connections: int = 0

    values: int = 0
    frames: int = 0
    beats: int = 0
    waited: int = 0
    dropped: int = 0
    refused_data: int = 0

    orders: int = 0
    orders_done: int = 0
    orders_failed: int = 0
    orders_rejected: int = 0

    def asdict(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)
