"""What came out of a run: values, events, integrals, columns to go on from; failure is a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from pollux.clock import SECOND
from pollux.columns import NEVER, EventSlots
from pollux.columns.arrays import F64, I64, Mask
from pollux.errors import SimulationError
from pollux.simulate.methods.rows import ADAPTIVE, Method
from pollux.simulate.settling.settle import Settled


@final
@dataclass(frozen=True, slots=True, eq=False)
class Happenings:
    """When an event happened to each member: `first` and `last` in nanoseconds (`NEVER` if not), and how often."""

    first: I64
    last: I64
    count: I64

    @property
    def happened(self) -> Mask:
        """Whether it happened at all.

        >>> Happenings(np.array([5, NEVER]), np.array([7, NEVER]), np.array([2, 0])).happened.tolist()
        [True, False]
        """
        return np.not_equal(self.first, NEVER)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Pace:
    """How a run was integrated: the `method`, and how many steps each member has `taken` and how many it `refused`.

    With steps of one length all members take the same number and refuse none. `step` is the mean length of a step in
    nanoseconds. `note` says why the method was chosen where the type is stiff.
    """

    method: Method
    taken: I64
    refused: I64
    step: int
    note: str = ""

    def __str__(self) -> str:
        """The same in words.

        >>> str(Pace("rk4", np.array([200]), np.array([0]), 5_000_000))
        'rk4: 200 steps of 0.005 s'
        """
        taken, refused = round(float(self.taken.mean())), round(float(self.refused.mean()))
        about = f"{self.method}: {taken:,} steps of {self.step / SECOND:.3g} s"
        about += f" on average, {refused:,} tried and taken back" if self.method in ADAPTIVE else ""
        return f"{about}. {self.note}" if self.note else about


@final
@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came out of a run.

    `values` is (names, times, members) for `names` on `times` (nanoseconds). `integrals` and `ever` are (members,)
    each; `events` are those of this run alone. `final` are the columns at the end, (layout.width, members), from which
    another run goes on as if there had been no break. `failed_at` is the time of the first step after which a member
    was no finite number (`NEVER` for sound ones): from then on it gives NaN or infinity, and nobody else is touched.

    `backend` is "numba", "numpy" or "jax", `pace` says which steps were taken.
    """

    names: tuple[str, ...]
    times: I64
    values: F64
    events: Mapping[str, Happenings]
    integrals: Mapping[str, F64]
    ever: Mapping[str, Mask]
    final: F64
    failed_at: I64
    backend: str
    pace: Pace
    settled: Settled

    @property
    def step(self) -> int:
        """The step that was taken, in nanoseconds; the mean of them where members choose their own."""
        return self.pace.step

    @property
    def failed(self) -> Mask:
        """Which members failed numerically."""
        return np.not_equal(self.failed_at, NEVER)

    def __getitem__(self, name: str) -> F64:
        """The values of one name, (times, members)."""
        return recorded(self.names, self.values, name)


def recorded(names: tuple[str, ...], values: F64, name: str) -> F64:
    """The values of one of the names that a run recorded; raises `SimulationError` for another."""
    if name not in names:
        raise SimulationError(f"expected a recorded name, got {name!r}", hint=f"recorded: {', '.join(names)}")
    found: F64 = values[names.index(name)]
    return found


def nanoseconds(seconds: F64, t0: int) -> I64:
    """Seconds since 1970 as nanoseconds, `NEVER` for NaN; differences to `t0` keep what a float can tell."""
    known = np.isfinite(seconds)
    since = np.where(known, seconds, 0.0) - np.where(known, t0 / SECOND, 0.0)
    return np.where(known, t0 + np.rint(since * SECOND).astype(np.int64), NEVER)


def forgotten(table: F64, slots: EventSlots) -> F64:
    """Take the memory of an event out of a table, so that the run counts from nothing; `merged` brings it back."""
    memory: F64 = table[[slots.first, slots.last, slots.count]]
    table[[slots.first, slots.last]] = np.nan
    table[slots.count] = 0.0
    return memory


def happenings(table: F64, slots: EventSlots, t0: int) -> Happenings:
    """What a table remembers of an event."""
    first, last = (nanoseconds(table[row], t0) for row in (slots.first, slots.last))
    return Happenings(first, last, table[slots.count].astype(np.int64))


def merged(table: F64, slots: EventSlots, before: F64) -> None:
    """Join the memory of an event in a run with that from before."""
    first, last, count = before
    table[slots.first] = np.where(np.isnan(first), table[slots.first], first)
    table[slots.last] = np.where(np.isnan(table[slots.last]), last, table[slots.last])
    table[slots.count] += count
