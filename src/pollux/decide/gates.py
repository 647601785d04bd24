"""Gates: what keeps an option from being recommended. It is simulated all the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

Verdict = Literal["free", "closed", "unknown"]


@final
@dataclass(frozen=True, slots=True)
class Gate:
    """What one rule says of an option, and why; an unknown fact keeps it from being recommended like a closed one.

    >>> import pollux as px
    >>> px.Gate("closed", "potassium is above 5.0 mmol/l").open
    False
    """

    verdict: Verdict
    reason: str = ""

    @property
    def open(self) -> bool:
        """Whether the option may be recommended."""
        return self.verdict == "free"


FREE = Gate("free")


def worst(gates: Sequence[Gate]) -> Gate:
    """One verdict out of several: closed before unknown before free, with every reason of that verdict."""
    graver: tuple[Verdict, ...] = ("closed", "unknown")
    for verdict in graver:
        found = [gate.reason for gate in gates if gate.verdict == verdict]
        if found:
            return Gate(verdict, "; ".join(found))
    return FREE
