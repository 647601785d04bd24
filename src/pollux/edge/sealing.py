"""What leaves the agent: plainly, or sealed for the site alone where a broker on the way is not trusted."""

from collections.abc import Callable
from typing import Final, TypeAlias

from pollux.guard.sealing import SealKey, seal

Wire: TypeAlias = Callable[[str, bytes], tuple[str, bytes]]
"""Topic and payload as they are told, to what is sent."""

_TYPES: Final = {"": "application/json", "binary": "application/octet-stream"}


def plainly(topic: str, payload: bytes) -> tuple[str, bytes]:
    """As it is told."""
    return topic, payload


def sealing(key: SealKey) -> Wire:
    """Seals native telemetry for its twin, each time it is sent: what waits in the queue is sealed with the key of now.

    >>> wire = sealing(SealKey(id="P-7.00000000", key="00" * 32))
    >>> wire("twins/Pump/P-7/telemetry/binary", b"PXB1")[0]
    'twins/Pump/P-7/telemetry/cose'
    """

    def wire(topic: str, payload: bytes) -> tuple[str, bytes]:
        _, type_, twin, channel, *form = topic.split("/")
        sealed = seal(payload, key=key, twin=f"{type_}/{twin}", content_type=_TYPES["".join(form)])
        return f"twins/{type_}/{twin}/{channel}/cose", sealed

    return wire
