"""Facts that topics tell: `plant/{line}/{id}/telemetry` says which line a twin belongs to."""

from collections.abc import Mapping, Sequence
from typing import Final, final

import numpy as np

from pollux.check.faults import Fault
from pollux.check.raw import Raw
from pollux.check.saying import say
from pollux.check.telling import Telling
from pollux.check.topics import Topics
from pollux.check.vocabulary import Key, Vocabulary
from pollux.columns.arrays import I32, I64
from pollux.columns.block import VACANT, Block
from pollux.columns.frames import Frames
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality
from pollux.columns.view import fact

_UNKNOWN: Final = -1
_FLAGS: Final[Mapping[str, float]] = {"true": 1.0, "1": 1.0, "on": 1.0, "false": 0.0, "0": 0.0, "off": 0.0}


@final
class TopicFacts:
    """Tells a fact of a topic where it differs from what the twin is known for.

    Whether it is told depends on the state and the message alone; which topic each row spoke under last is remembered
    only to look no further while that topic stays the same.
    """

    __slots__ = ("_any", "_blocks", "_last", "_longest", "_vocabularies")

    def __init__(self, vocabularies: Sequence[Vocabulary], blocks: Mapping[str, Block], longest: int) -> None:
        self._vocabularies = vocabularies
        self._any = any(vocabulary.facts for vocabulary in vocabularies)
        self._blocks = blocks
        self._longest = longest
        self.forget()

    def forget(self) -> None:
        """Look at every topic again."""
        self._last: dict[str, I32] = {}

    def tell(self, raw: Raw, frames: Frames, topics: Topics, telling: Telling) -> None:
        """Tell the facts that the messages' topics say anew; `raw` is in log order."""
        if not self._any:
            return
        entries = topics.columns
        speaking = entries.telling[raw.entry] == 1
        for number, vocabulary in enumerate(self._vocabularies):
            if vocabulary.facts:
                mine = np.flatnonzero(speaking & (entries.vocabulary[raw.entry] == number))
                self._look(raw, mine, frames, topics, number, telling)

    def _look(self, raw: Raw, mine: I64, frames: Frames, topics: Topics, number: int, telling: Telling) -> None:
        vocabulary = self._vocabularies[number]
        rows, entries = topics.columns.row[raw.entry[mine]], raw.entry[mine]
        last = self._room(vocabulary.schema.name, int(rows.max(initial=-1)) + 1)
        moved = np.unique(rows[last[rows] != entries])
        known = _Known(self._blocks[vocabulary.schema.name])
        for place in np.flatnonzero(np.isin(rows, moved)).tolist():
            row, entry = int(rows[place]), int(entries[place])
            if last[row] != entry:
                last[row] = entry
                telling.here = int(raw.frame[mine[place]])
                arrival = int(frames.arrival[telling.here])
                self._tell(vocabulary, topics.entries[entry].facts, row, arrival, known, telling)
                if telling.open:
                    telling.close(telling.here, entry)

    def _tell(
        self,
        vocabulary: Vocabulary,
        facts: Mapping[str, str],
        row: int,
        arrival: int,
        known: "_Known",
        telling: Telling,
    ) -> None:
        for name, text in facts.items():
            signal = vocabulary.facts[name]
            key = Key(name, signal, vocabulary.schema.signals[signal], 1.0, 0.0)
            value = _value(key, text)
            before, when = known.of(key, row)
            if value != before:
                # What a topic says holds from now on, even if a clock jumped back.
                now = arrival if arrival > when else when + 1
                known.told[signal, row] = value, now
                try:
                    say(telling, key, value, time=now, longest=self._longest)
                except Fault as wrong:
                    telling.faults.append((telling.here, wrong.at(f"{{{name}}} of the topic")))

    def _room(self, name: str, rows: int) -> I32:
        last = self._last.get(name, np.empty(0, np.int32))
        if len(last) < rows:
            last = np.concatenate((last, np.full(max(rows, len(last)), _UNKNOWN, np.int32)))
            self._last[name] = last
        return last


@final
class _Known:
    """What is known of facts, and since when: in the block, or told earlier in the same batch."""

    __slots__ = ("_block", "told")

    def __init__(self, block: Block) -> None:
        self._block = block
        self.told: dict[tuple[int, int], tuple[object, int]] = {}

    def of(self, key: Key, row: int) -> tuple[object, int]:
        """A fact of a row and its event time; None and NEVER where it is not known."""
        found = self.told.get((key.signal, row))
        if found is not None:
            return found
        block = self._block
        if row >= block.rows or block.ids[row] == VACANT or block.quality[key.signal, row] == Quality.MISSING:
            return None, int(NEVER)
        when = int(block.event_time[key.signal, row])
        if key.kind in ("text", "choice", "position"):
            return fact(block, key.signal, row), when
        return float(block.values[block.layout.signal_slot[key.signal], row]), when


def _value(key: Key, text: str) -> object:
    """A level of a topic as the value it stands for; what it cannot be stays a text, and is refused as one."""
    if key.kind == "flag":
        return _FLAGS.get(text.lower(), text)
    if key.kind != "number":
        return text
    try:
        return float(text)
    except ValueError:
        return text
