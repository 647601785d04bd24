"""What every part of the endpoint is given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from pollux.clock import Clock
from pollux.columns.batch import Refusal
from pollux.columns.frames import Origin
from pollux.columns.quality import Reason
from pollux.connect.coap.codes import CoapError, Code
from pollux.connect.coap.counters import Counters
from pollux.connect.coap.limits import Limits
from pollux.connect.coap.rights import Rights
from pollux.guard import Identity

Read = Callable[[str], bytes | None]
"""The state of a twin `type/id` as a JSON document; None where there is none."""

Told = Callable[[Refusal], None]

Shaken = Callable[[str, str], None]
"""Address and reason of a handshake that failed."""

_NO_FRAME: Final = -1
_EXCERPT: Final = 256


def nobody(refusal: Refusal) -> None:
    """Tell nobody."""


def unheard(address: str, why: str) -> None:
    """Tell nobody."""


@final
@dataclass(frozen=True, slots=True)
class Around:
    """The bounds, the counts, the time, who may what, what twins are like, and who hears of what was not taken."""

    limits: Limits
    counters: Counters
    clock: Clock
    rights: Rights
    read: Read
    told: Told = nobody
    shaken: Shaken = unheard

    def tell(self, identity: Identity, reason: Reason, detail: str, topic: str, payload: bytes) -> None:
        """Say why a message was not taken."""
        origin = Origin(identity.tenant, identity.name, identity.subject)
        now, said = self.clock.now(), payload[:_EXCERPT]
        self.told(Refusal.of(_NO_FRAME, now, origin, reason, detail, topic=topic.encode(), payload=said))


def absent() -> CoapError:
    """4.04: for what is not there and for what is not allowed."""
    return CoapError(Code.NOT_FOUND, "there is nothing here for you")


def wrong_method() -> CoapError:
    """4.05, for a resource that may be used in another way."""
    return CoapError(Code.METHOD_NOT_ALLOWED, "this is not done here")
