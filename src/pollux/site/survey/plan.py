"""The plan of a draft: which types, with which signals, heard by which mappings, each before what would take its."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, final

from pollux.check.patterns import Pattern
from pollux.check.vocabulary import RESERVED
from pollux.columns.encodings import FORMS
from pollux.columns.frames import Encoding
from pollux.site.survey.findings import Found
from pollux.site.survey.naming import class_name, signal_name
from pollux.site.survey.places import plain_id
from pollux.site.survey.signals import Signal
from pollux.site.survey.sparkplug import ALIAS, NAMESPACE, ORDERS, of_protocol

KEPT: Final = frozenset(("number", "flag", "choice", "text", "position"))
MOST_LITERAL: Final = 50
MOST_PATTERNS: Final = 200
"""Patterns in one draft, those with most messages: nobody edits more."""

_NATIVE: Final = frozenset((Encoding.JSON, Encoding.BINARY))
_ROUNDS: Final = 20
_BESIDES: Final = frozenset("{}+#")


@final
@dataclass(slots=True)
class Planned:
    """One mapping: `pattern` as Pollux writes it; `names` wire names to signals, `ignore` wire names that are none.

    `literal` says that each topic needs a mapping of its own, since another pattern would take them.
    """

    found: Found
    pattern: str
    literal: bool = False
    names: dict[str, str] = field(default_factory=dict[str, str])
    ignore: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def sparkplug(self) -> bool:
        """Whether it is heard as the host application of edge nodes."""
        return self.found.encoding == Encoding.SPARKPLUG.name and self.pattern.startswith(f"{NAMESPACE}/")

    @property
    def topics(self) -> tuple[str, ...]:
        """What is given to `px.mqtt`: the pattern, or every topic by itself."""
        return self.found.topics if self.literal else (self.pattern,)

    @property
    def rename(self) -> dict[str, str]:
        """The keys that need another name: what tells the time, and what only looks like `t`, `seq`, `boot`."""
        time = {} if self.found.plain or self.found.time in ("", "t") else {self.found.time: "t"}
        if self.sparkplug:
            return {}
        signals = {signal.wire: signal for signal in self.found.signals}
        heads = {wire.partition(".")[0] for wire in signals}
        time = {} if self.found.plain or self.found.time in ("", "t") else {self.found.time: "t"}
        apart = {
            name: f"told_{name}"
            for name in RESERVED
            if name in heads and (self.found.plain or not _meant(name, signals.get(name)))
        }
        # A function names the twin by `id`, so that no key of the payload can be called so.
        named = {"id": "told_id"} if "id" in heads and self.odd and not self.found.plain else {}
        return apart | named | time

    @property
    def suffix(self) -> str:
        """How topics name the encoding."""
        return next((form.suffix for form in FORMS if form.encoding.name == self.found.encoding), "json")

    @property
    def read(self) -> bool:
        """Whether a mapping function is needed: what `px.mqtt` cannot say alone."""
        found, where = self.found, self.found.places
        if self.sparkplug:
            return False
        known = found.told or Encoding[found.encoding] in _NATIVE or (found.plain and self.suffix == "text")
        several = len(where.ids) > 1 or len(where.signals) > 1
        twins = not where.ids and (not found.owner or found.owner == "SenML")
        return bool(self.rename) or self.literal or not known or several or twins or self.odd

    @property
    def odd(self) -> bool:
        """Whether no single level of topics is the name of a twin as it is."""
        ids = self.found.places.ids
        told = [topic.split("/") for topic in self.found.topics]
        if self.literal or len(ids) > 1 or not (ids or self.found.owner):
            return True
        return any(plain_id(one[place]) != one[place] for one in told for place in ids)


@final
@dataclass(slots=True)
class Kind:
    """One type: its signals by name, its facts of topics, its mappings."""

    name: str
    twins: set[str]
    mappings: list[Planned]
    signals: dict[str, Signal] = field(default_factory=dict[str, Signal])
    facts: list[str] = field(default_factory=list[str])


def plan(found: Sequence[Found]) -> tuple[list[Kind], list[Found]]:
    """The types of a draft, in the order of their fleets, and what it leaves out."""
    usable = sorted(filter(_usable, found), key=lambda one: -one.messages)[:MOST_PATTERNS]
    mappings = _apart([Planned(one, one.pattern) for one in usable])
    kinds: list[Kind] = []
    for mapping in mappings:
        _joined(mapping, kinds)
    _settled(kinds)
    for kind in kinds:
        for mapping in kind.mappings:
            _signals(mapping, kind)
        _facts(kind)
    return kinds, [one for one in found if not any(mapping.found is one for mapping in mappings)]


def wire_of(mapping: Planned, signal: Signal) -> str:
    """The name under which Pollux hears a signal: renamed where `t`, `seq` or `boot` are meant otherwise."""
    head, dot, rest = signal.wire.partition(".")
    return f"{mapping.rename.get(head, head)}{dot}{rest}"


def _meant(name: str, signal: Signal | None) -> bool:
    """Whether a payload means by `t`, `seq` or `boot` what Pollux means: the time, a count, the life of a device."""
    if signal is None:
        return False
    if name == "t":
        return signal.kind == "time"
    if name == "boot":
        return signal.kind in ("text", "choice") and not signal.nulls
    low, high = signal.low, signal.high
    return signal.whole and low is not None and high is not None and 0 <= low < high and not signal.nulls


def _usable(found: Found) -> bool:
    orders = found.encoding == Encoding.SPARKPLUG.name and not {*found.pattern.split("/")}.isdisjoint(ORDERS)
    odd = any(set(topic) & _BESIDES for topic in found.topics)
    return any(one.kind in KEPT and not one.secret for one in found.signals) and not orders and not odd


def _apart(mappings: Sequence[Planned]) -> list[Planned]:
    """Mappings in an order in which each hears its own topics; those that would take others' become literal."""
    ordered = sorted(mappings, key=lambda one: (one.pattern.count("{"), len(one.found.topics), one.pattern))
    for place, mapping in enumerate(ordered):
        mapping.literal = _takes(mapping, ordered[place + 1 :])
    ordered.sort(key=lambda one: not one.literal)
    return [one for one in ordered if not one.literal or len(one.found.topics) <= MOST_LITERAL]


