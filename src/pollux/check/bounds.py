"""How much a device may say, and which times are possible."""

from dataclasses import dataclass
from typing import final

from pollux.clock import MINUTE, instant


@final
@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits that decoding holds, so that no sender can exhaust memory or bend time.

    `payload` bytes and `samples` per frame, `text` characters per fact, `twins` per type, `topics` remembered. An event
    time before `earliest`, or more than `ahead` nanoseconds after the arrival of its frame, cannot be right.
    """

    payload: int = 1 << 20
    samples: int = 200_000
    text: int = 4096
    twins: int = 1_000_000
    topics: int = 4_000_000
    earliest: int = instant("1990-01-01T00:00:00Z")
    ahead: int = 10 * MINUTE
