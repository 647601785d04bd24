"""What to simulate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, final

from pollux.columns.arrays import F64
from pollux.model.graph import Expr
from pollux.model.schema import Schema
from pollux.simulate.chance import Chance
from pollux.simulate.courses import Course
from pollux.simulate.kernels.kernel import Backend
from pollux.simulate.methods.rows import Method
from pollux.simulate.settling.settle import Settling
from pollux.simulate.tolerance import Tolerance

GIBIBYTE = 2**30


@final
@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A run of many members of one type.

    `start` holds the columns to begin with, shape (layout.width, members): a fork of live columns, or `layout.start`.
    Times are nanoseconds: the run begins at `t0` and lasts `span`; `step` is that of the method (None: chosen for the
    type), shortened until it divides `grid`, the distance between recorded values (None: start and end only).

    `record` names what is handed out: states, parameters, derived values, readings, cycles' phases; `formulas` are
    further expressions over the type. `inputs` are courses of parameters and actuators. `integrate` are expressions
    whose integral over the run is wanted (their unit times seconds), `ever` conditions of which is noted whether they
    hold at any step.

    `method` is how it is integrated: with steps of one length "rk4"; with steps that each member chooses for itself, by
    `tolerance`, "dopri5" and, for stiff types, "rodas4"; "auto" chooses (docs/how-to/choose-a-solver.md).

    Types with noise take "euler-maruyama" or "milstein"; `chance` says by what it is drawn (None: each member has noise
    of its own, of seed 0).

    `strict` forbids contraction, so that numba and NumPy give the same bits. `budget` bounds the bytes of the outputs.
    """

    schema: Schema
    start: F64
    t0: int
    span: int
    step: int | None = None
    grid: int | None = None
    record: tuple[str, ...] = ()
    formulas: Mapping[str, Expr] = field(default_factory=dict[str, Expr])
    inputs: Mapping[str, Course] = field(default_factory=dict[str, Course])
    integrate: Mapping[str, Expr] = field(default_factory=dict[str, Expr])
    ever: Mapping[str, Expr] = field(default_factory=dict[str, Expr])
    method: Method | Literal["auto"] = "auto"
    chance: Chance | None = None
    tolerance: Tolerance = field(default_factory=Tolerance)
    backend: Backend = "auto"
    strict: bool = False
    settling: Settling = field(default_factory=Settling)
    budget: int = GIBIBYTE
