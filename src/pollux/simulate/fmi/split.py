"""FMUs of which a process can hold only one: each instance in a process of its own, seen as many."""

from collections.abc import Callable, Sequence
from typing import final

import numpy as np

from pollux.columns.arrays import F64
from pollux.simulate.fmi.instances import AbstractInstances, Member, Statuses


@final
class SplitInstances(AbstractInstances):
    """See `AbstractInstances`; `make` gives one member for its starts and inputs."""

    def __init__(self, make: Callable[[F64, F64], AbstractInstances], starts: F64, inputs: F64) -> None:
        self._all = [make(starts[:, m : m + 1], inputs[:, m : m + 1]) for m in range(inputs.shape[1])]

    @property
    def members(self) -> int:
        return len(self._all)

    @property
    def usable(self) -> bool:
        return all(one.usable for one in self._all)

    @property
    def statuses(self) -> Statuses:
        return np.concatenate([one.statuses for one in self._all])

    @property
    def failed_at(self) -> F64:
        return np.concatenate([one.failed_at for one in self._all])

    @property
    def log(self) -> tuple[str, ...]:
        return tuple(line for one in self._all for line in one.log)

    def put(self, inputs: F64) -> None:
        for m, one in enumerate(self._all):
            one.put(inputs[:, m : m + 1])

    def advance(self, begin: float, h: float, count: int) -> None:
        for one in self._all:
            one.advance(begin, h, count)

    def record(self, begin: float, h: float, count: int) -> F64:
        return np.concatenate([one.record(begin, h, count) for one in self._all], axis=2)

    def read(self) -> F64:
        return np.concatenate([one.read() for one in self._all], axis=1)

    def save(self) -> list[Member]:
        return [saved for one in self._all for saved in one.save()]

    def load(self, members: Sequence[Member]) -> None:
        for one, saved in zip(self._all, members, strict=True):
            one.load([saved])

    def close(self) -> None:
        for one in self._all:
            one.close()
