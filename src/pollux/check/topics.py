"""Topics: what each topic heard so far says, worked out once and then looked up by its bytes."""

from collections.abc import Mapping, Sequence
from typing import Final, final

import numpy as np

from pollux.check.bounds import Bounds
from pollux.check.faults import Fault, shown
from pollux.check.ids import fault as id_fault
from pollux.check.patterns import Address
from pollux.check.vocabulary import Key, Vocabulary
from pollux.columns.arrays import I32
from pollux.columns.block import Block
from pollux.columns.frames import Encoding
from pollux.columns.quality import Reason

NO_ENTRY: Final = -1
IGNORED: Final = -1


@final
class Entry:
    """One topic: the vocabulary it speaks, the row of its twin, the signal it names, facts it tells.

    `row` is -1 where the payload names the twin, `vocabulary` is IGNORED where the mapping says so.
    """

    __slots__ = ("channel", "encoding", "facts", "row", "topic", "vocabulary")

    def __init__(
        self, topic: str, vocabulary: int, row: int, channel: Key | None, encoding: Encoding, facts: Mapping[str, str]
    ) -> None:
        self.topic = topic
        self.vocabulary = vocabulary
        self.row = row
        self.channel = channel
        self.encoding = encoding
        self.facts = facts


@final
class Topics:
    """The topics known, as a dictionary and as columns; new twins get the rows that their block will give them."""

    __slots__ = (
        "_blocks",
        "_bounds",
        "_epochs",
        "_index",
        "_keys",
        "_vocabularies",
        "columns",
        "entries",
        "generation",
        "newcomers",
    )

    def __init__(self, vocabularies: Sequence[Vocabulary], blocks: Mapping[str, Block], bounds: Bounds) -> None:
        self._vocabularies = vocabularies
        self._blocks = blocks
        self._bounds = bounds
        self._epochs: dict[str, tuple[int, int]] = {}
        self.newcomers: dict[str, dict[str, int]] = {}
        self.generation = 0
        self.forget()

    def forget(self) -> None:
        """Know no topic any more: a new generation begins."""
        self.generation += 1
        self.entries: list[Entry] = []
        self._index: dict[bytes, int] = {}
        self._keys: list[bytes] = []
        self.columns = EntryColumns()

    def begin(self) -> bool:
        """Begin a batch; False when rows have changed their owners since, so that all topics were forgotten."""
        epochs = {name: (id(block), block.epoch) for name, block in self._blocks.items()}
        settled = all(
            self._blocks[name].row_of.get(id) == row for name, new in self.newcomers.items() for id, row in new.items()
        )
        kept = settled and epochs == self._epochs and len(self.entries) < self._bounds.topics
        if not kept:
            self.forget()
        self._epochs = epochs
        self.newcomers = {}
        return kept

    def find(self, topic: bytes) -> int:
        """The entry of a topic; `Fault` for one that says nothing here."""
        found = self._index.get(topic)
        return self._learn(topic) if found is None else found

    def named(self, vocabulary: int, id: object, topic: str) -> int:
        """The entry of a twin that a payload names."""
        if not isinstance(id, str):
            raise Fault(Reason.BAD_ID, f"expected an id, got {shown(id)}", path="$.id")
        key = b"\0%d\0" % vocabulary + id.encode(errors="backslashreplace")
        found = self._index.get(key)
        if found is not None:
            return found
        row = self._row(self._vocabularies[vocabulary], id)
        return self._enter(key, Entry(topic, vocabulary, row, None, Encoding.GUESS, {}))

    def _learn(self, topic: bytes) -> int:
        try:
            text = topic.decode()
        except UnicodeDecodeError:
            raise Fault(Reason.UNKNOWN_TOPIC, "expected a topic in UTF-8, got other bytes") from None
        for number, vocabulary in enumerate(self._vocabularies):
            address = vocabulary.pattern.read(text)
            if address is not None:
                return self._enter(topic, self._entry(text, number, vocabulary, address))
        raise Fault(Reason.UNKNOWN_TOPIC, f"expected a topic that a mapping knows, got {shown(text)}")

    def _entry(self, topic: str, number: int, vocabulary: Vocabulary, address: Address) -> Entry:
        if address.signal in vocabulary.ignore:
            return Entry(topic, IGNORED, -1, None, address.encoding, {})
        channel = None if address.signal is None else _channel(vocabulary, address.signal)
        row = -1 if address.id is None else self._row(vocabulary, address.id)
        facts = {name: address.facts[name] for name in vocabulary.facts}
        return Entry(topic, number, row, channel, address.encoding, facts)

    def keys(self, start: int) -> list[bytes]:
        """The topics in the order of their entries, from number `start` on."""
        return self._keys[start:]

    def _enter(self, key: bytes, entry: Entry) -> int:
        number = len(self.entries)
        self.entries.append(entry)
        self._index[key] = number
        self._keys.append(key)
        self.columns.append(entry)
        return number

    def _row(self, vocabulary: Vocabulary, id: str) -> int:
        name = vocabulary.schema.name
        block, new = self._blocks[name], self.newcomers.setdefault(name, {})
        row = block.row_of.get(id, new.get(id))
        if row is not None:
            return row
        wrong = id_fault(id)
        if wrong is not None:
            raise Fault(Reason.BAD_ID, wrong)
        if not vocabulary.mapping.create:
            raise Fault(Reason.UNKNOWN_TWIN, f"expected a known {name}, got {id!r}")
        if len(block) + len(new) >= self._bounds.twins:
            raise Fault(Reason.TOO_MANY, f"expected at most {self._bounds.twins} twins of {name}, got one more")
        reused = len(new) < len(block.vacant)
        new[id] = block.vacant[len(new)] if reused else block.rows + len(new) - len(block.vacant)
        return new[id]


def _channel(vocabulary: Vocabulary, wire: str) -> Key:
    key = vocabulary.keys.get(wire)
    if key is None:
        raise vocabulary.missing(wire)
    return key


@final
class EntryColumns:
    """What the entries say, as arrays: looked up for a whole batch at once."""

    __slots__ = ("_count", "_table")

    def __init__(self) -> None:
        self._table: I32 = np.empty((5, 64), np.int32)
        self._count = 0

    def append(self, entry: Entry) -> None:
        """Add an entry."""
        if self._count == self._table.shape[1]:
            self._table = np.concatenate((self._table, np.empty_like(self._table)), axis=1)
        channel = -1 if entry.channel is None else entry.channel.signal
        self._table[:, self._count] = entry.vocabulary, entry.row, channel, entry.encoding, bool(entry.facts)
        self._count += 1

    @property
    def vocabulary(self) -> I32:
        """The number of the vocabulary; IGNORED for topics that say nothing."""
        return self._table[0, : self._count]

    @property
    def row(self) -> I32:
        """The row of the twin."""
        return self._table[1, : self._count]

    @property
    def channel(self) -> I32:
        """The signal that the topic names, -1 for none."""
        return self._table[2, : self._count]

    @property
    def encoding(self) -> I32:
        """The encoding that the topic names."""
        return self._table[3, : self._count]

    @property
    def telling(self) -> I32:
        """1 for topics that tell facts."""
        return self._table[4, : self._count]
