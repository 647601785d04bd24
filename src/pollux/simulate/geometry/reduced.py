"""A reduced body: a few numbers that move by themselves, what they mean, and how far they can be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from pollux.columns.arrays import F64
from pollux.model.amounts import Amount, amount
from pollux.model.roles import Role
from pollux.model.units import unit
from pollux.simulate.geometry.exactness import ReductionError
from pollux.simulate.geometry.form import Form
from pollux.simulate.geometry.part import BodyPart, part_of
from pollux.simulate.geometry.picture import Picture, Surface
from pollux.simulate.geometry.warmth import Warmth


@final
@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """A body of `unknowns` numbers in a few modes: their equations, their picture, and the `error` of it all.

    `digest` tells it from others: a hash of the solid, the material, what acts, what is seen and how it was reduced.
    `warmth` is what a structure in the same solid needs of a body with heat, None of a structure.
    """

    form: Form
    picture: Picture
    error: ReductionError
    unknowns: int
    digest: str
    warmth: Warmth | None = None

    @property
    def frequencies(self) -> F64:
        """The natural frequencies of its modes in Hz; in heat those from which on a mode follows less and less."""
        return self.form.frequencies

    def part(
        self, name: str, *, inputs: Mapping[str, Role] | None = None, driven: bool = False, start: Amount | None = None
    ) -> type[BodyPart]:
        """A `px.Part` of this name, for the class body of a twin: `arm = Arm()`.

        Inputs are parameters of the part, of a value at which nothing happens, or in the role that `inputs` gives them:
        `{"force": px.actuator("N", low=0, high=500)}`. A `driven` part has none: the twin gives its states their rates
        with `self.arm.moves({"force": self.load})` and reads `self.arm.output("tip", {"force": self.load})`. A body
        with heat begins at its reference temperature, or all at `start`.

        Raises ModelError for names that are taken or are none, and for roles of another dimension.
        """
        begin = None if start is None else amount(start, unit("K"))
        return part_of(self.form, name, inputs=inputs or {}, driven=driven, start=begin)

    def surface(self, values: Mapping[str, float]) -> Surface:
        """The surface for states, inputs and `stiffness` by their names in a part, in its units; see `Surface`."""
        return self.picture.surface(self.form, values)

    def __str__(self) -> str:
        kept = ", ".join(f"{one:.4g} Hz" for one in self.frequencies) or "none"
        return f"{self.unknowns} unknowns, modes: {kept}\n{self.error}"
