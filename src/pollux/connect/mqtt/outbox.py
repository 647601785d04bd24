"""What is on its way to one client at QoS 1 and 2: waiting, sent and not confirmed, and to be sent once more."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import final

from pollux.connect.mqtt.counters import Counters
from pollux.connect.mqtt.limits import Limits
from pollux.connect.mqtt.message import Message


@final
@dataclass(slots=True, eq=False)
class Parcel:
    """A message for one client; `released` once the client has said PUBREC, `at` when it was last sent.

    `place` is where it stands in the log, 0 where it does not.
    """

    message: Message
    qos: int
    retain: bool
    ids: tuple[int, ...]
    at: int = 0
    released: bool = False
    place: int = 0


@final
class Outbox:
    """Messages in their order, each under one packet identifier until the client has confirmed it.

    At most `window` are unconfirmed on a connection. What was not confirmed when a connection ended is sent again on
    the next one, first and under its old identifier; what may not be kept for the absent is forgotten. `doubtful` is
    how many identifiers may be open at the client although nothing is known of them here, as after a crash.
    """

    def __init__(self, limits: Limits, counters: Counters) -> None:
        self._limits, self._counters = limits, counters
        self._window = limits.window
        self._waiting: deque[Parcel] = deque()
        self._waiting_bytes = self._sent_bytes = self._last_id = 0
        self._sent: dict[int, Parcel] = {}
        self._again: deque[int] = deque()
        self._named = self.doubtful = 0

    @property
    def bytes(self) -> int:
        """What waits and what is unconfirmed, in bytes."""
        return self._waiting_bytes + self._sent_bytes

    @property
    def has_room(self) -> bool:
        """Whether what waits is within its bounds."""
        return len(self._waiting) <= self._limits.waiting and self._waiting_bytes <= self._limits.outgoing_bytes

    @property
    def idle_window(self) -> bool:
        """Whether the client may be sent one more."""
        return len(self._sent) - len(self._again) < self._window

    @property
    def ready(self) -> bool:
        """Whether there is something to send, and it may be sent."""
        return bool(self._again or self._waiting) and self.idle_window

    # -- connections --------------------------------------------------------------------------------------------------

    def open(self, window: int) -> None:
        """A connection has begun: what is unconfirmed goes first."""
        self._window = window
        self._again = deque(self._sent)

    def part(self) -> None:
        """The connection has ended: forget what is for those only who are there."""
        before = len(self._sent) + len(self._waiting)
        self.keep_only(lambda message: not message.fleeting)
        self._counters.not_kept += before - len(self._sent) - len(self._waiting)
        self._again.clear()

    def keep_only(self, may: Callable[[Message], bool]) -> int:
        """Forget what the client may not have any more: how many that were. What it has received is still released."""
        sent = self._sent.items()
        hidden = [packet_id for packet_id, parcel in sent if not parcel.released and not may(parcel.message)]
        for packet_id in hidden:
            self.forget(packet_id)
        kept = [parcel for parcel in self._waiting if may(parcel.message)]
        gone = len(self._waiting) - len(kept)
        self._waiting = deque(kept)
        self._waiting_bytes = sum(len(parcel.message) for parcel in kept)
        return len(hidden) + gone

    # -- in and out ---------------------------------------------------------------------------------------------------

    def add(self, parcel: Parcel) -> None:
        """Queue a message."""
        self._waiting.append(parcel)
        self._waiting_bytes += len(parcel.message)
        self._named += bool(parcel.message.ref)

    def drop_oldest(self) -> int:
        """Let the oldest message that waits go: its bytes, 0 where none waits."""
        if not self._waiting:
            return 0
        size = len(self._waiting.popleft().message)
        self._waiting_bytes -= size
        self._counters.dropped_oldest_kept += 1
        return size

    def take(self, now: int) -> tuple[int, Parcel, bool] | None:
        """The next to send, with its identifier, and whether it was sent before; None if it has expired."""
        if self._again:
            packet_id = self._again.popleft()
            parcel = self._sent[packet_id]
            parcel.at = now
            return packet_id, parcel, True
        parcel = self._waiting.popleft()
        self._waiting_bytes -= len(parcel.message)
        if parcel.message.expires and parcel.message.expires <= now:
            self._counters.expired += 1
            return None
        packet_id = self._free_id()
        parcel.at = now
        self._sent[packet_id] = parcel
        self._sent_bytes += len(parcel.message)
        return packet_id, parcel, False

    def overdue(self, now: int, patience: int) -> Iterator[tuple[int, Parcel]]:
        """What was sent on this connection more than `patience` ago and is not confirmed; it counts as sent now."""
        later = set(self._again)
        for packet_id, parcel in self._sent.items():
            if packet_id not in later and now - parcel.at > patience:
                parcel.at = now
                yield packet_id, parcel

    def doubts(self) -> bool:
        """Whether the identifier that was just given may be open at the client: each is asked for once."""
        if not self.doubtful:
            return False
        self.doubtful -= 1
        return True

    # -- through a restart --------------------------------------------------------------------------------------------

    @property
    def mark(self) -> tuple[int, ...]:
        """Something that changes whenever more was sent or confirmed, or queued by name.

        What else was queued, or gave way, need not be written down: it is found again from where the log was then.
        """
        return self._last_id, len(self._sent), next(iter(self._sent), 0), self._named

    @property
    def last_id(self) -> int:
        """The identifier that was given last."""
        return self._last_id

    @property
    def sent(self) -> dict[int, Parcel]:
        """What is unconfirmed, by identifier."""
        return self._sent

    def places(self) -> list[int]:
        """Where what waits stands in the log."""
        return [parcel.place for parcel in self._waiting if parcel.place]

    def named(self) -> list[Parcel]:
        """What waits and is not in the log, but known by name to whoever published it."""
        return [parcel for parcel in self._waiting if parcel.message.ref] if self._named else []

    def restore(self, sent: dict[int, Parcel], last_id: int) -> None:
        """What was unconfirmed before a restart, in its order."""
        self._sent, self._last_id = sent, last_id
        self._sent_bytes = sum(len(parcel.message) for parcel in sent.values())

    # -- what the client says -----------------------------------------------------------------------------------------

    def confirm(self, packet_id: int, *, qos: int) -> bool:
        """The client has a message for good: PUBACK at QoS 1, PUBCOMP at QoS 2. False if it was not on its way."""
        parcel = self._sent.get(packet_id)
        if parcel is None or parcel.qos != qos or (qos == 2 and not parcel.released):
            return False
        self.forget(packet_id)
        return True

    def release(self, packet_id: int) -> bool:
        """The client has received a message of QoS 2 (PUBREC): only its identifier is still open. False if unknown."""
        parcel = self._sent.get(packet_id)
        if parcel is None or parcel.qos != 2:
            return False
        parcel.released = True
        return True

    def forget(self, packet_id: int) -> None:
        """A message is not on its way any more."""
        parcel = self._sent.pop(packet_id, None)
        self._sent_bytes -= len(parcel.message) if parcel else 0
        if packet_id in self._again:
            self._again.remove(packet_id)

    def _free_id(self) -> int:
        # The window is far below 65,535, so a free identifier is near.
        while True:
            self._last_id = self._last_id % 65_535 + 1
            if self._last_id not in self._sent:
                return self._last_id
