"""An FMU as physics: many instances that are stepped, read, saved, loaded and forked like any other model."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Self, final
from warnings import warn

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from pollux.columns.arrays import F64
from pollux.errors import DataRefused, NotFound, SimulationError
from pollux.simulate.fmi.description import Warnings
from pollux.simulate.fmi.instances import Member
from pollux.simulate.fmi.journal import Deed, Journal
from pollux.simulate.fmi.opened import OpenedFmu
from pollux.simulate.fmi.ports import Port
from pollux.simulate.fmi.running import Running
from pollux.simulate.fmi.setting import Setting
from pollux.simulate.physics import AbstractPhysics

_NANO: Final = 1e-9


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The state of an `FmuPhysics` on disk or on the wire: states, or what leads to them."""

    digest: str
    t0: int
    time: int
    members: int
    starts: bytes
    first: bytes
    inputs: bytes
    states: list[Member]
    deeds: list[Deed]
    version: int = 1


@final
class FmuPhysics(AbstractPhysics):
    r"""Members of an FMU that begin at `t0` (nanoseconds since 1970, UTC), which is the start time of the FMU.

    With $f$ the FMU, $u$ its inputs, held between calls of `set`, and $h$ the communication step, co-simulation is
    $x_{k+1} = f(x_k, u, t_k, h)$; in model exchange $\dot x = f(x, u, t)$ is integrated here, through all events.
    Its states are the continuous states that can be read by name, its inputs the inputs and tunable parameters, its
    outputs the outputs. Arrays are one number per element: `T[1]`, `T[2]`.

    `ports` rename numbers and tell their units; without them they go by the names and in the units of the FMU.
    `forks=False` spares an FMU the trial of its state, where it is not to be saved. A member whose call fails reads as
    NaN from then on, and `failed_at` says when. Raises `SimulationError` where the FMU cannot be run, crashes, hangs or
    reports a fatal error; `load` starts a fresh process then. Close it, or use `with`.

    Source: Functional Mock-up Interface 2.0.4 and 3.0.2, Modelica Association.
    """

    def __init__(
        self,
        fmu: OpenedFmu,
        *,
        members: int = 1,
        t0: int = 0,
        running: Running | None = None,
        ports: Mapping[str, Port] | None = None,
        forks: bool = True,
    ) -> None:
        self._setting = Setting(fmu, running or Running(), ports or {})
        starts, inputs = self._setting.starts(members), self._setting.first_inputs(members)
        self._forks = forks
        self._begin(starts, inputs, t0)
        if forks and self._doubt and self._setting.plan.serializes:
            warn(f"{fmu.name}: {self._doubt}; forks replay instead", stacklevel=2)

    def _begin(self, starts: F64, inputs: F64, t0: int) -> None:
        self._t0 = self._time = t0
        self._starts, self._first, self._inputs = starts, inputs, inputs.copy()
        self._journal = Journal()
        self._seen: F64 | None = None
        self._doubt = self._setting.doubt(starts, inputs) if self._forks else "it is not to be saved"
        self._instances = self._setting.instances(starts, inputs)

    @property
    def states(self) -> tuple[str, ...]:
        return self._setting.states

    @property
    def inputs(self) -> tuple[str, ...]:
        return self._setting.inputs.names

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(name for name in self._setting.reads.names if name not in self._setting.states)

    @property
    def members(self) -> int:
        return self._instances.members

    @property
    def time(self) -> int:
        return self._time

    @property
    def failed_at(self) -> F64:
        """Seconds after `t0` at which each member failed, NaN for those that have not."""
        found: F64 = self._instances.failed_at - self._setting.plan.begin
        return found

    @property
    def log(self) -> tuple[str, ...]:
        """The last messages of the FMU."""
        return self._instances.log

    @property
    def warnings(self) -> Warnings:
        """What is wrong with the FMU's description, and whether its state is not to be believed."""
        doubt = Warnings((self._doubt,)) if self._doubt and self._setting.plan.serializes else Warnings()
        return self._setting.fmu.description.warnings + doubt

    @property
    def replays(self) -> bool:
        """Whether it is saved and forked by doing everything again, since its state cannot be saved."""
        return bool(self._doubt)

    def set(self, values: Mapping[str, ArrayLike]) -> None:
        places = {name: self._setting.inputs.row(name, "an input") for name in values}
        inputs = self._inputs.copy()
        for name, place in places.items():
            inputs[place] = np.asarray(values[name], np.float64)
            self._setting.check_whole(place, inputs[place])
        if not np.array_equal(inputs, self._inputs, equal_nan=True):
            self._seen = None
            self._instances.put(self._setting.inputs.inward(inputs))
            self._inputs = inputs
            if self.replays:
                self._journal.put(self._setting.inputs.inward(inputs))

    def get(self, name: str) -> F64:
        if name in self._setting.inputs.names:
            return np.array(self._inputs[self._setting.inputs.row(name, "an input")])
        place = self._setting.reads.row(name, f"a state, an input or an output of {self._setting.fmu.name}")
        if self._seen is None:
            self._seen = self._setting.reads.outward(self._instances.read())
        return np.array(self._seen[place])

    def step(self, span: int) -> None:
        count = self._setting.steps_in(span)
        self._seen = None
        self._instances.advance(self._now, span * _NANO / count, count)
        self._went(span, count)

    def record(self, span: int, *, every: int) -> Mapping[str, F64]:
        """Step, and give what was read after each `every` nanoseconds: arrays (time, member) by name.

        Raises `SimulationError` for a span that is not made of whole stretches of `every`.
        """
        if every <= 0 or span % every:
            raise SimulationError(f"expected a span of whole stretches of {every} ns, got {span} ns")
        inner = self._setting.steps_in(every)
        count = span // every * inner
        self._seen = None
        found = self._instances.record(self._now, span * _NANO / count, count)[:, inner - 1 :: inner]
        self._went(span, count)
        return dict(zip(self._setting.reads.names, self._setting.reads.outward(found), strict=True))

    def save(self) -> bytes:
        states = [] if self.replays else self._instances.save()
        return msgspec.msgpack.encode(
            _Saved(
                self._setting.digest, self._t0, self._time, self.members, self._starts.tobytes(),
                self._first.tobytes(), self._inputs.tobytes(), states, self._journal.deeds,
            )
        )  # fmt: skip

    def load(self, saved: bytes) -> None:
        try:
            found = msgspec.msgpack.decode(saved, type=_Saved)
        except msgspec.DecodeError as error:
            raise DataRefused(f"expected a saved state, got bytes that are none: {error}") from None
        if found.digest != self._setting.digest or found.version != 1:
            raise DataRefused(
                f"expected a state of {self._setting.fmu.name}, got one of another FMU or of another way to run it"
            )
        starts, first, inputs = (
            _matrix(told, rows, found.members)
            for told, rows in (
                (found.starts, len(self._setting.parameters.names)),
                (found.first, len(self.inputs)),
                (found.inputs, len(self.inputs)),
            )
        )
        if len(found.states) != (0 if self.replays else found.members):
            raise DataRefused("expected a state of each member, got a state that is cut short")
        self._restore(starts, first, inputs, found)

    def fork(self, members: int, *, member: int = 0) -> "FmuPhysics":
        """As many copies of one member as it is now, by its state, else by doing again what led to it.

        Raises `NotFound` for a member that is not there.
        """
        if not 0 <= member < self.members:
            raise NotFound(f"expected a member from 0 to {self.members - 1}, got {member}")
        starts, first, inputs = (
            np.repeat(each[:, [member]], members, axis=1) for each in (self._starts, self._first, self._inputs)
        )
        states = [] if self.replays else [self._instances.save()[member]] * members
        journal = self._journal.of_member(member, members, len(self.inputs), self.members)
        made: FmuPhysics = object.__new__(FmuPhysics)
        made._setting = self._setting
        made._forks = True
        made._begin(starts, first, self._t0)
        made._resume(inputs, states, journal, self._time)
        return made

    def close(self) -> None:
        """Free the instances, and end their process."""
        self._instances.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _now(self) -> float:
        return self._setting.plan.begin + (self._time - self._t0) * _NANO

    def _went(self, span: int, count: int) -> None:
        self._time += span
        if self.replays:
            self._journal.went(span, count)

    def _restore(self, starts: F64, first: F64, inputs: F64, found: _Saved) -> None:
        fresh = self.replays or found.members != self.members or not self._instances.usable
        if fresh or not np.array_equal(starts, self._starts, equal_nan=True):
            self._instances.close()
            self._begin(starts, first, found.t0)
        self._t0 = found.t0
        self._resume(inputs, found.states, Journal(found.deeds), found.time)

    def _resume(self, inputs: F64, states: Sequence[Member], journal: Journal, time: int) -> None:
        """From the beginning, or from anywhere where states are there, to a time."""
        if self.replays:
            journal.replay(self._instances, len(self.inputs), self._setting.plan.begin)
        else:
            self._instances.load(states)
        self._inputs, self._journal, self._time, self._seen = inputs, journal, time, None


def _matrix(told: bytes, rows: int, members: int) -> F64:
    if len(told) != 8 * rows * members or members < 1:
        raise DataRefused(f"expected {rows} numbers per member, got a state that is cut short")
    found: F64 = np.frombuffer(told, np.float64).reshape(rows, members).copy()
    return found
