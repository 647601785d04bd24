"""The temperatures of a reduced body with heat at every node of its mesh, for a structure in the same solid."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from pollux.columns.arrays import F64
from pollux.simulate.geometry.system import Input


@final
@dataclass(frozen=True, slots=True, eq=False)
class Warmth:
    """The rise over the reference, `fields` (nodes, modes and then inputs), in the solid of a digest.

    `modes` is how many modes there are, `given` are the inputs of the body.
    """

    solid: str
    fields: F64
    modes: int
    given: tuple[Input, ...]

    def inputs(self, name: str) -> Iterator[Input]:
        """What a structure that is warmed by it is told: each mode in K, each input in its unit."""
        for number in range(1, self.modes + 1):
            yield Input(f"{name}_mode{number}", "K", elastic=True)
        for one in self.given:
            yield Input(f"{name}_{one.name}", one.unit, one.zero, elastic=True)