def _settled(kinds: list[Kind]) -> None:
    """Bring the types into an order in which each mapping hears its own: fleets are tried one after the other."""
    kinds.sort(key=lambda kind: max(0 if one.literal else 1 + one.pattern.count("{") for one in kind.mappings))
    for _ in range(_ROUNDS):
        order = [mapping for kind in kinds for mapping in kind.mappings]
        taker = next((one for place, one in enumerate(order) if _takes(one, order[place + 1 :])), None)
        if taker is None or len(taker.found.topics) > MOST_LITERAL:
            return
        taker.literal = True


def _takes(mapping: Planned, others: Sequence[Planned]) -> bool:
    """Whether a mapping would hear topics of others that come after it."""
    if mapping.literal or mapping.sparkplug:
        return False
    taken = Pattern(heard_as(mapping))
    return any(taken.read(topic) is not None for other in others for topic in other.found.topics)


def heard_as(mapping: Planned) -> str:
    """The pattern for `px.mqtt`: the levels of which a mapping function makes twin or signal are open."""
    levels = mapping.pattern.split("/")
    if not mapping.read:
        return mapping.pattern
    where = mapping.found.places
    open_ = {*where.signals, *(where.ids if mapping.odd or where.signals else ())}
    return "/".join("+" if place in open_ else level for place, level in enumerate(levels))


def _joined(mapping: Planned, kinds: list[Kind]) -> None:
    """Put a mapping to the type whose twins it also speaks of, else to one of its own."""
    twins = set(mapping.found.twins)
    first = mapping.pattern.partition("/")[0]
    for kind in kinds:
        same = any(one.pattern.partition("/")[0] == first or mapping.pattern.count("/") < 2 for one in kind.mappings)
        both = len(twins & kind.twins)
        if same and both and 2 * both >= min(len(twins), len(kind.twins)):
            kind.mappings.append(mapping)
            kind.twins |= twins
            return
    kinds.append(Kind(class_name(mapping.found, [kind.name for kind in kinds]), twins, [mapping]))


def _signals(mapping: Planned, kind: Kind) -> None:
    kept: list[str] = []
    for signal in mapping.found.signals:
        wire = wire_of(mapping, signal)
        why = _left_out(signal, mapping)
        if why:
            mapping.ignore[wire] = why
        elif (mapping.sparkplug or wire not in RESERVED) and signal.wire != mapping.found.owner:
            mapping.names[wire] = _name(wire, signal, kind, mapping)
            kept.append(wire)
    _whole(mapping, kept)


def _name(wire: str, signal: Signal, kind: Kind, mapping: Planned) -> str:
    """The signal of a wire name: one that the type has already, where it is of the same kind and words."""
    used = set(mapping.names.values())
    for name, known in kind.signals.items():
        alike = known.wire == signal.wire and known.kind == signal.kind and known.unit == signal.unit
        if alike and known.words == signal.words and name not in used:
            return name
    name = signal_name(wire, kind.signals)
    kind.signals[name] = signal
    return name


def _left_out(signal: Signal, mapping: Planned) -> str:
    """Why a signal is not taken into the draft, empty where it is."""
    wire = wire_of(mapping, signal)
    if wire in RESERVED and not mapping.sparkplug:
        return ""
    if signal.secret:
        return "looks like a secret"
    if mapping.sparkplug and signal.wire.startswith(ALIAS):
        return "an alias: its metric is named at the birth of its node"
    if mapping.sparkplug and of_protocol(signal.wire):
        return "of the protocol, not of the thing"
    if signal.unreadable:
        return f"its unit is told as {signal.unreadable!r}, which Pollux does not read"
    if signal.kind == "text" and signal.nulls:
        return "a text that is sometimes null"
    return _WHY.get(signal.kind, "")


_WHY: Final = {
    "time": "a time that is not the payload's own",
    "list": "a list, or bytes",
    "long": "a text of more than 4,096 characters",
    "mixed": "values of several kinds",
    "nothing": "always null",
}


def _whole(mapping: Planned, kept: Sequence[str]) -> None:
    """Ignore the outermost object in which nothing is kept, too: only its name is seen then.

    A key may have dots of its own, so that the whole name stays.
    """
    whole: dict[str, str] = {}
    for wire, why in mapping.ignore.items():
        levels = wire.split(".")
        heads = [".".join(levels[:depth]) for depth in range(1, len(levels) + 1)]
        head = next((one for one in heads if not any(name == one or name.startswith(f"{one}.") for name in kept)), wire)
        if head:
            whole.setdefault(head, why)
        whole.setdefault(wire, why)
    mapping.ignore = whole


def _facts(kind: Kind) -> None:
    """The facts that topics tell; one that a payload tells too gets another name."""
    wires = {wire for mapping in kind.mappings for wire in mapping.names}
    for mapping in kind.mappings:
        for place, name in () if mapping.sparkplug else mapping.found.places.facts:
            taken = name in kind.signals or name in wires or signal_name(name, ()) != name
            free = f"topic_{name}" if taken else name
            levels = mapping.pattern.split("/")
            levels[place] = f"{{{free}}}"
            mapping.pattern = "/".join(levels)
            if free not in kind.facts:
                kind.facts.append(free)
