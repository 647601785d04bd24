"""A line behind `AbstractPhysics`: stepped, saved, loaded and forked like anything else that can be simulated."""

from collections.abc import Mapping
from copy import copy
from typing import final

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from pollux.clock import SECOND
from pollux.columns.arrays import F64
from pollux.errors import DataRefused, NotFound, SimulationError
from pollux.simulate.discrete import columns as c
from pollux.simulate.discrete.columns import State
from pollux.simulate.discrete.line import Line
from pollux.simulate.discrete.lowering import ENDLESS, Lowered, lower
from pollux.simulate.discrete.memory import SILENT, blank, blank_sheet
from pollux.simulate.discrete.opening import Start, opening_of
from pollux.simulate.physics import AbstractPhysics


class _Saved(msgspec.Struct, frozen=True):
    """The state of a `LinePhysics` on disk or on the wire."""

    digest: str
    seed: int
    t0: int
    passed: int
    members: int
    parts: int
    arrays: tuple[bytes, ...]
    version: int = 1


@final
class LinePhysics(AbstractPhysics):
    """Members of a line, each with luck of its own, beginning at `t0` as `start` says.

    States are the parts in each queue ("rack.level") and how many servers of each machine are busy, blocked, down and
    waiting for a worker ("press.busy", "press.blocked", "press.down", "press.waiting"). Inputs are speeds of stations
    ("press.speed", 1 as declared) and places of buffers with limits ("rack.room"). Outputs are the parts that have left
    by each sink ("out.count") and the operations that each machine has finished ("press.made"), both since the
    beginning.

    A speed holds for work that begins from then on. `members_from` numbers the members: forks that are made with the
    same numbers have the same luck.

    >>> from pollux.simulate.discrete import Line, Machine, Sink, Supply
    >>> line = LinePhysics(Line("one", [Supply("steel"), Machine("press", 30), Sink("out")]), members=2)
    >>> line.step(60 * SECOND)
    >>> line.get("out.count")
    array([2., 2.])
    """

    def __init__(
        self,
        line: Line,
        members: int = 1,
        *,
        seed: int = 0,
        t0: int = 0,
        start: Start | None = None,
        parts: int = 1_000,
        members_from: int = 0,
    ) -> None:
        self._lowered = lower(line, seed)
        self._seed = seed
        self._t0 = t0
        self._passed = 0
        self._spare = parts
        self._parts = self._lowered.bound + parts
        self._state = blank(self._lowered, self._parts, members)
        self._opening = opening_of(line, self._lowered, start)
        self._readings = _readings(self._lowered)
        self._advance(0.0, first=members_from, fresh=True)

    @property
    def states(self) -> tuple[str, ...]:
        return tuple(self._readings["states"])

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(self._readings["inputs"])

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(self._readings["outputs"])

    @property
    def members(self) -> int:
        return len(self._state.mark)

    @property
    def time(self) -> int:
        return self._t0 + self._passed

    def set(self, values: Mapping[str, ArrayLike]) -> None:
        for name in values:
            if name not in self._readings["inputs"]:
                raise NotFound(f"expected an input of the line, got {name!r}")
        for name, value in values.items():
            place = self._readings["inputs"][name]
            if name.endswith(".speed"):
                self._state.factor[:, place] = np.asarray(value, np.float64)
            else:
                self._give_room(place, np.asarray(value, np.float64))

    def get(self, name: str) -> F64:
        if name in self._readings["inputs"]:
            return self._input(name)
        for kind in ("states", "outputs"):
            if name in self._readings[kind]:
                values = self._read(name, self._readings[kind][name])
                return np.where(self._state.mark[:, c.FAILED] != 0, np.nan, values)
        raise NotFound(f"expected a state, an input or an output of the line, got {name!r}")

    def step(self, span: int) -> None:
        self._passed += span
        self._advance(self._passed / SECOND)

    def save(self) -> bytes:
        arrays = tuple(np.ascontiguousarray(one).astype(one.dtype.newbyteorder("<")).tobytes() for one in self._state)
        head = (self._lowered.digest, self._seed, self._t0, self._passed, self.members, self._parts)
        return msgspec.msgpack.encode(_Saved(*head, arrays))

    def load(self, saved: bytes) -> None:
        try:
            found = msgspec.msgpack.decode(saved, type=_Saved)
        except msgspec.DecodeError as error:
            raise DataRefused(f"expected a saved state, got bytes that are none: {error}") from None
        if (found.digest, found.seed, found.version) != (self._lowered.digest, self._seed, 1):
            raise DataRefused(
                "expected a state of this line with this seed, got one of another line, seed or version",
                hint="start anew from how the line stands",
            )
        state = blank(self._lowered, found.parts, found.members)
        if [one.nbytes for one in state] != [len(one) for one in found.arrays]:
            raise DataRefused("expected a whole state, got one that is cut short")
        for array, content in zip(state, found.arrays, strict=True):
            array.reshape(-1)[:] = np.frombuffer(content, array.dtype.newbyteorder("<"))
        self._state, self._t0, self._passed, self._parts = state, found.t0, found.passed, found.parts

    def fork(self, member: int, members: int) -> "LinePhysics":
        """So many members that go on from where one of these is, each with luck of its own from now on.

        What is going on (the end of a repair, of an operation) ends as it does here. Raises SimulationError.
        """
        if not 0 <= member < self.members or members < 1:
            raise SimulationError(
                f"expected a member below {self.members} and one fork or more, got {member}, {members}"
            )
        other = copy(self)
        other._state = State._make(np.repeat(one[member : member + 1], members, axis=0) for one in self._state)
        other._state.mark[:, c.MEMBER] = np.arange(members)
        # A number of a pair that was kept would be the same for all: the next draw makes a pair of its own.
        other._state.drawn[:] += other._state.drawn % 2
        return other

    def _advance(self, until: float, *, first: int = 0, fresh: bool = False) -> None:
        from pollux.simulate.discrete.kernel_runs import replicate

        lowered, empty = self._lowered, blank_sheet(self._lowered, 0)
        opening, members = self._opening, self.members
        replicate(lowered.plan, self._state, SILENT, SILENT, opening, empty, first, members, fresh, until, until, 0)

    def _read(self, name: str, place: int) -> F64:
        what = name.rpartition(".")[2]
        if what == "level":
            queue = self._state.queue[:, place]
            return np.asarray(queue[:, c.LEVEL] + queue[:, c.HELD], np.float64)
        if what == "count":
            return np.asarray(self._state.queue[:, place, c.PASSED], np.float64)
        first, end = self._lowered.slots[self._lowered.stations[place]]
        slots = self._state.slot[:, first:end]
        if what == "made":
            return np.asarray(slots[:, :, c.DONE].sum(axis=1), np.float64)
        return np.asarray((slots[:, :, c.MODE] == c.MODES.index(what)).sum(axis=1), np.float64)

    def _input(self, name: str) -> F64:
        place = self._readings["inputs"][name]
        if name.endswith(".speed"):
            return np.array(self._state.factor[:, place])
        return np.array(self._state.queue[:, place, c.ROOM], np.float64)

    def _give_room(self, q: int, places: F64) -> None:
        """Places of a buffer; whoever waits for room is let in at the next step."""
        limit = int(self._lowered.room[q]) + self._spare
        if not np.all(np.isfinite(places) & (places >= 1) & (places <= limit)):
            raise SimulationError(f"expected 1 to {limit} places, got others", at=self._lowered.queues[q])
        s = self._state
        s.queue[:, q, c.ROOM] = np.floor(places)
        asleep = np.flatnonzero(s.queue[:, q, c.AWAKE] == 0)
        s.queue[asleep, q, c.AWAKE] = 1
        s.awake[asleep, s.mark[asleep, c.QUEUE_COUNT]] = q
        s.mark[asleep, c.QUEUE_COUNT] += 1


def _readings(lowered: Lowered) -> Mapping[str, Mapping[str, int]]:
    """Where each name is read: the place of its queue or its station."""
    kind, role = lowered.plan.queue[:, c.KIND], lowered.plan.station[:, c.ROLE]
    places = list(enumerate(lowered.queues))
    stations = list(enumerate(lowered.stations))
    machines = [(n, name) for n, name in stations if role[n] == c.MACHINE]
    levels = {f"{q}.level": n for n, q in places if kind[n] in (c.BUFFER, c.STOCK) and lowered.room[n] > 0}
    modes = {f"{name}.{mode}": n for n, name in machines for mode in ("busy", "blocked", "down", "waiting")}
    speeds = {f"{name}.speed": n for n, name in stations if role[n] != c.REPLENISHER}
    rooms = {f"{q}.room": n for n, q in places if kind[n] == c.BUFFER and 0 < lowered.room[n] < ENDLESS}
    counts = {f"{q}.count": n for n, q in places if kind[n] == c.SINK}
    made = {f"{name}.made": n for n, name in machines}
    return {"states": levels | modes, "inputs": speeds | rooms, "outputs": counts | made}
