"""One source of one twin, as it is declared: what is read, summarised, kept raw and sent."""

import hashlib
from dataclasses import dataclass
from typing import Final, final

from pollux.clock import SECOND
from pollux.edge.capture import Capture
from pollux.edge.ring import Ring
from pollux.edge.sources.source import AbstractSource
from pollux.edge.summary import Plan
from pollux.model.schema import Schema

MARGIN: Final = 1.02


@final
@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A source bound to a twin. Lengths of time are nanoseconds; `missed` and `dropped` are wire names, or empty."""

    schema: Schema
    id: str
    source: AbstractSource
    plans: tuple[Plan, ...]
    summary: int
    raw: int
    capture: Capture | None
    missed: str
    dropped: str

    @property
    def twin(self) -> str:
        """The twin, `type/id`."""
        return f"{self.schema.name}/{self.id}"

    @property
    def signals(self) -> tuple[str, ...]:
        """The names of what is read, in the order of the source's numbers."""
        return tuple(plan.name for plan in self.plans)

    @property
    def name(self) -> str:
        """What it is called on disk, the same as long as it reads the same signals."""
        told = f"{self.twin} {','.join(self.signals)}"
        return f"{self.schema.name}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"

    @property
    def topic(self) -> str:
        """Where it tells."""
        return f"twins/{self.twin}/telemetry"

    @property
    def capacity(self) -> int:
        """Samples that its ring keeps: those of `raw`, and at least those of one summary and of one capture."""
        lead = self.capture.length if self.capture else 0
        return max(64, round(max(self.raw, self.summary + lead) / SECOND * self.source.rate * MARGIN))

    @property
    def bytes(self) -> int:
        """What its ring takes on disk."""
        return Ring.size(len(self.plans), self.capacity)
