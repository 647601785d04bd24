"""What was measured once, outside of the stream: a scan, an echo, a cuff in the clinic, to narrow what is believed."""

import math
from dataclasses import dataclass
from typing import Any, final

from pollux.errors import ModelError, NotFound
from pollux.model.schema import Schema
from pollux.model.symbols import Symbol


@final
@dataclass(frozen=True, slots=True)
class Evidence:
    """A measured value of something that a type computes or holds, with its standard deviation, both in its unit.

    `of` is a symbol (`Patient.full`) or a name: a state, a parameter, a derived value or a reading. Raises ModelError
    for a value that is not finite and for a deviation that is not above zero.

    >>> Evidence("full", 212, sigma=10).name
    'full'
    """

    of: Any
    value: float
    sigma: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.value) or not (math.isfinite(self.sigma) and self.sigma > 0):
            raise ModelError(
                f"expected a finite value with a deviation above zero, got {self.value} +- {self.sigma}", at=self.name
            )

    @property
    def name(self) -> str:
        """The name of what was measured, within its type."""
        return self.of.name if isinstance(self.of, Symbol) else str(self.of)

    def check(self, schema: Schema) -> None:
        """Refuse what the type does not compute, with NotFound."""
        held = (*schema.states, *schema.unknowns, *schema.params, *schema.derived, *schema.readings)
        if self.name not in held:
            raise NotFound(
                f"expected something that {schema.name} computes, got {self.name!r}",
                at=schema.name,
                hint=f"one of {sorted(held)}",
            )
