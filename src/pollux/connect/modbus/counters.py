"""What the driver of one Modbus device counts."""

from dataclasses import asdict, dataclass, field
from typing import final

from pollux.connect.field.counters import FieldCounters


@final
@dataclass(slots=True)
class Counters:
    """Counts since the start, beside those that every field driver has. Written by the driver's thread only."""

    requests: int = 0
    answers: int = 0
    exceptions: int = 0
    timeouts: int = 0
    broken_answers: int = 0
    stray_answers: int = 0
    polls: int = 0
    polls_skipped: int = 0
    values_bad: int = 0
    field: FieldCounters = field(default_factory=FieldCounters)

    def asdict(self) -> dict[str, int]:
        """The counts by name."""
        own = {name: count for name, count in asdict(self).items() if isinstance(count, int)}
        return own | self.field.asdict()
