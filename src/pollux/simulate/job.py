"""A chunk of members through a whole run: the piece of work that is handed to an executor, here or elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import SimulationError
from pollux.simulate.kernels.plan import AbstractKernel
from pollux.simulate.recorder import Recorder
from pollux.simulate.schedule import Schedule
from pollux.simulate.settling.settle import FastModel, Settled


@final
@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Everything that some members need: nothing in it is shared with others or tied to this process.

    `stretches` are the steps at which the kernel pauses, from the first to the last; at those in `questions` the fast
    model of the same place is brought to rest. `cancelled` is asked at every pause; it does not leave the process.
    """

    kernel: AbstractKernel
    table: F64
    schedule: Schedule
    recorder: Recorder
    fast: tuple[FastModel, ...]
    stretches: tuple[int, ...]
    questions: tuple[frozenset[int], ...]
    cancelled: Callable[[], bool] | None = None

    def times(self) -> F64:
        """The seconds since 1970 at which values are recorded."""
        return self.schedule.start + self.schedule.recorded.astype(np.float64) * self.schedule.dt


@final
@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """The result of a job: values (expressions, times, members), the table at the end, the account of settling."""

    values: F64
    table: F64
    settled: Settled


def work(job: Job) -> Piece:
    """Do a job."""
    schedule, table = job.schedule, job.table.copy()
    out = np.empty((len(schedule.picks), len(schedule.recorded), table.shape[1]))
    settled = Settled()
    for first, last in zip(job.stretches, job.stretches[1:], strict=False):
        if job.cancelled is not None and job.cancelled():
            raise SimulationError("the run was cancelled")
        for fast, questions in zip(job.fast, job.questions, strict=True):
            if first in questions:
                settled += fast.settle(table, schedule.start + first * schedule.dt, first=first == 0)
        job.kernel.advance(table, out, schedule.plan(first, last))
    return Piece(job.recorder.values(out, table, job.times()), table, settled)
