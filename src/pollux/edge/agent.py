"""The agent at work: a thread for each source, one that summarises, one that forwards."""

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self, final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pollux.clock import Clock, stopwatch
from pollux.edge.address import Address
from pollux.edge.driving import Driven, Driving
from pollux.edge.feeder import Feeder
from pollux.edge.link import Link
from pollux.edge.orders import Orders
from pollux.edge.queue import Queue
from pollux.edge.reading import Reading
from pollux.edge.sealing import Wire, plainly
from pollux.edge.stream import Stream
from pollux.edge.telling import summary
from pollux.errors import PolluxError, StorageFailed

ROUND: Final = 0.25
KEEPALIVE: Final = 30


@final
@dataclass(frozen=True, slots=True)
class Standing:
    """How an agent stands: samples since it was opened, messages of its queue, and what troubles it now.

    `doubted` is by the name of the reason. `dropped` counts messages that gave way to the bound of the disk, ever, and
    `damaged` files in which bytes had changed.
    """

    taken: int
    missed: int
    unread: int
    late: int
    doubted: dict[str, int]
    sent: int
    bytes: int
    waiting: int
    dropped: int
    refused: int
    damaged: int
    troubles: tuple[str, ...]

    def __str__(self) -> str:
        doubts = ", ".join(f"{name.lower()} {count}" for name, count in sorted(self.doubted.items()))
        parts = [
            f"samples {self.taken}, missed {self.missed}, unread {self.unread}, late {self.late}",
            f"doubted {sum(self.doubted.values())}" + (f" ({doubts})" if doubts else ""),
            f"messages sent {self.sent} ({self.bytes} bytes), waiting {self.waiting}, dropped {self.dropped}, "
            f"refused {self.refused}",
            *self.troubles,
        ]
        return "; ".join(parts)


@final
class Agent:
    """An open edge agent; leaving it, or `close`, ends it. Whatever it had taken is on disk, and told after the next
    start.
    """

    def __init__(
        self,
        name: str,
        address: Address,
        readings: Sequence[Reading],
        driven: Sequence[Driven],
        folder: Path,
        *,
        budget: int,
        clock: Clock,
        wire: Wire = plainly,
        signers: Sequence[Ed25519PublicKey] = (),
    ) -> None:
        self._closing = ExitStack()
        self._over, self._wake = threading.Event(), threading.Event()
        self._failure: PolluxError | None = None
        try:
            self._queue = Queue(folder / "queue", budget=budget)
            self._closing.callback(self._queue.close)
            self._streams: list[Stream] = []
            for reading in readings:
                self._streams.append(Stream(reading, self._queue, folder, clock))
                self._closing.callback(self._streams[-1].close)
            self._drivings = [Driving(one, clock, self._teller(one, clock)) for one in driven]
            self._begin(name, address, clock, wire, signers)
        except BaseException:
            self._closing.close()
            raise

    def _begin(
        self, name: str, address: Address, clock: Clock, wire: Wire, signers: Sequence[Ed25519PublicKey]
    ) -> None:
        orders = Orders(self._streams, self._drivings, clock, signers)
        keepalive = min((one.driven.keepalive for one in self._drivings), default=KEEPALIVE)
        self._link = Link(
            self._queue, address, name, topics=orders.topics, hear=orders.hear, keepalive=keepalive, wire=wire
        )
        self._feeders = [self._fed(stream, clock) for stream in self._streams]
        self._thread = threading.Thread(target=self._run, name="pollux-edge", daemon=True)
        self._thread.start()
        self._closing.callback(self._thread.join)
        self._closing.callback(self._wake.set)
        self._closing.callback(self._over.set)
        for driving in self._drivings:
            self._closing.callback(driving.end)
        self._link.start()
        self._closing.callback(self._link.stop)
        for feeder, stream in zip(self._feeders, self._streams, strict=True):
            feeder.start(after=stream.newest)
            self._closing.callback(feeder.stop)

    def _fed(self, stream: Stream, clock: Clock) -> Feeder:
        reading = stream.reading
        return Feeder(reading.source, reading.signals, clock=clock, wake=self._wake.set, name=reading.twin)

    @property
    def standing(self) -> Standing:
        """How it stands."""
        streams, link = self._streams, self._link
        doubted: dict[str, int] = {}
        for stream in streams:
            for reason, count in list(stream.doubted.items()):
                doubted[reason.name] = doubted.get(reason.name, 0) + count
        troubles = [feeder.trouble for feeder in self._feeders] + [link.trouble]
        return Standing(
            taken=sum(one.taken for one in streams),
            missed=sum(one.missed for one in streams),
            unread=sum(one.unread for one in streams),
            late=sum(one.late for one in streams),
            doubted=doubted,
            sent=link.sent,
            bytes=link.bytes,
            waiting=self._queue.waiting,
            dropped=sum(self._queue.dropped.values()),
            refused=link.refused,
            damaged=self._queue.damaged,
            troubles=tuple(one for one in troubles if one),
        )

    def wait(self, seconds: float | None = None) -> None:
        """Wait until it is closed, or for so long; raises StorageError where the disk has failed meanwhile."""
        self._over.wait(seconds)
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """End: sources first, then the link; nothing happens the second time."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                self._wake.wait(ROUND)
                self._wake.clear()
                self._turn()
            self._turn()
        except PolluxError as error:
            self._failure = error
        except Exception as error:  # noqa: BLE001  whoever waits is told
            self._failure = StorageFailed(f"expected the agent to go on, got: {error!r}")
        finally:
            self._over.set()

    def _turn(self) -> None:
        for feeder, stream in zip(self._feeders, self._streams, strict=True):
            for samples in feeder.take():
                stream.take(samples)
            stream.tick()
        for driving in self._drivings:
            driving.watch(stopwatch() - self._link.heard)
        self._link.wake()

    def _teller(self, driven: Driven, clock: Clock) -> Callable[[dict[str, float]], None]:
        """Tells the twin what was set, now."""

        def tell(told: dict[str, float]) -> None:
            at = clock.now()
            self._queue.put(
                "summary",
                twin=driven.twin,
                stream=f"{driven.twin} set",
                until=at,
                topic=f"twins/{driven.twin}/telemetry",
                payload=lambda seq, boot: summary(told, at=at, seq=seq, boot=boot),
            )

        return tell
