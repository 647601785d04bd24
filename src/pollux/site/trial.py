"""Mappings tried on sample messages: what would arrive where, or why it would not. Nothing is opened, nothing kept."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, final

import msgspec

from pollux.check.vocabulary import Key, Vocabulary
from pollux.clock import iso
from pollux.columns.batch import Batch, Decoded, Place, Refusal, Texts
from pollux.columns.frames import Frames, Message, Origin
from pollux.columns.quality import Quality, Reason
from pollux.model.schema import Signal
from pollux.model.suggest import did_you_mean
from pollux.show.compose.reception import HINTS
from pollux.site.estate import Estate, Holding
from pollux.site.samples import Sample, Unreadable

MOST_TOPICS: Final = 1_000
"""Topics without a mapping that are counted one by one."""

_DEVICE: Final = "sample"
_PATH: Final = re.compile(r" - at \$(?:\[\d+\])?\.(.+)$")
_Keys = Mapping[tuple[str, int], tuple[Key, str]]


@final
class Told(msgspec.Struct, frozen=True):
    """One value: `told` in the unit of the mapping, `stored` in that of the columns; texts, flags, choices in words."""

    twin: str
    created: bool
    signal: str
    told: float | str | bool | Place | None
    told_unit: str | None
    stored: float | str | Place | None
    unit: str | None
    t: str
    quality: str
    reason: str | None


@final
class Turned(msgspec.Struct, frozen=True):
    """A message, or a part of one, that would be refused."""

    reason: str
    detail: str
    hint: str | None


@final
class Tried(msgspec.Struct, frozen=True):
    """What one message would do; a message of which nothing is told or refused is one that the mapping ignores."""

    line: int
    topic: str
    payload: str
    values: list[Told]
    refused: list[Turned]


@final
class Summary(msgspec.Struct):
    """What all messages would do together."""

    messages: int = 0
    values: int = 0
    doubted: int = 0
    twins: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    refused: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    unmapped: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    unreadable: int = 0


@final
class Trial:
    """Tries messages one by one; twins that a message would make are known to those after it."""

    def __init__(self, holdings: Sequence[Holding], tenant: str, now: int) -> None:
        self._estate = Estate(tenant, holdings)
        self._origin, self._now = Origin(tenant, _DEVICE), now
        self._patterns = [one.pattern.text for one in self._estate.decoder.vocabularies]
        self.summary = Summary()

    def one(self, sample: Sample | Unreadable) -> Tried | None:
        """What a message would do; None for a line that is none, which is counted."""
        if isinstance(sample, Unreadable):
            self.summary.unreadable += 1
            return None
        arrival = self._now if sample.arrival is None else sample.arrival
        message = Message(self._origin, sample.topic.encode(), sample.payload, arrival, sample.encoding)
        decoded = self._estate.decoder.decode(Frames.of([message]))
        # The twins are kept as a site would keep them: what a topic says again is told once.
        self._estate.mirror.apply(decoded)
        values = [*self._values(decoded, self._keys(sample.topic))]
        shown = Refusal.of(0, 0, self._origin, Reason.NONE, "", topic=message.topic, payload=sample.payload)
        refused = [self._turned(sample.topic, refusal) for refusal in decoded.refusals]
        tried = Tried(sample.line, shown.topic, shown.excerpt, values, refused)
        self._count(tried)
        return tried

    def _values(self, decoded: Decoded, keys: _Keys) -> Iterator[Told]:
        for name in decoded.batches:
            created = frozenset(decoded.newcomers.get(name, ()))
            told = [
                *self._numbers(name, decoded.batches[name], created, keys),
                *self._texts(name, decoded.texts[name], created),
            ]
            yield from told

    def _numbers(self, name: str, batch: Batch, created: frozenset[str], keys: _Keys) -> Iterator[Told]:
        block = self._estate.blocks[name]
        for i in range(len(batch)):
            place, row = int(batch.signal[i]), int(batch.row[i])
            value = float(batch.value[i])
            told, told_unit, stored, unit = _worded(block.schema.signals[place], keys.get((name, place)), value)
            reason = Reason(int(batch.reason[i]))
            yield Told(
                twin=f"{name}/{block.ids[row]}",
                created=block.ids[row] in created,
                signal=block.schema.signals[place].name,
                told=told,
                told_unit=told_unit,
                stored=stored,
                unit=unit,
                t=iso(int(batch.event_time[i])),
                quality=Quality(int(batch.quality[i])).word,
                reason=None if reason is Reason.NONE else reason.sentence,
            )

    def _texts(self, name: str, texts: Texts, created: frozenset[str]) -> Iterator[Told]:
        block = self._estate.blocks[name]
        for i, value in enumerate(texts.value):
            id = block.ids[int(texts.row[i])]
            signal = block.schema.signals[int(texts.signal[i])].name
            when = iso(int(texts.event_time[i]))
            yield Told(f"{name}/{id}", id in created, signal, value, None, value, None, when, Quality.GOOD.word, None)

    def _keys(self, topic: str) -> _Keys:
        """The keys of the mapping that reads a topic, each with its unit on the wire, by type and signal."""
        spoken = self._spoken(topic)
        if spoken is None:
            return {}
        units = spoken.mapping.units
        return {
            (spoken.schema.name, key.signal): (key, units.get(key.declared.name, str(key.declared.edge)))
            for key in spoken.keys.values()
        }

    def _spoken(self, topic: str) -> Vocabulary | None:
        vocabularies = self._estate.decoder.vocabularies
        return next((one for one in vocabularies if one.pattern.read(topic) is not None), None)

    def _turned(self, topic: str, refusal: Refusal) -> Turned:
        return Turned(refusal.reason.name.lower(), refusal.detail, self._hint(topic, refusal))

    def _hint(self, topic: str, refusal: Refusal) -> str | None:
        """What to try: the nearest pattern, the nearest name, else what is tried for such a reason."""
        found: str | None = None
        if refusal.reason is Reason.UNKNOWN_TOPIC:
            found = nearest(topic, self._patterns)
        elif refusal.reason is Reason.UNKNOWN_SIGNAL and (spoken := self._spoken(topic)) is not None:
            path = _PATH.search(refusal.detail)
            near = did_you_mean(path[1] if path else topic.rpartition("/")[2], spoken.keys)
            found = near or f"{spoken.schema.name} has {', '.join(sorted(spoken.keys)[:12])}; or names= and ignore="
        return found or HINTS.get(refusal.reason)

    def _count(self, tried: Tried) -> None:
        summary = self.summary
        summary.messages += 1
        summary.values += len(tried.values)
        summary.doubted += sum(value.quality != Quality.GOOD.word for value in tried.values)
        for value in tried.values:
            _more(summary.twins, value.twin)
        for turned in tried.refused:
            _more(summary.refused, turned.reason)
            if turned.reason == Reason.UNKNOWN_TOPIC.name.lower():
                _more(summary.unmapped, tried.topic)


def _more(counts: dict[str, int], name: str) -> None:
    """Count one more; beyond the bound of names all others count as one."""
    known = name if name in counts or len(counts) < MOST_TOPICS else "others"
    counts[known] = counts.get(known, 0) + 1


def _worded(
    signal: Signal, spoken: tuple[Key, str] | None, value: float
) -> tuple[float | str | bool | None, str | None, float | str | None, str | None]:
    """A number as it was told and as it is stored, each with its unit; flags and choices in their own words."""
    if value != value:
        return None, None, None, None
    if signal.kind == "flag":
        return value == 1.0, None, value, None
    if signal.kind == "choice":
        return signal.choices[int(value)], None, value, None
    if spoken is None:
        return value, str(signal.unit), value, str(signal.unit)
    key, unit = spoken
    return round((value - key.offset) / key.factor, 9), unit, value, str(signal.unit)


def nearest(topic: str, patterns: Sequence[str]) -> str | None:
    """The pattern that a topic nearly fits, and the level at which it does not.

    >>> nearest("plant/l1/P-7/telemetri", ["plant/{line}/{id}/telemetry", "lab/{id}"])
    "nearest pattern: plant/{line}/{id}/telemetry; level 4 is 'telemetri' and not 'telemetry'"
    >>> nearest("plant/P-7/telemetry", ["plant/{line}/{id}/telemetry"])
    'nearest pattern: plant/{line}/{id}/telemetry; it has 4 levels and the topic 3'
    """
    if not patterns:
        return None
    said = topic.split("/")
    best = max(patterns, key=lambda pattern: _fits(said, pattern.split("/")))
    levels = best.split("/")
    if len(levels) != len(said):
        return f"nearest pattern: {best}; it has {len(levels)} levels and the topic {len(said)}"
    words = [place for place, level in enumerate(levels) if not _open(level)]
    wrong = min(words, key=lambda place: _alike(said[place], levels[place]), default=0)
    return f"nearest pattern: {best}; level {wrong + 1} is {said[wrong][:60]!r} and not {levels[wrong]!r}"


def _fits(said: Sequence[str], levels: Sequence[str]) -> float:
    return sum(_alike(*pair) for pair in zip(said, levels, strict=False)) / max(len(said), len(levels))


def _alike(said: str, level: str) -> float:
    """How alike a level of a topic is to one of a pattern; a placeholder takes anything, for less than a word."""
    if _open(level):
        return 0.9
    return difflib.SequenceMatcher(None, said[:128], level).ratio()


def _open(level: str) -> bool:
    return "{" in level or level in ("+", "#")
