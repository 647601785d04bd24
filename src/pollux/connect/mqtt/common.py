"""What every part of the endpoint is given."""

from dataclasses import dataclass
from typing import final

from pollux.clock import Clock
from pollux.connect.mqtt.counters import Counters
from pollux.connect.mqtt.limits import Limits
from pollux.connect.wire.letters import Told, nobody
from pollux.connect.wire.reasons import PacketRefused, Reason
from pollux.connect.wire.rights import Doorkeeper, Rights


@final
@dataclass(frozen=True, slots=True)
class Common:
    """The bounds, the counts, the time, the gate, and who is told of messages that were not taken.

    `reticent` endpoints do not say why a subscription is refused.
    """

    limits: Limits
    counters: Counters
    clock: Clock
    gate: Doorkeeper
    rights: Rights
    told: Told = nobody
    reticent: bool = False

    def count_refusal(self, error: PacketRefused) -> None:
        """Count a packet that ends its connection."""
        counters = self.counters
        if error.reason is Reason.MALFORMED_PACKET:
            counters.malformed += 1
        elif error.reason is Reason.PACKET_TOO_LARGE:
            counters.too_large += 1
        elif error.reason is Reason.RECEIVE_MAXIMUM_EXCEEDED:
            counters.refused_receive_maximum += 1
        else:
            counters.protocol_errors += 1
