"""One line of `pollux bench`."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True)
class Measurement:
    """A figure beside its goal and, where there is one, beside a peer measured in the same run.

    `ratio` says how many times better than the peer; it and the peer's value are None where the peer is not installed.
    """

    name: str
    value: float
    unit: str
    goal: str
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
