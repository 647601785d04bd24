r"""One macro step of parts that read each other: from one exchange of values to the next.

Between two exchanges a part sees its inputs as the master tells them. With $u_0$ at the start of the macro step and
$u_1$ at its end, a part that takes n steps of its own sees in each of them the value in the middle of that step:

hold      $u_1$ where it is known already, else $u_0$
linear    the straight line from $u_0$ to $u_1$; where $u_1$ is not known, the line through the last macro step goes on

Jacobi knows no $u_1$: all parts step from the same exchange. Gauss-Seidel steps them one after another and knows what
the earlier ones give. An iterated step guesses $u_1$, steps, looks at what the parts then give, and goes back until
both agree.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, final

import numpy as np

from pollux.columns.arrays import F64, Mask
from pollux.simulate.cosimulation.agreement import Agreement, Iteration
from pollux.simulate.cosimulation.connection import Wires
from pollux.simulate.physics import AbstractPhysics

Order: TypeAlias = Literal["jacobi", "gauss-seidel"]
Inputs: TypeAlias = Literal["hold", "linear"]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of a co-simulation: it takes `substeps` steps in each macro step, and sees its inputs as told."""

    physics: AbstractPhysics
    substeps: int = 1
    inputs: Inputs = "linear"


@final
@dataclass(slots=True)
class Account:
    """What a part did: the steps it took, also those that were taken back, and how often it was taken back."""

    steps: int = 0
    taken_back: int = 0


@final
@dataclass(slots=True, eq=False)
class Memory:
    """What a master remembers from one macro step to the next: the inputs now and before, and the time between."""

    now: F64
    before: F64
    span: int = 0

    def ahead(self, span: int) -> F64:
        """The inputs after another macro step, if they go on as they did."""
        if not self.span:
            return self.now
        return self.now + (self.now - self.before) * (span / self.span)


@final
@dataclass(slots=True, eq=False)
class Master:
    """Steps all parts through one macro step, in this order of parts."""

    parts: Mapping[str, Part]
    wires: Wires
    order: tuple[str, ...]
    way: Order
    iteration: Iteration | None
    accounts: Mapping[str, Account] = field(default_factory=dict[str, Account])
    iterations: int = 0
    unsettled: int = 0
    _members: int = field(init=False)
    _goes_on: Mask = field(init=False)
    _known: tuple[Mask, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._members = next(iter(self.parts.values())).physics.members
        straight = [self.parts[part].inputs == "linear" for part, _ in self.wires.targets]
        self._goes_on = np.array(straight, np.bool_).reshape(-1, 1)
        self._known = tuple(self.wires.known(self.order[: place + 1])[:, None] for place in range(len(self.order)))

    def values(self) -> F64:
        """What the sources give now, (sources, members)."""
        found = [self.parts[part].physics.get(name) for part, name in self.wires.sources]
        return np.array(found).reshape(len(found), self._members)

    def tell(self, inputs: F64, part: str) -> None:
        """Set the connected inputs of a part."""
        mine = self.wires.taken.get(part, ())
        if mine:
            self.parts[part].physics.set({name: inputs[place] for place, name in mine})

    def _tell_all(self, inputs: F64) -> None:
        for part in self.parts:
            self.tell(inputs, part)

    def exchange(self, inputs: F64) -> F64:
        """Bring inputs and what follows from them at once into agreement, without time passing."""
        self._tell_all(inputs)
        if np.array_equal(self.wires.inputs(self.values()), inputs):
            return inputs
        most = self.iteration.most if self.iteration else len(self.parts) + 1
        agreement = Agreement(inputs, self.iteration)
        for _ in range(most):
            self._tell_all(agreement.guess)
            if agreement.agrees(self.wires.inputs(self.values())):
                return agreement.guess
        self._tell_all(agreement.guess)
        return agreement.guess

    def step(self, memory: Memory, span: int) -> Memory:
        """Take one macro step."""
        if self.iteration is None:
            self._once(memory, span)
            # What was told last belongs to the middle of a step; from here on the inputs are those of the end.
            found = self.exchange(self.wires.inputs(self.values()))
        else:
            found = self._until_agreed(memory, span, self.iteration)
        return Memory(found, memory.now, span)

    def save(self) -> dict[str, bytes]:
        """What each part needs to be taken back to here."""
        return {name: part.physics.save() for name, part in self.parts.items()}

    def take_back(self, saved: Mapping[str, bytes]) -> None:
        """Bring all parts back to where they were saved."""
        for name, part in self.parts.items():
            part.physics.load(saved[name])
            self.accounts[name].taken_back += 1

    def _once(self, memory: Memory, span: int) -> None:
        end = self._expected(memory, span)
        for name, known in zip(self.order, self._known, strict=True):
            self._advance(name, memory.now, end, span)
            if self.way == "gauss-seidel":
                end = np.where(known, self.wires.inputs(self.values()), end)

    def _expected(self, memory: Memory, span: int) -> F64:
        """The inputs at the end of a macro step, as far as can be told before it."""
        return np.where(self._goes_on, memory.ahead(span), memory.now)

    def _until_agreed(self, memory: Memory, span: int, iteration: Iteration) -> F64:
        saved = self.save()
        agreement = Agreement(self._expected(memory, span), iteration)
        for attempt in range(iteration.most):
            if attempt:
                self.take_back(saved)
            self.iterations += 1
            for name in self.order:
                self._advance(name, memory.now, agreement.guess, span)
                self.tell(agreement.guess, name)
            if agreement.agrees(self.wires.inputs(self.values())):
                return agreement.guess
        self.unsettled += 1
        return agreement.guess

    def _advance(self, name: str, start: F64, end: F64, span: int) -> None:
        part = self.parts[name]
        edges = [span * k // part.substeps for k in range(part.substeps + 1)]
        for low, high in itertools.pairwise(edges):
            middle = (low + high) / 2 / span
            self.tell(end if part.inputs == "hold" else start + (end - start) * middle, name)
            part.physics.step(high - low)
            self.accounts[name].steps += 1
