"""Refused messages: who sent what that was not taken, and why; so that nobody asks where the data are."""

from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, final

from pollux.columns.batch import Refusal
from pollux.columns.quality import Reason

DEVICES: Final = 10_000
"""Devices whose refusals are counted one by one."""

Sender = tuple[str, str]


@final
class Refused:
    """The newest refusals, and counts of all per device and reason; memory is bounded.

    The oldest refusal goes when there are more than `capacity`; beyond DEVICES the device that was refused longest ago
    is counted no more by itself, only in `total` and `forgotten`.

    >>> refused = Refused(capacity=100)
    >>> refused.total
    0
    """

    __slots__ = ("_by_device", "_newest", "forgotten", "total")

    def __init__(self, *, capacity: int = 10_000) -> None:
        self._newest: deque[Refusal] = deque(maxlen=capacity)
        self._by_device: OrderedDict[Sender, Counter[Reason]] = OrderedDict()
        self.total = 0
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._newest)

    def add(self, refusals: Iterable[Refusal]) -> None:
        """Keep refusals, in their order."""
        for refusal in refusals:
            sender = (refusal.origin.tenant, refusal.origin.device)
            self._newest.append(refusal)
            self._by_device.setdefault(sender, Counter())[refusal.reason] += 1
            self._by_device.move_to_end(sender)
            self.total += 1
            if len(self._by_device) > DEVICES:
                self.forgotten += self._by_device.popitem(last=False)[1].total()

    def newest(self, *, tenant: str, device: str | None = None, topic: str | None = None) -> Iterator[Refusal]:
        """The refusals of a tenant, newest first; of one device or one topic if told."""
        return (
            refusal
            for refusal in reversed(self._newest)
            if refusal.origin.tenant == tenant
            and device in (None, refusal.origin.device)
            and topic in (None, refusal.topic)
        )

    def counts(self, *, tenant: str) -> Mapping[str, Mapping[Reason, int]]:
        """How often each device of a tenant was refused, and why."""
        return {device: dict(count) for (owner, device), count in self._by_device.items() if owner == tenant}
