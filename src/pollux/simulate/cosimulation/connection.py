"""Connections between parts, and all of them at once: gather what is given, scale it, add it up where it is taken."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from pollux.columns.arrays import F64, I64, Mask
from pollux.errors import SimulationError
from pollux.model.suggest import did_you_mean
from pollux.model.units import scale, unit
from pollux.simulate.physics import AbstractPhysics


@final
@dataclass(frozen=True, slots=True)
class Connection:
    """A value of one part that goes to an input of another: `Connection("tank.level", "pump.head", 9.81)`.

    Names are those of the part, a dot, and the name inside it. The input takes `factor` times the value plus `offset`;
    several connections to one input are added up, as flows into a node are.
    """

    source: str
    target: str
    factor: float = 1.0
    offset: float = 0.0


def converted(source: str, target: str, units: tuple[str, str]) -> Connection:
    """A connection between two units of one dimension: `converted("tank.level", "pump.head", ("cm", "m"))`.

    >>> converted("tank.level", "pump.head", ("cm", "m")).factor
    0.01
    """
    return Connection(source, target, scale(unit(units[0]), unit(units[1])))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Wires:
    """All connections as index columns: connection k takes source `of[k]` and gives to target `to[k]`.

    `sources` and `targets` are pairs of a part and a name in it, each once; `taken` are by part the targets in it.
    """

    sources: tuple[tuple[str, str], ...]
    targets: tuple[tuple[str, str], ...]
    of: I64
    to: I64
    factor: F64
    offset: F64
    taken: Mapping[str, tuple[tuple[int, str], ...]]

    def inputs(self, values: F64) -> F64:
        """The numbers that the targets take (targets, members), from those that the sources have."""
        out = np.zeros((len(self.targets), values.shape[1]))
        np.add.at(out, self.to, self.factor[:, None] * values[self.of] + self.offset[:, None])
        return out

    def known(self, stepped: Collection[str]) -> Mask:
        """Which targets take values of parts that have stepped only."""
        given = np.array([part in stepped for part, _ in self.sources], np.bool_)
        known = np.ones(len(self.targets), np.bool_)
        known[self.to[~given[self.of]]] = False
        return known

    def read_by(self, part: str) -> frozenset[str]:
        """The parts whose values a part takes."""
        mine = np.isin(self.to, [place for place, _ in self.taken.get(part, ())])
        numbers: list[int] = self.of[mine].tolist()
        return frozenset(self.sources[one][0] for one in numbers)


def wires(parts: Mapping[str, AbstractPhysics], connections: Sequence[Connection]) -> Wires:
    """The connections between parts; raises `SimulationError` for names that they do not have."""
    sources: dict[tuple[str, str], int] = {}
    targets: dict[tuple[str, str], int] = {}
    of, to = list[int](), list[int]()
    for one in connections:
        of.append(sources.setdefault(_end(parts, one.source, is_input=False), len(sources)))
        to.append(targets.setdefault(_end(parts, one.target, is_input=True), len(targets)))
    factor, offset = np.array([one.factor for one in connections]), np.array([one.offset for one in connections])
    taken = {
        part: tuple((place, name) for (owner, name), place in targets.items() if owner == part)
        for part in dict.fromkeys(owner for owner, _ in targets)
    }
    numbers = (np.array(of, np.int64), np.array(to, np.int64), factor, offset)
    return Wires(tuple(sources), tuple(targets), *numbers, taken)


def _end(parts: Mapping[str, AbstractPhysics], name: str, *, is_input: bool) -> tuple[str, str]:
    owner, _, inner = name.partition(".")
    part = parts.get(owner)
    if part is None:
        raise SimulationError(f"expected a part, got {owner!r}", at=name, hint=did_you_mean(owner, list(parts)))
    known = part.inputs if is_input else (*part.states, *part.outputs, *part.inputs)
    if inner not in known:
        what = "an input" if is_input else "a state, an output or an input"
        raise SimulationError(f"expected {what} of {owner}, got {inner!r}", at=name, hint=did_you_mean(inner, known))
    return owner, inner


def order(parts: Sequence[str], reads: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The parts so that each comes after those it reads, as far as there are no circles; these begin where told first.

    >>> order(("pump", "motor"), {"pump": frozenset({"motor"}), "motor": frozenset()})
    ('motor', 'pump')
    """
    left, done = list(parts), list[str]()
    while left:
        waiting = {one: len(reads[one] - set(done) - {one}) for one in left}
        following = min(left, key=lambda one: waiting[one])
        left.remove(following)
        done.append(following)
    return tuple(done)
