"""What a site tells of one device: the facts from which it is said why its data do or do not arrive."""

from dataclasses import dataclass
from typing import Protocol, final

from pollux.columns.batch import Refusal
from pollux.columns.quality import Quality, Reason
from pollux.guard import Attempt


@final
@dataclass(frozen=True, slots=True)
class CertificateFact:
    """A certificate in an account's record; times in nanoseconds UTC, `ended` where it was revoked, `soon` where it
    must be renewed."""

    serial: str
    expires: int
    ended: int | None
    soon: bool = False


@final
@dataclass(frozen=True, slots=True)
class AccountFact:
    """How a device proves itself: what its account has, and for which twins it may speak."""

    kind: str
    disabled: bool
    tokens: int
    certificates: tuple[CertificateFact, ...]
    twins: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class LineFact:
    """An open connection of the device."""

    protocol: str
    address: str
    client: str
    since: int
    heard: int
    bytes_in: int
    bytes_out: int


@final
@dataclass(frozen=True, slots=True)
class ValueFact:
    """One value of a message, in the declared unit, as it was taken."""

    field: str
    value: float
    unit: str
    t: int
    quality: Quality
    reason: Reason


@final
@dataclass(frozen=True, slots=True)
class HeardFact:
    """The newest message that brought a twin something: its beginning, and what was made of it."""

    twin: str
    device: str
    arrival: int
    topic: str
    size: int
    excerpt: str
    values: tuple[ValueFact, ...]


@final
@dataclass(frozen=True, slots=True)
class SpokenFact:
    """A twin that the device speaks for: when it was heard, how many messages came, and whether it is heard now."""

    twin: str
    personal: bool
    heard: int
    messages: int
    online: bool
    text: str


@final
@dataclass(frozen=True, slots=True)
class TraceFact:
    """Everything that is known of the way from a device to its twins.

    `twins` are the first of those that it speaks for, `more` how many there are beside them; `failed` is how many
    attempts under its name were refused, `refused` how many of its messages; `synced` are the 50 % and 95 % quantiles
    of the time from the pipe to the disk, in seconds, None while nothing was written.
    """

    device: str
    account: AccountFact | None
    lines: tuple[LineFact, ...]
    failed: int
    attempts: tuple[Attempt, ...]
    nameless: tuple[Attempt, ...]
    twins: tuple[SpokenFact, ...]
    more: int
    heard: tuple[HeardFact, ...]
    refused: int
    refusals: tuple[Refusal, ...]
    synced: tuple[float, float] | None


class Tracing(Protocol):
    """Follows devices."""

    def of(self, device: str) -> TraceFact | None:
        """What is known of a device; None for a name that nobody has and nobody used."""
