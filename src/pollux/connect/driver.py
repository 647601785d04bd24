"""What a driver is: it hears a protocol, hands over Frames, and acknowledges when they are durable."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

from pollux.columns.frames import Frames


class TicketLike(Protocol):
    """The promise that a batch will be durable."""

    def then(self, callback: Callable[..., object], *args: object) -> object:
        """Call `callback(*args)` once the batch is durable, from any thread; never if it is not."""


Sink = Callable[[Frames], TicketLike]


class AbstractDriver(ABC):
    """Acknowledged and ordered: what a driver has acknowledged was durable, and each device's order is kept.

    A driver is given a `sink` when it is made. It calls the sink from its own thread, one batch after the other, and
    acknowledges a message to its device only when the ticket of its batch says so. What the device may not send is
    never handed over. A sink that raises ends acceptance: nothing more is acknowledged.
    """

    @abstractmethod
    def start(self) -> None:
        """Begin to listen; returns when devices can connect. Raises SetupError when that is not possible."""

    @abstractmethod
    def stop(self) -> None:
        """Hear no more, acknowledge what becomes durable in a moment, say goodbye, and end all threads."""

    @property
    @abstractmethod
    def counters(self) -> dict[str, int]:
        """What has been counted since the start, by name: every loss and every refusal has one."""
