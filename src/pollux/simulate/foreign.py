"""Types whose equations are not here: an engine gives the courses of their signals, and a run goes on from those.

Such a type has no rates. Before a run its engine is run over the same span with the same start, and what it gives
becomes courses of the run, on which derived values, events and integrals are reckoned as always.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np

from pollux.columns import NEVER
from pollux.columns.arrays import I64
from pollux.model.schema import Schema
from pollux.simulate.courses import Course
from pollux.simulate.outcome import Outcome
from pollux.simulate.run import Run


@final
@dataclass(frozen=True, slots=True, eq=False)
class Driven:
    """What an engine did: courses by signal with points `every` nanoseconds, and when members failed, else `NEVER`."""

    every: int
    courses: Mapping[str, Course]
    failed_at: I64


class AbstractEngine(ABC):
    """What stands behind a type in place of equations."""

    @abstractmethod
    def drive(self, what: Run, cancelled: Callable[[], bool]) -> Driven:
        """What the signals that it moves do during a run; a member that fails is NaN from then on.

        `cancelled` is asked now and then. Raises `SimulationError` where it cannot say, and when it is cancelled.
        """


_ENGINES: Final[dict[str, AbstractEngine]] = {}


def stand_behind(schema: Schema, engine: AbstractEngine) -> None:
    """Let an engine move the signals of a type from now on."""
    _ENGINES[schema.digest] = engine


def driven(what: Run, cancelled: Callable[[], bool]) -> Driven | None:
    """What the engine behind the type of a run does in it; None for a type with equations of its own."""
    engine = _ENGINES.get(what.schema.digest)
    return None if engine is None else engine.drive(what, cancelled)


def following(what: Run, engine: Driven | None) -> Run:
    """The run with what an engine did; courses that were given win."""
    if engine is None:
        return what
    return replace(what, step=what.step or engine.every, inputs={**engine.courses, **what.inputs})


def with_failures(outcome: Outcome, engine: Driven | None) -> Outcome:
    """The outcome, in which members whose engine failed have failed."""
    if engine is None:
        return outcome
    own, theirs = outcome.failed_at, engine.failed_at
    first = np.where(own == NEVER, theirs, np.where(theirs == NEVER, own, np.minimum(own, theirs)))
    return replace(outcome, failed_at=first)
