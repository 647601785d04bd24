"""The trace of one device: the way of its data, step by step, with what each step knows."""

from typing import Literal

from msgspec import Struct

from pollux.show.documents.alarms import Fault
from pollux.show.documents.common import QualityWord

Stand = Literal["ok", "broken", "unknown"]


class Step(Struct, frozen=True, kw_only=True):
    """One step of the way; `delay` is what it takes, in seconds, where that is known."""

    key: Literal["account", "connected", "received", "mapped", "decoded", "believed", "durable", "shown"]
    label: str
    state: Stand
    text: str
    hint: str | None
    delay: float | None


class Certificate(Struct, frozen=True, kw_only=True):
    """A certificate of the device's account."""

    serial: str
    expires: float
    state: Literal["valid", "expired", "revoked"]


class Account(Struct, frozen=True, kw_only=True):
    """The device's account; it holds no secret."""

    kind: str
    disabled: bool
    tokens: int
    certificates: tuple[Certificate, ...]
    twins: tuple[str, ...]


class Connection(Struct, frozen=True, kw_only=True):
    """An open connection of the device."""

    protocol: str
    address: str
    client: str
    since: float
    heard: float
    bytes_in: int
    bytes_out: int


class Attempt(Struct, frozen=True, kw_only=True):
    """An attempt to come in that failed."""

    t: float
    client: str
    address: str
    why: str


class HeardValue(Struct, frozen=True, kw_only=True):
    """One value of a message, as it was taken."""

    field: str
    value: float | None
    unit: str
    t: float
    quality: QualityWord
    reason: str | None


class Heard(Struct, frozen=True, kw_only=True):
    """The newest message that brought a twin something; `excerpt` is its beginning."""

    twin: str
    device: str
    t: float
    topic: str
    size: int
    excerpt: str
    values: tuple[HeardValue, ...]


class Spoken(Struct, frozen=True, kw_only=True):
    """A twin that the device speaks for."""

    twin: str
    heard: float | None
    messages: int
    online: bool
    text: str


class Trace(Struct, frozen=True, kw_only=True):
    """Why the data of a device do or do not arrive.

    `verdict` says it in one sentence. `attempts` are the newest under the device's name, `unnamed` those of nobody
    knows whom, such as handshakes that failed; `twins` the first that the device speaks for, `more` how many others
    there are.
    """

    device: str
    at: float
    verdict: str
    arrives: bool
    steps: tuple[Step, ...]
    account: Account | None
    connections: tuple[Connection, ...]
    attempts: tuple[Attempt, ...]
    unnamed: tuple[Attempt, ...]
    twins: tuple[Spoken, ...]
    more: int
    heard: tuple[Heard, ...]
    faults: tuple[Fault, ...]
