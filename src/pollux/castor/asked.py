"""Requests to measure that emulated devices obey: read at once, sent through the door, then said to be done."""

import logging
import threading
from collections.abc import Callable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from typing import Final, final

from pollux.act import checked
from pollux.castor.speaker import Command, State
from pollux.clock import Clock
from pollux.errors import PolluxError
from pollux.model.schema import Schema

_REPORT: Final = logging.getLogger("pollux.castor")

WAITING: Final = 100
"""Requests that wait for a reading; further ones are rejected."""

Measure = Callable[[int, Sequence[str]], str]
"""Number of the device and the signals in; read and acknowledged, why not, or nothing, out."""

Tell = Callable[[int, str, State, str], None]
"""Number of the device, id of the command, what has become of it, and why."""


@final
class Requests:
    """The requests to measure that devices accepted, obeyed one after the other.

    They have a thread of their own: that of the voices must hear the acknowledgement for which a reading waits.
    """

    def __init__(self, schema: Schema, measured: Set[str], clock: Clock, *, measure: Measure, tell: Tell) -> None:
        self._schema = schema
        self._measured = measured
        self._clock = clock
        self._measure = measure
        self._tell = tell
        self._room = threading.Semaphore(WAITING)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pollux-measure")

    def takes(self, name: str) -> bool:
        """Whether a command of that name asks for a measurement."""
        declared = self._schema.commands.get(name)
        return declared is not None and declared.measures

    def answer(self, member: int, command: Command) -> tuple[State, str]:
        """What a device says at once; called in the thread of the devices' voices."""
        try:
            if command.late(self._clock.now()):
                return "rejected", "it came after its expiry"
            names = self._named(command)
        except PolluxError as error:
            return "rejected", str(error)
        missing = [name for name in names if name not in self._measured]
        if missing or not names:
            return "rejected", f"expected a signal that is measured here, got {', '.join(missing) or 'none'}"
        if not self._room.acquire(blocking=False):
            return "rejected", "too many requests wait"
        self._thread.submit(self._obeyed, member, command.id, names)
        return "accepted", ""

    def stop(self) -> None:
        """Obey no more; returns when the reading that is being taken is over."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _named(self, command: Command) -> list[str]:
        """The signals among the words of a request; raises OrderRefused for words that are not declared."""
        words = checked(self._schema.commands[command.name], command.params)
        return [word for _, word in words if isinstance(word, str) and word in self._schema.index]

    def _obeyed(self, member: int, command: str, names: Sequence[str]) -> None:
        self._room.release()
        try:
            reason = self._measure(member, names)
        except PolluxError as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001 - told to whoever asked
            _REPORT.exception("an emulated device could not measure")
            reason = str(error)
        self._tell(member, command, "failed" if reason else "done", reason)
