"""Types whose equations are not here: an engine gives the courses of their signals, and a run goes on from those.

Such a type has no rates. Before a run its engine is run over the same span with the same start, and what it gives
becomes courses of the run, on which derived values, events and integrals are reckoned as always.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from pollux.model.schema import Schema
from pollux.simulate.courses import Course
from pollux.simulate.run import Run


class AbstractEngine(ABC):
    """What stands behind a type in place of equations."""

    @abstractmethod
    def courses(self, what: Run, cancelled: Callable[[], bool]) -> tuple[int, Mapping[str, Course]]:
        """What the signals that it moves do during a run, and the distance of its points in nanoseconds.

        `cancelled` is asked now and then. Raises `SimulationError` where it cannot say, and when it is cancelled.
        """


_ENGINES: Final[dict[str, AbstractEngine]] = {}


def stand_behind(schema: Schema, engine: AbstractEngine) -> None:
    """Let an engine move the signals of a type from now on."""
    _ENGINES[schema.digest] = engine


def driven(what: Run, cancelled: Callable[[], bool]) -> Run:
    """The run with the courses of the engine behind its type, if there is one; courses that were given win."""
    engine = _ENGINES.get(what.schema.digest)
    if engine is None:
        return what
    every, courses = engine.courses(what, cancelled)
    return replace(what, step=what.step or every, inputs={**courses, **what.inputs})
