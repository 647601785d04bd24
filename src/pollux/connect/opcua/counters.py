"""What the client of an OPC UA server has counted, besides what every field driver counts."""

from dataclasses import asdict, dataclass
from typing import final


@final
@dataclass(slots=True)
class OpcuaCounters:
    """Counts since the start. Written by the client's thread only; reading from any thread is safe.

    `repeated` are values that had been told already, by their source time; `overflows` are hints of the server that
    older values were lost in its queue; `gaps` are signals that may have missed something while not connected, of which
    `gaps_filled` were read from history and `gaps_open` could not be; `ahead` are values whose source is ahead of its
    own server.
    """

    points: int = 0
    faults: int = 0
    publishes: int = 0
    repeated: int = 0
    overflows: int = 0
    ahead: int = 0
    gaps: int = 0
    gaps_filled: int = 0
    gaps_open: int = 0
    from_history: int = 0
    bad_certificates: int = 0

    def asdict(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)
