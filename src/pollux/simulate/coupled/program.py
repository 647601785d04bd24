"""A coupled kernel before it is printed: sections per type, and the wires along which their numbers go.

Each type has a buffer of rows in which all of its twins stand; a section is a list of assignments on one twin. A step:

    begin                       stage state = state, increment = 0
    for each stage:
        exports, level by level   what others gather
        rates                     the slope of everything that moves
        carry                     in the first stage only: what the end of the step asks of its start
        push                      increment += weight * slope; stage state = state + reach * slope
    finish                      stage state = state + dt * increment
    exports                     again, where the end of the step gathers
    end                         windows, events, jumps, failures, stores

Before a section runs on a twin, its wires are read: a gather copies a row of another twin, a total adds up those of
many. Parameters of others are read when inputs are loaded (`hold`), everything else in every stage. All slopes of a
stage are reckoned before any stage state moves, so nobody reads what is half done.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, final

from pollux.simulate.generate.assign import Assign
from pollux.simulate.generate.program import called

Method: TypeAlias = Literal["rk4", "euler", "midpoint", "heun"]

METHODS: Final[Mapping[Method, tuple[tuple[float, float, float], ...]]] = {
    "rk4": ((0.0, 1 / 6, 0.5), (0.5, 1 / 3, 0.5), (0.5, 1 / 3, 1.0), (1.0, 1 / 6, 0.0)),
    "heun": ((0.0, 0.5, 1.0), (1.0, 0.5, 0.0)),
    "midpoint": ((0.0, 0.0, 0.5), (0.5, 1.0, 0.0)),
    "euler": ((0.0, 1.0, 0.0),),
}
"""For each stage: its time as a fraction of the step, its weight in the increment, how far it reaches for the next."""

TIMES: Final = ("t0", "t1", "t2", "h", "dt", "s6")
"""The free names of a whole step: its start, middle and end, half its length, its length, a sixth of its length."""
STAGE: Final = ("t", "c")
"""The free names of a stage: its time, and the fraction of the step at which it lies."""
PUSH: Final = ("w", "x")
"""Those of a push: the weight, and the reach in seconds."""
SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "hold": (),
    "opening": TIMES,
    "begin": (),
    "rates": STAGE,
    "carry": STAGE,
    "push": PUSH,
    "finish": ("dt",),
    "end": TIMES,
}
"""The sections of a type besides its exports, with their free names."""


@final
@dataclass(frozen=True, slots=True)
class Wire:
    """A row of the linked twins that goes to a row of this one, along the link of this number; added up if many."""

    link: int
    source: int
    into: int
    is_total: bool


@final
@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """Assignments on one twin, and the wires that are read before."""

    lines: tuple[Assign, ...]
    wires: tuple[Wire, ...] = ()

    @property
    def is_needed(self) -> bool:
        """Whether it does anything; what only gathers does so for sections that come later."""
        return bool(self.lines or self.wires)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One type: `kept` rows of `rows` are in the table; `exports` by level, the other sections by name."""

    kept: int
    rows: int
    exports: Mapping[int, Section]
    sections: Mapping[str, Section]

    def named(self) -> Iterator[tuple[str, tuple[str, ...], Section]]:
        """Every section with its name and its free names."""
        for level, section in self.exports.items():
            yield f"export{level}", STAGE, section
        for name, section in self.sections.items():
            yield name, SECTIONS[name], section


@final
@dataclass(frozen=True, slots=True, eq=False)
class CoupledProgram:
    """All types, the levels of their exports, and whether the end of a step and the start of a run gather.

    `links` tells for each number which link it is: the place of its type, its name, the place of the type it leads to.
    """

    kinds: tuple[Kind, ...]
    links: tuple[tuple[int, str, int], ...]
    levels: int
    is_gathered_at_the_end: bool
    strict: bool

    @property
    def functions(self) -> tuple[str, ...]:
        """The elementary functions that it calls."""
        return called(section.lines for kind in self.kinds for _, _, section in kind.named())

    @property
    def operations(self) -> int:
        """The number of assignments in all sections."""
        return sum(len(section.lines) for kind in self.kinds for _, _, section in kind.named())
