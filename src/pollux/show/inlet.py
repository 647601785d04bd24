"""The way from many requests into the log: what waits together travels as one batch of frames.

A thread of its own takes everything that is waiting, gives it to the sink, and calls the requests back once the log
has it on disk. The queue is bounded; its policy is to refuse with Overloaded, so that memory holds and whoever sends
too fast is told. The event loop never waits for the log.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, final

from pollux.columns.frames import Frames, Message, Origin
from pollux.errors import Overloaded, PolluxError, StorageFailed
from pollux.show.house import Sink

MOST_BYTES: Final = 64 << 20
MOST_MESSAGES: Final = 65_536
BATCH_MESSAGES: Final = 8_192
RETRY_AFTER: Final = 1.0

_log = logging.getLogger(__name__)


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Parcel:
    """The messages of one request, all of one sender, and whom to tell."""

    sender: Origin
    messages: Sequence[Message]
    size: int
    done: Callable[[PolluxError | None], None]


@final
class Inlet:
    """Takes messages from any thread; `accepted` and `refused` count them.

    One sender may fill a quarter of it at most, so that none keeps out the others.
    """

    def __init__(self, sink: Sink, *, most_bytes: int = MOST_BYTES, most_messages: int = MOST_MESSAGES) -> None:
        self._sink = sink
        self._most_bytes, self._most_messages = most_bytes, most_messages
        self._held: dict[Origin, tuple[int, int]] = {}
        self._waiting: list[_Parcel] = []
        self._bytes = self._messages = 0
        self._stir = threading.Condition()
        self._open = False
        self._thread: threading.Thread | None = None
        self.accepted = self.refused = 0

    def start(self) -> None:
        """Begin to take messages."""
        self._open = True
        self._thread = threading.Thread(target=self._run, name="pollux-inlet", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Give what is waiting to the sink, and end."""
        with self._stir:
            self._open = False
            self._stir.notify()
        if self._thread is not None:
            self._thread.join()

    def put(self, messages: Sequence[Message], done: Callable[[PolluxError | None], None]) -> None:
        """Queue messages of one sender; `done` is called from another thread, with None once they are durable.

        What could not be made durable is told to `done` as the reason. Raises Overloaded when too much is on its way.
        """
        size = sum(len(message.topic) + len(message.payload) for message in messages)
        parcel = _Parcel(messages[0].origin, messages, size, done)
        with self._stir:
            if not self._open or self._full(parcel):
                self.refused += len(messages)
                raise Overloaded("more telemetry is on its way than can be taken", retry_after=RETRY_AFTER)
            self._hold(parcel, 1)
            self._waiting.append(parcel)
            self._stir.notify()

    def _full(self, parcel: _Parcel) -> bool:
        messages, size = len(parcel.messages), parcel.size
        if self._messages + messages > self._most_messages or self._bytes + size > self._most_bytes:
            return True
        own = self._held.get(parcel.sender)
        if own is None:
            return False
        return 4 * (own[0] + messages) > self._most_messages or 4 * (own[1] + size) > self._most_bytes

    def _hold(self, parcel: _Parcel, sign: int) -> None:
        messages, size = sign * len(parcel.messages), sign * parcel.size
        own = self._held.get(parcel.sender, (0, 0))
        self._messages, self._bytes = self._messages + messages, self._bytes + size
        self._held[parcel.sender] = own[0] + messages, own[1] + size
        if self._held[parcel.sender] == (0, 0):
            del self._held[parcel.sender]

    async def send(self, messages: Sequence[Message]) -> None:
        """Queue messages and wait until they are durable; raises Overloaded, StorageFailed and what the sink raises."""
        await self.post(messages)

    def post(self, messages: Sequence[Message]) -> asyncio.Future[None]:
        """Queue messages in their order, from a running loop; done when they are durable. Raises Overloaded."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[None] = loop.create_future()

        def settle(error: PolluxError | None) -> None:
            if answer.done():
                return  # the client went away
            answer.set_result(None) if error is None else answer.set_exception(error)

        def done(error: PolluxError | None) -> None:
            # The loop may have been closed by a stop in between: then nobody waits for the answer any more.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, error)

        self.put(messages, done)
        return answer

    def _run(self) -> None:
        while True:
            with self._stir:
                while not self._waiting and self._open:
                    self._stir.wait()
                if not self._waiting:
                    return
                parcels = self._next()
            self._deliver(parcels)

    def _next(self) -> list[_Parcel]:
        taken, messages = 0, 0
        while taken < len(self._waiting) and (not taken or messages < BATCH_MESSAGES):
            messages += len(self._waiting[taken].messages)
            taken += 1
        parcels, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return parcels

    def _deliver(self, parcels: list[_Parcel]) -> None:
        try:
            ticket = self._sink(Frames.of(message for parcel in parcels for message in parcel.messages))
        except PolluxError as error:
            self._settle(parcels, error)
        except Exception:  # noqa: BLE001 - the thread must outlive any fault below it, and the sender is told
            _log.exception("telemetry could not be taken in")
            self._settle(parcels, StorageFailed("the telemetry could not be taken in"))
        else:
            ticket.then(self._settle, parcels, None)
            ticket.otherwise(self._settle, parcels, StorageFailed("the telemetry could not be made durable"))

    def _settle(self, parcels: list[_Parcel], error: PolluxError | None) -> None:
        messages = sum(len(parcel.messages) for parcel in parcels)
        with self._stir:
            for parcel in parcels:
                self._hold(parcel, -1)
            if error is None:
                self.accepted += messages
            else:
                self.refused += messages
        for parcel in parcels:
            parcel.done(error)
