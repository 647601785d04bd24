"""The vocabulary of a mapping for one type: which wire name is which signal, of which kind, in which unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, final

from pollux.check.faults import Fault, shown
from pollux.check.mapping import TopicMapping
from pollux.check.patterns import Pattern
from pollux.columns.quality import Reason
from pollux.errors import SetupError, UnitError
from pollux.model.schema import Kind, Schema, Signal
from pollux.model.units import Unit, scale, unit

TOLD: Final = frozenset(("sensor", "actuator", "fact"))
"""The roles that a device may tell: what is inferred or believed is not its to say."""

RESERVED: Final = ("t", "seq", "boot")


@final
@dataclass(frozen=True, slots=True)
class Key:
    """A wire name and what it says: `value * factor + offset` is in the signal's own unit."""

    wire: str
    signal: int
    declared: Signal
    factor: float
    offset: float

    @property
    def kind(self) -> Kind:
        """What kind of value it holds."""
        return self.declared.kind

    @property
    def choices(self) -> tuple[str, ...]:
        """The names of the codes, for a choice."""
        return self.declared.choices

    def converted(self, number: float) -> float:
        """A number of the wire in the signal's unit."""
        return number if self.same else number * self.factor + self.offset

    @property
    def same(self) -> bool:
        """Whether the wire speaks in the signal's own unit."""
        return self.factor == 1.0 and self.offset == 0.0


@final
class Vocabulary:
    """One mapping bound to one schema.

    `keys` are by wire name, `plain` the signals of those that are numbers in their own unit, `texts` the names of those
    that are words; `facts` are the placeholders that are facts of the class, `parts` the names that objects inside a
    payload can have. A fact that a topic tells, of this mapping or of another one of the type (`elsewhere`), is told by
    no payload.
    """

    __slots__ = ("facts", "ignore", "keys", "mapping", "parts", "pattern", "plain", "refused", "schema", "texts")

    def __init__(self, mapping: TopicMapping, schema: Schema, *, elsewhere: frozenset[str] = frozenset()) -> None:
        self.mapping = mapping
        self.schema = schema
        self.pattern: Pattern = mapping.pattern.bound(schema.name)
        self.ignore = mapping.ignore
        self.facts = {name: schema.index[name] for name in topic_facts(mapping, schema)}
        self.refused: dict[str, str] = {}
        self.keys: Mapping[str, Key] = MappingProxyType(dict(self._keys(elsewhere | set(self.facts))))
        self.plain = {wire: key.signal for wire, key in self.keys.items() if key.kind == "number" and key.same}
        words = [wire for wire, key in self.keys.items() if key.kind in ("text", "choice")]
        self.texts = frozenset((*words, mapping.twin) if mapping.twin is not None else words)
        self.parts = frozenset(_parts(self.keys))
        _check_known(schema, mapping)

    def _keys(self, by_topic: frozenset[str]) -> list[tuple[str, Key]]:
        renamed = {signal: wire for wire, signal in self.mapping.names.items()}
        found: list[tuple[str, Key]] = []
        for place, signal in enumerate(self.schema.signals):
            wire = renamed.get(signal.name, signal.name)
            if signal.name in by_topic:
                self.refused[wire] = f"expected {signal.name} in the topic, got it in the payload"
            elif signal.role not in TOLD:
                self.refused[wire] = f"expected a sensor, an actuator or a fact, got the {signal.role} {signal.name}"
            elif wire in RESERVED:
                raise SetupError(
                    f"expected another wire name for {self.schema.name}.{signal.name}, got the reserved {wire!r}",
                    hint="t, seq and boot say when and which message; give read=, a function, if the device means it",
                )
            else:
                found.append((wire, self._key(wire, place, signal)))
        return found

    def _key(self, wire: str, place: int, signal: Signal) -> Key:
        told = self.mapping.units.get(signal.name)
        factor, offset = linear(unit(told) if told else signal.edge, signal)
        return Key(wire, place, signal, factor, offset)

    def missing(self, wire: str) -> Fault:
        """Why a wire name is not taken."""
        if wire in self.refused:
            return Fault(Reason.WRONG_ROLE, self.refused[wire])
        return Fault(Reason.UNKNOWN_SIGNAL, f"expected a signal of {self.schema.name}, got {shown(wire)}")


def linear(told: Unit, signal: Signal) -> tuple[float, float]:
    """Factor and offset from a unit of the wire to the signal's own; `UnitError` when the dimensions differ."""
    want = signal.unit
    if told.dimension != want.dimension:
        raise UnitError(f"expected {signal.edge}, got {told}", at=signal.name)
    if told.offset == want.offset:
        return scale(told, want), 0.0
    return told.factor / want.factor, (told.offset - want.offset) / want.factor


def topic_facts(mapping: TopicMapping, schema: Schema) -> frozenset[str]:
    """The facts of a type that the topics of a mapping tell."""
    names = (name for name in mapping.pattern.facts if name in schema.index)
    return frozenset(name for name in names if schema.signal(name).role == "fact")


def _parts(keys: Mapping[str, Key]) -> list[str]:
    dotted = [wire.split(".") for wire in keys]
    return [".".join(levels[:depth]) for levels in dotted for depth in range(1, len(levels))]


def _check_known(schema: Schema, mapping: TopicMapping) -> None:
    for name in (*mapping.names.values(), *mapping.units, *mapping.doubts):
        schema.signal(name)
