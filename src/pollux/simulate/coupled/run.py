"""What to simulate: twins of several types, their links, their inputs; and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

import numpy as np

from pollux.columns.arrays import F64, I64, Mask
from pollux.columns.links import Links
from pollux.columns.memory import NEVER
from pollux.errors import NotFound
from pollux.model.graph import Expr
from pollux.model.schema import Schema
from pollux.simulate.coupled.program import Method
from pollux.simulate.courses import Course
from pollux.simulate.kernels.kernel import Backend
from pollux.simulate.outcome import Happenings, recorded
from pollux.simulate.run import GIBIBYTE


@final
@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """The twins of one type in a system.

    `start` holds their columns, shape (layout.width, twins, members). `links` says by name which twins each of them is
    linked to, as the index columns of a live block do; a name that is left out leads nowhere. `ids` are the names of
    the twins, where they have some.
    """

    schema: Schema
    start: F64
    links: Mapping[str, Links] = field(default_factory=dict[str, Links])
    ids: tuple[str, ...] = ()

    @property
    def twins(self) -> int:
        """How many twins there are."""
        return int(self.start.shape[1])


@final
@dataclass(frozen=True, slots=True, eq=False)
class Feed:
    """A course for an input of one twin, or of all twins of a type where `twin` is None."""

    kind: str
    signal: str
    course: Course
    twin: int | None = None


@final
@dataclass(frozen=True, slots=True, eq=False)
class CoupledRun:
    """A run of a system: groups of twins that read each other.

    Times are nanoseconds: the run begins at `t0` and lasts `span`; `step` is that of the method (None: chosen by trying
    some steps from the start on, without the inputs), shortened until it divides `grid`, the distance between recorded
    values (None: start and end only). `record` names by type what is handed out, `inputs` are courses of parameters and
    actuators.

    `integrate` names by type expressions whose integral over the run is wanted (their unit times seconds), `ever`
    conditions of which is noted whether they hold at any step; both may read linked twins.

    `method` is "rk4", "heun" or "midpoint" (orders 4, 2, 2) or "euler" (order 1, for schemes that are defined by it).
    `strict` forbids contraction, so that numba and NumPy give the same bits. `budget` bounds the bytes of the outputs.
    """

    groups: tuple[Group, ...]
    t0: int
    span: int
    step: int | None = None
    grid: int | None = None
    record: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    inputs: tuple[Feed, ...] = ()
    integrate: Mapping[str, Mapping[str, Expr]] = field(default_factory=dict[str, Mapping[str, Expr]])
    ever: Mapping[str, Mapping[str, Expr]] = field(default_factory=dict[str, Mapping[str, Expr]])
    method: Method = "rk4"
    backend: Backend = "auto"
    strict: bool = False
    budget: int = GIBIBYTE


@final
@dataclass(frozen=True, slots=True, eq=False)
class GroupOutcome:
    """What came out for one type: `values` is (names, times, twins, members), `final` (layout.width, twins, members).

    `integrals`, `ever` and `events` are (twins, members) each; `events` are those of this run alone.

    `failed_at` is the time of the first step after which a twin was no finite number (`NEVER` for sound ones), (twins,
    members); a failure goes along links to those who read the twin, in the same member only.
    """

    names: tuple[str, ...]
    values: F64
    events: Mapping[str, Happenings]
    integrals: Mapping[str, F64]
    ever: Mapping[str, Mask]
    final: F64
    failed_at: I64

    @property
    def failed(self) -> Mask:
        """Which twins failed numerically, (twins, members)."""
        return np.not_equal(self.failed_at, NEVER)

    def __getitem__(self, name: str) -> F64:
        """The values of one name, (times, twins, members)."""
        return recorded(self.names, self.values, name)


@final
@dataclass(frozen=True, slots=True, eq=False)
class CoupledOutcome:
    """What came out of a coupled run, by type: `outcome["Cell"]["depth"]` is (times, twins, members) on `times`."""

    times: I64
    groups: Mapping[str, GroupOutcome]
    backend: str
    step: int

    def __getitem__(self, kind: str) -> GroupOutcome:
        if kind not in self.groups:
            raise NotFound(f"expected a type of the run, got {kind!r}", hint=f"one of {', '.join(self.groups)}")
        return self.groups[kind]
