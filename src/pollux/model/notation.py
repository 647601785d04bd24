"""How equations are written: what LaTeX and MathML must both know, so that their sentences are made in one place."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from pollux.model.graph import Expr
from pollux.model.units import Unit


class AbstractNotation(ABC):
    """A way to write mathematics; all that comes and goes is text in that way."""

    one: str
    """The unit of what has none."""
    equal: str
    says: str
    """Between a name and the condition that it stands for."""
    zero: str

    @abstractmethod
    def expression(self, expr: Expr, names: Mapping[Expr, str]) -> str:
        """An expression; nodes in `names` are written as the name given there. Raises ModelError for a longest one."""

    @abstractmethod
    def factor(self, expr: Expr, names: Mapping[Expr, str]) -> str:
        """As `expression`, of something that can be multiplied with: a sum stands in brackets."""

    @abstractmethod
    def name(self, name: str) -> str:
        """A dotted name."""

    @abstractmethod
    def unit(self, unit: Unit) -> str:
        """A unit."""

    @abstractmethod
    def rate(self, name: str) -> str:
        """The derivative of a state by time."""

    @abstractmethod
    def change(self, name: str) -> str:
        """The differential of a state."""

    @abstractmethod
    def drift(self, factor: str) -> str:
        """A factor of the differential of time."""

    @abstractmethod
    def diffusion(self, factor: str, noise: str) -> str:
        """A factor of the differential of a Wiener process."""

    @abstractmethod
    def wiener(self, noise: str) -> str:
        """A Wiener process."""

    @abstractmethod
    def turn(self, cycle: str) -> str:
        """The length of a turn."""

    @abstractmethod
    def becomes(self, state: str, value: str) -> str:
        """A state that jumps to a value."""

    @abstractmethod
    def total(self, terms: Sequence[str]) -> str:
        """Terms, added."""
