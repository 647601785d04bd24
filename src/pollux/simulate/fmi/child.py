"""The process of an FMU: `python -m pollux.simulate.fmi.child`, started by `process`. Here its code runs, and may die.

What the FMU prints goes where standard error goes, a file that cannot grow without end; the pipes that requests and
replies use are hidden from it.
"""

import os
from pathlib import Path
from typing import Final

import numpy as np

from pollux.errors import PolluxError
from pollux.simulate.fmi.compiled import PLAIN, loops, warm
from pollux.simulate.fmi.instances import Member
from pollux.simulate.fmi.local import LocalInstances
from pollux.simulate.fmi.messages import (
    REQUESTS,
    Advance,
    Done,
    Load,
    Put,
    Read,
    Refused,
    Reply,
    Request,
    Save,
    Start,
    Warm,
    receive,
    send,
)  # fmt: skip
from pollux.simulate.fmi.plan import width
from pollux.simulate.fmi.shared import Shared

_LARGEST_FILE: Final = 256 << 20


class Service:
    """Answers requests about one FMU."""

    def __init__(self) -> None:
        self._instances: LocalInstances | None = None
        self._shared: Shared | None = None

    def answer(self, request: Request) -> Reply:
        """What comes of a request; whatever goes wrong is an answer too."""
        try:
            return self._answer(request)
        except PolluxError as error:
            return Refused(error.message, error.at, error.hint)
        except Exception as error:  # noqa: BLE001  # the other side decides what it means
            return Refused(f"expected an answer, got {type(error).__name__}: {error}")

    def _answer(self, request: Request) -> Reply:
        match request:
            case Warm(exchange):
                warm(exchange)
                self._here.use(loops())
            case Start():
                return self._start(request)
            case Put():
                self._here.put(self._memory.inputs.copy())
            case Advance(begin, h, count, True):
                return self._done(recorded=self._here.record(begin, h, count).tobytes())
            case Advance(begin, h, count):
                self._here.advance(begin, h, count)
            case Read():
                self._memory.reads[...] = self._here.read()
            case Save():
                return self._done(members=self._here.save())
            case Load(members):
                self._here.load(members)
        return self._done()

    def _start(self, request: Start) -> Reply:
        plan, members = request.plan, request.members
        self._shared = shared = Shared(Path(request.shared), width(plan.inputs), width(plan.reads), members)
        starts = np.frombuffer(request.starts, np.float64).reshape(width(plan.starts), members)
        self._instances = LocalInstances(plan, starts, shared.inputs.copy(), beat=shared.beat, with_=PLAIN)
        return self._done(complete=self._instances.can_save)

    @property
    def _here(self) -> LocalInstances:
        assert self._instances is not None  # Start comes first
        return self._instances

    @property
    def _memory(self) -> Shared:
        assert self._shared is not None
        return self._shared

    def _done(self, *, recorded: bytes = b"", members: list[Member] | None = None, complete: bool = True) -> Done:
        here = self._here
        return Done(here.statuses.tolist(), here.failed_at.tolist(), list(here.log), recorded, members or [], complete)


def serve(requests: int, replies: int) -> None:
    """Answer until nobody asks any more."""
    service = Service()
    send(replies, Done())  # so that the time it takes to start is nobody's silence
    while True:
        try:
            request = REQUESTS.decode(receive(requests))
        except EOFError:
            return
        send(replies, service.answer(request))


def main() -> None:
    """Hide the pipes, bound what may be written, and serve."""
    requests, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    _bound()
    serve(requests, replies)
    # Without the goodbyes of the interpreter, in which libraries of others tend to crash.
    os._exit(0)


def _bound() -> None:
    """No file grows beyond a limit, and no core is dumped."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
