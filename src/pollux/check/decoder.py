"""The decoder: frames to columns, for all types of one tenant.

What it says depends on the frames and the blocks alone. Topics, names and hashes that it remembers only make it faster,
and so does the compiled scanner: with it or without it the columns are the same, bit for bit.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any, final

import numpy as np

from pollux.check.assemble import Assembled, assemble
from pollux.check.believe import Belief
from pollux.check.blockscan import BlockScanner
from pollux.check.bounds import Bounds
from pollux.check.calibration import Calibration, Calibrations
from pollux.check.called import called
from pollux.check.cutter import compiled_cutter
from pollux.check.document import DocumentReader
from pollux.check.doubts import Jury
from pollux.check.facts import TopicFacts
from pollux.check.faults import Fault
from pollux.check.following import AbstractCheck, Inspector
from pollux.check.lives import Lives
from pollux.check.mapping import NATIVE, TopicMapping, mqtt
from pollux.check.naming import named
from pollux.check.payload import Reading, read_payload
from pollux.check.raw import Raw
from pollux.check.scanner import Scanner, compiled_scanner
from pollux.check.sealed import AbstractKeys, Opener
from pollux.check.telling import Telling
from pollux.check.topics import IGNORED, NO_ENTRY, Entry, Topics
from pollux.check.vocabulary import Vocabulary, topic_facts
from pollux.check.wire import doubts_of, wire_units
from pollux.columns.arrays import F64, I32, I64, U8, U16, Mask
from pollux.columns.batch import Decoded, Refusal
from pollux.columns.block import Block
from pollux.columns.frames import Encoding, Frames
from pollux.columns.inspector import AbstractInspector
from pollux.columns.judge import AbstractJudge
from pollux.columns.quality import Reason


def decode(frames: Frames, mappings: Mapping[str, Sequence[TopicMapping]], blocks: Mapping[str, Block]) -> Decoded:
    """What some frames say, once: a `Decoder` remembers what it worked out and is the one to keep.

    Time is the frames' own arrival, which is in the log: a replay decides as the first run did.
    """
    return Decoder(mappings, blocks).decode(frames)


@final
class Decoder:
    """Decodes the frames of one tenant into its blocks' types.

    `mappings` are those of each type by its name, tried in the order declared; after them every type also speaks the
    native layout. `blocks` are read, never written: new twins are announced in `Decoded.newcomers`. `judges` are what
    the mirror needs to doubt values by their neighbours, `inspectors` what it needs to follow devices over time by the
    `checks` of their type. `calibrations` of its twins turn what sensors show into what is true. `seals` open what
    devices have sealed.

    It is not safe to call from two threads at once; `compile` may be called from another one.
    """

    __slots__ = (
        "_beliefs",
        "_blocks",
        "_bounds",
        "_facts",
        "_lives",
        "_names",
        "_opener",
        "_packed",
        "_passes",
        "_scanner",
        "_topics",
        "_types",
        "inspectors",
        "judges",
        "vocabularies",
    )

    def __init__(
        self,
        mappings: Mapping[str, Sequence[TopicMapping]],
        blocks: Mapping[str, Block],
        *,
        bounds: Bounds | None = None,
        checks: Mapping[str, Sequence[AbstractCheck]] | None = None,
        calibrations: Mapping[str, Sequence[Calibration]] | None = None,
        seals: AbstractKeys | None = None,
    ) -> None:
        self._bounds = bounds or Bounds()
        self._names = tuple(blocks)
        bound = _bound(mappings, blocks)
        self.vocabularies = tuple(vocabulary for _, vocabulary in bound)
        self._types = np.array([number for number, _ in bound], np.int32)
        doubts = {name: doubts_of(mappings.get(name, ()), block) for name, block in blocks.items()}
        curves = {name: Calibrations(blocks[name].schema, some) for name, some in (calibrations or {}).items() if some}
        self._beliefs = [
            Belief(block.schema, doubts[name], self._bounds, curves.get(name)) for name, block in blocks.items()
        ]
        juries = {name: Jury(block.schema, doubts[name]) for name, block in blocks.items()}
        self.judges: Mapping[str, AbstractJudge] = {name: jury for name, jury in juries.items() if jury.signals}
        self.inspectors: Mapping[str, Callable[[], AbstractInspector]] = {
            name: partial(Inspector, blocks[name].schema, some, wire_units(mappings.get(name, ()), blocks[name]))
            for name, some in (checks or {}).items()
            if some
        }
        self._blocks = blocks
        self._topics = Topics(self.vocabularies, blocks, self._bounds)
        self._facts = TopicFacts(self.vocabularies, blocks, self._bounds.text)
        self._lives = Lives()
        self._scanner: Scanner | None = None
        self._passes: ModuleType | None = None
        self._packed = BlockScanner(self.vocabularies, self._bounds)
        self._opener = Opener(self.vocabularies, seals, self._bounds)

    def compile(self) -> bool:
        """Use the compiled scanner from the next batch on; False where numba is missing.

        Takes seconds the first time on a machine, and a fraction of one after that.
        """
        scanner = compiled_scanner(self.vocabularies, self._bounds)
        if scanner is None:
            return False
        passes = import_module("pollux.check.kernel_samples")
        passes.warm()
        cutter = compiled_cutter(len(self.vocabularies), self._bounds)
        self._packed = BlockScanner(self.vocabularies, self._bounds, cutter)
        self._passes, self._scanner = passes, scanner
        return True

    @property
    def compiled(self) -> bool:
        """Whether the compiled scanner is in use."""
        return self._scanner is not None

    def decode(self, frames: Frames) -> Decoded:
        """What the frames say; what cannot be decoded is in `refusals`, nothing is raised for it."""
        if not self._topics.begin():
            self._facts.forget()
        self._lives.begin()
        scanner, telling = self._scanner, Telling(self._lives)
        entry, heard = self._located(frames, scanner, telling), frames
        frames, sealed = self._opener.open(frames, entry, self._topics, telling)
        rest: Mask = entry != NO_ENTRY
        scanned: list[Raw] = []
        if scanner is not None:
            raw, rest = scanner.scan(frames, entry, self._topics, self._lives)
            scanned.append(raw)
        packed, rest = self._packed.scan(frames, entry, rest, self._topics, self._lives)
        self._tell(frames, entry, rest, telling)
        raw = self._opener.counted(Raw.join([*scanned, *packed, telling.raw()]), sealed, telling)
        raw = self._with_facts(raw, frames, telling)
        self._know_rows()
        made = assemble(
            raw,
            frames,
            self._topics.columns,
            types=self._types,
            beliefs=self._beliefs,
            lives=self._lives,
            kernels=self._passes,
        )
        return self._decoded(made, _refusals(heard, telling.faults), len(frames))

    def calibration(self, name: str, twin: str, signal: int, at: int) -> Calibration | None:
        """The calibration that is applied to what a twin measures at a moment, None where there is none."""
        curves = self._beliefs[self._names.index(name)].calibrations
        return None if curves is None else curves.of(twin, signal, at)

    def believed(
        self, name: str, row: int, signal: int, value: F64, event_time: I64, arrival: I64, told: U8
    ) -> tuple[U8, U16]:
        """What samples (n,) of one signal of a twin were worth by themselves, and why; `told` is their quality then."""
        self._know_rows()
        return self._beliefs[self._names.index(name)].again(row, signal, value, event_time, arrival, told)

    def _know_rows(self) -> None:
        """Let calibrations know the rows of their twins, those too that the batch brings."""
        for name, belief in zip(self._names, self._beliefs, strict=True):
            if belief.calibrations is not None:
                block, new = self._blocks[name], self._topics.newcomers.get(name, {})
                belief.calibrations.know(block.row_of, new, (id(block), block.epoch, block.rows, len(new)))

    def _located(self, frames: Frames, scanner: Scanner | None, telling: Telling) -> I32:
        """The entry of each frame's topic; faults for the topics that have none."""
        entry = np.full(len(frames), NO_ENTRY, np.int32) if scanner is None else scanner.locate(frames, self._topics)
        unknown = np.flatnonzero(entry == NO_ENTRY)
        arena, found = frames.arena, list[int]()
        for i, (start, length) in zip(unknown.tolist(), frames.index[unknown, :2].tolist(), strict=True):
            try:
                found.append(self._topics.find(arena[start : start + length]))
            except Fault as fault:
                found.append(NO_ENTRY)
                telling.faults.append((i, fault))
        entry[unknown] = found
        return entry

    def _tell(self, frames: Frames, entry: I32, rest: Mask, telling: Telling) -> None:
        """Tell the frames that the scanner left, document by document."""
        places = np.flatnonzero(rest)
        if not len(places):
            return
        readers = [DocumentReader(vocabulary, self._bounds, telling) for vocabulary in self.vocabularies]
        arena, entries = frames.arena, self._topics.entries
        numbers: list[int] = entry[places].tolist()
        spans: list[tuple[int, int]] = frames.index[places, 2:].tolist()
        encodings: list[int] = frames.encoding[places].tolist()
        for i, number, (start, length), encoding in zip(places.tolist(), numbers, spans, encodings, strict=True):
            known = entries[number]
            if known.vocabulary != IGNORED:
                try:
                    self._check_length(length)
                    payload = arena[start : start + length]
                    reader = readers[known.vocabulary]
                    self._tell_one(payload, encoding, known, reader, frames, telling, frame=i, entry=number)
                except Fault as fault:
                    telling.faults.append((i, fault))

    def _check_length(self, length: int) -> None:
        longest = self._bounds.payload
        if length > longest:
            raise Fault(Reason.TOO_LARGE, f"expected a payload of at most {longest} bytes, got {length}")

    def _tell_one(
        self,
        payload: bytes,
        encoding: int,
        known: Entry,
        reader: DocumentReader,
        frames: Frames,
        telling: Telling,
        *,
        frame: int,
        entry: int,
    ) -> None:
        vocabulary = self.vocabularies[known.vocabulary]
        mapping, how, about = vocabulary.mapping, encoding or known.encoding, None
        if how > Encoding.TEXT:
            about = Reading(int(frames.arrival[frame]), mapping.columns, vocabulary.texts)
        if mapping.read is not None:
            documents = called(mapping.read, known.topic, payload)
        elif mapping.twin is not None:
            documents = named(payload, how, about, mapping.twin)
        else:
            document = _document(payload, how, known, about)
            reader.tell(document, frame=frame, entry=entry, channel=known.channel)
            return
        for told in documents:
            try:
                whose = self._whose(told, known, entry)
                reader.tell(told, frame=frame, entry=whose, channel=known.channel)
            except Fault as fault:
                telling.faults.append((frame, fault))

    def _whose(self, told: dict[Any, Any], known: Entry, entry: int) -> int:
        """The entry of the twin that a document is of: the topic's, or that of its `id`."""
        return entry if known.row >= 0 else self._topics.named(known.vocabulary, told.pop("id", None), known.topic)

    def _with_facts(self, raw: Raw, frames: Frames, telling: Telling) -> Raw:
        facts = Telling(self._lives, faults=telling.faults)
        self._facts.tell(raw, frames, self._topics, facts)
        return Raw.join([raw, facts.raw()]) if facts.frame else raw

    def _decoded(self, made: Mapping[int, Assembled], refusals: tuple[Refusal, ...], frames: int) -> Decoded:
        return Decoded(
            batches={self._names[number]: one.batch for number, one in made.items()},
            refusals=refusals,
            texts={self._names[number]: one.texts for number, one in made.items()},
            messages={self._names[number]: one.messages for number, one in made.items()},
            newcomers={name: tuple(new) for name, new in self._topics.newcomers.items() if new},
            frames=frames,
        )


