"""What windows, events and drivers ask of an integration method."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TypeAlias

from pollux.model.graph import Expr
from pollux.simulate.generate.lines import Term
from pollux.simulate.methods.sheet import Sheet

Rates: TypeAlias = Mapping[int, Expr]
"""Everything that moves, by its row, per second: states and phases, integrals."""


class AbstractStages(ABC):
    """One step of a method, for all rows that move."""

    def __init__(self, sheet: Sheet, rates: Rates, phases: frozenset[int]) -> None:
        self._sheet = sheet
        self._rates = rates
        self._phases = phases
        self.first = sheet.instant(0.0, state=sheet.load)

    @abstractmethod
    def increment(self, row: int) -> Term:
        """By how much a row moves during the step."""

    def end(self, row: int) -> Term:
        """A row at the end of the step; phases may lie beyond 1."""
        return self._sheet.term(row) + self.increment(row)

    def _turned(self, row: int, moved: Term) -> Term:
        """A row inside the step: the phase of a cycle that has turned begins anew."""
        return (moved >= 1.0).where(moved - 1.0, moved) if row in self._phases else moved


class AbstractEmbedded(AbstractStages):
    """A method that also says how far its end may be from the truth."""

    order: int
    """The order of the error estimate: it falls with this power of the step, plus one."""

    @abstractmethod
    def doubt(self, row: int) -> Term:
        """The estimated error of a row at the end of the step."""
