"""Instances in a process of their own: what their code does to itself, it does not do to us."""

from collections.abc import Sequence
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64
from pollux.simulate.fmi.instances import AbstractInstances, Member, Statuses
from pollux.simulate.fmi.messages import Advance, Done, Load, Put, Read, Request, Save, Start, Warm
from pollux.simulate.fmi.plan import Plan, width
from pollux.simulate.fmi.process import Process
from pollux.simulate.fmi.shared import Shared
from pollux.simulate.kernels.cache import numba_version

_WARMING: Final = 300.0
"""Seconds for the loops to be compiled, once on a machine."""
_WORTH: Final = 20_000
"""After so many steps of members the compiled loops pay for the second that it takes to load them."""
_TRIP: Final = 8 << 20
"""Bytes of what is recorded that travel at once."""


@final
class RemoteInstances(AbstractInstances):
    """See `AbstractInstances`; one process for all of them."""

    def __init__(
        self, plan: Plan, starts: F64, inputs: F64, *, timeout: float = 60.0, environment: Sequence[str] = ()
    ) -> None:
        self._members = inputs.shape[1]
        self._reads = width(plan.reads)
        self._process = Process(plan.identifier, timeout=timeout, environment=environment)
        path = self._process.folder / "shared"
        self._shared = Shared.make(path, width(plan.inputs), self._reads, self._members)
        self._shared.inputs[...] = inputs
        self._exchange = plan.exchange
        self._steps: int | None = 0 if numba_version() else None
        self._last = Done()
        self._broken = False
        self._ask(Start(plan, self._members, np.ascontiguousarray(starts).tobytes(), str(path)))
        self.can_save: bool = self._last.complete

    @property
    def members(self) -> int:
        return int(self._members)

    @property
    def usable(self) -> bool:
        return not self._process.ended and not self._broken

    @property
    def statuses(self) -> Statuses:
        return np.array(self._last.statuses, np.int64)

    @property
    def failed_at(self) -> F64:
        return np.array(self._last.failed_at)

    @property
    def log(self) -> tuple[str, ...]:
        return tuple(self._last.log)

    def put(self, inputs: F64) -> None:
        self._shared.inputs[...] = inputs
        self._ask(Put())

    def advance(self, begin: float, h: float, count: int) -> None:
        self._hurry(count)
        self._ask(Advance(begin, h, count, record=False))

    def record(self, begin: float, h: float, count: int) -> F64:
        self._hurry(count)
        found = np.empty((self._reads, count, self._members))
        at_once = max(1, _TRIP // max(8, 8 * self._reads * self._members))
        for first in range(0, count, at_once):
            part = found[:, first : first + at_once]
            told = self._ask(Advance(begin + first * h, h, part.shape[1], record=True)).recorded
            part[...] = np.frombuffer(told, np.float64).reshape(part.shape)
        return found

    def read(self) -> F64:
        self._ask(Read())
        return self._shared.reads.copy()

    def save(self) -> list[Member]:
        return self._ask(Save()).members

    def load(self, members: Sequence[Member]) -> None:
        self._ask(Load(list(members)))

    def close(self) -> None:
        self._process.close()

    def _hurry(self, count: int) -> None:
        """Have the loops compiled once there is enough to do."""
        if self._steps is None:
            return
        self._steps += count * self.members
        if self._steps > _WORTH:
            self._process.ask(Warm(self._exchange), timeout=_WARMING)
            self._steps = None

    def _ask(self, request: Request) -> Done:
        # Until the answer is there: what raises leaves instances of which nobody knows how they are.
        self._broken = True
        self._last = self._process.ask(request, beat=self._shared.count)
        self._broken = False
        return self._last