def _bound(mappings: Mapping[str, Sequence[TopicMapping]], blocks: Mapping[str, Block]) -> list[tuple[int, Vocabulary]]:
    """Every mapping bound to its type, with the number of the type; the native layout comes after all declared ones."""
    declared: list[tuple[int, Vocabulary]] = []
    native: list[tuple[int, Vocabulary]] = []
    for number, (name, block) in enumerate(blocks.items()):
        own, schema = mappings.get(name, ()), block.schema
        told = frozenset[str]().union(*(topic_facts(mapping, schema) for mapping in own))
        declared += [(number, Vocabulary(mapping, schema, elsewhere=told)) for mapping in own]
        if not any(mapping.pattern.text == NATIVE for mapping in own):
            default = mqtt(create=all(mapping.create for mapping in own))
            native.append((number, Vocabulary(default, schema, elsewhere=told)))
    return declared + native


def _document(payload: bytes, encoding: int, known: Entry, about: Reading | None) -> Any:
    """The document of a payload; a topic of one signal may also carry plain text."""
    try:
        return read_payload(payload, encoding, about)
    except Fault:
        if known.channel is None or encoding != Encoding.GUESS:
            raise
        return read_payload(payload, Encoding.TEXT)


def _refusals(frames: Frames, faults: Sequence[tuple[int, Fault]]) -> tuple[Refusal, ...]:
    return tuple(_refusal(frames, i, fault) for i, fault in sorted(faults, key=lambda pair: pair[0]))


def _refusal(frames: Frames, i: int, fault: Fault) -> Refusal:
    told = bytes(frames.topic(i)), bytes(frames.payload(i))
    origin, arrival = frames.sender(i), int(frames.arrival[i])
    return Refusal.of(i, arrival, origin, fault.reason, fault.told, topic=told[0], payload=told[1])
