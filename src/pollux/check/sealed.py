"""Sealed payloads: opened before anything else is read, so that what is inside is read as if it had come plainly.

What the log keeps is what came, sealed. Whether it opens depends on the frame, on its arrival and on the keys, and on
nothing else; a key that is missing, has ended or speaks for others is the reason of a refusal.
"""

from collections.abc import Sequence
from typing import Final, Protocol, final

import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pollux.check.bounds import Bounds
from pollux.check.faults import Fault, shown
from pollux.check.packed import MAGIC
from pollux.check.raw import Raw
from pollux.check.telling import Telling
from pollux.check.topics import IGNORED, NO_ENTRY, Topics
from pollux.check.vocabulary import Vocabulary
from pollux.columns.arrays import I32, I64, U8, Mask
from pollux.columns.batch import NO_SEQUENCE
from pollux.columns.encodings import CONTENT_FORMATS, encoding_of
from pollux.columns.frames import Encoding, Frames, Origin
from pollux.columns.memory import NEVER
from pollux.columns.quality import Reason
from pollux.errors import PolluxError
from pollux.guard.cose import SEALED, CoseError, Sealed, read_sealed
from pollux.guard.sealing import KeptKey, bound_to

_NEVER_SEALED: Final = np.iinfo(np.int64).max
_MOST: Final = 1 << 16
_SMALL: Final = 4096


class AbstractKeys(Protocol):
    """Where keys are found by their id; `pollux.guard.sealing.SealKeys` is one."""

    def find(self, id: str) -> tuple[KeptKey, AESGCM] | None:
        """A key, with what opens; None where there is none."""
        ...


@final
class Opener:
    """Opens what is sealed in batches of one tenant, for the vocabularies of its types."""

    __slots__ = ("_asked", "_bounds", "_keys", "_origins", "_since", "_twins", "_vocabularies")

    def __init__(self, vocabularies: Sequence[Vocabulary], keys: AbstractKeys | None, bounds: Bounds) -> None:
        self._vocabularies, self._keys, self._bounds = vocabularies, keys, bounds
        since = [one.mapping.sealed for one in vocabularies]
        self._since: I64 = np.array([_NEVER_SEALED if one is None else one for one in since], np.int64)
        self._asked = any(one is not None for one in since)
        self._twins: dict[tuple[int, str], tuple[str, bytes]] = {}
        self._origins: dict[tuple[Origin, str], Origin] = {}

    def open(self, frames: Frames, entry: I32, topics: Topics, telling: Telling) -> tuple[Frames, Mask | None]:
        """The frames with what was sealed opened, and which those are, None for none; of what is refused the `entry` is
        taken away.
        """
        if not self._asked and not _may_hold(frames):
            return frames, None
        sealed, bare = self._kinds(frames, entry, topics)
        self._refuse(bare, entry, telling)
        if not sealed.any():
            return frames, None
        opened: dict[int, tuple[bytes, Encoding, Origin]] = {}
        for i in np.flatnonzero(sealed).tolist():
            try:
                known = topics.entries[int(entry[i])]
                opened[i] = self._opened(frames, i, known.vocabulary, known.topic)
            except Fault as fault:
                telling.faults.append((i, fault))
                entry[i], sealed[i] = NO_ENTRY, False
        return _with(frames, opened), sealed

    def counted(self, raw: Raw, sealed: Mask | None, telling: Telling) -> Raw:
        """What sealed payloads said with a number and a time; without, whoever sends one again would be believed."""
        if sealed is None:
            return raw
        inside = sealed[raw.frame]
        uncounted = inside & (raw.seq == NO_SEQUENCE)
        untimed = inside & (_some(raw.samples, raw.time == NEVER) | _some(raw.texts, raw.text_time == NEVER))
        for bad, reason, words in (
            (uncounted, Reason.BAD_SEQUENCE, "seq"),
            (untimed & ~uncounted, Reason.BAD_TIME, "t"),
        ):
            frames = np.unique(raw.frame[bad]).tolist()
            telling.faults += [
                (i, Fault(reason, f"expected {words} inside a sealed payload, got none")) for i in frames
            ]
        kept = ~(uncounted | untimed)
        return raw if kept.all() else raw.messages(np.flatnonzero(kept))

    def _kinds(self, frames: Frames, entry: I32, topics: Topics) -> tuple[Mask, Mask]:
        """Which frames are sealed, and which are not although their mapping says so."""
        known = entry != NO_ENTRY
        vocabulary, named = np.full(len(entry), IGNORED, np.int32), frames.encoding.astype(np.int32)
        vocabulary[known] = topics.columns.vocabulary[entry[known]]
        guessed = known & (named == Encoding.GUESS)
        named[guessed] = topics.columns.encoding[entry[guessed]]
        told = vocabulary != IGNORED
        sealed: Mask = told & ((named == Encoding.SEALED) | ((named == Encoding.GUESS) & _begins(frames)))
        bare = told & ~sealed
        if bare.any():
            bare[bare] = frames.arrival[bare] >= self._since[vocabulary[bare]]
        return sealed, bare

    @staticmethod
    def _refuse(bare: Mask, entry: I32, telling: Telling) -> None:
        for i in np.flatnonzero(bare).tolist():
            telling.faults.append((i, Fault(Reason.UNSEALED, "expected a sealed payload here, got a plain one")))
        entry[bare] = NO_ENTRY

    def _opened(self, frames: Frames, i: int, vocabulary: int, topic: str) -> tuple[bytes, Encoding, Origin]:
        start, length = frames.index[i, 2:].tolist()
        if length > self._bounds.payload:
            raise Fault(Reason.TOO_LARGE, f"expected a payload of at most {self._bounds.payload} bytes, got {length}")
        twin, bound = self._bound(vocabulary, topic)
        try:
            message = read_sealed(frames.arena[start : start + length])
        except CoseError as wrong:
            raise Fault(Reason.MALFORMED, str(wrong)) from None
        key, cipher = self._key(message.kid, twin, int(frames.arrival[i]))
        try:
            payload = message.opened(cipher, bound)
        except CoseError as wrong:
            raise Fault(Reason.TAMPERED, str(wrong)) from None
        return payload, _inside(message, payload), self._origin(frames.sender(i), key.name)

    def _bound(self, vocabulary: int, topic: str) -> tuple[str, bytes]:
        found = self._twins.get((vocabulary, topic))
        if found is None:
            of = self._vocabularies[vocabulary]
            address = of.pattern.read(topic)
            if address is None or address.id is None:
                raise Fault(Reason.MALFORMED, "expected a topic that names the twin of a sealed payload")
            if len(self._twins) >= _MOST:
                self._twins.clear()
            twin = f"{of.schema.name}/{address.id}"
            found = self._twins[vocabulary, topic] = twin, bound_to(twin, address.signal or "")
        return found

    def _key(self, kid: bytes, twin: str, arrival: int) -> tuple[KeptKey, AESGCM]:
        name = kid.decode(errors="backslashreplace")
        try:
            found = None if self._keys is None else self._keys.find(name)
        except PolluxError as error:
            raise Fault(Reason.NO_KEY, f"expected the key {shown(name)}: {error.message}") from None
        if found is None:
            raise Fault(Reason.NO_KEY, f"expected a key that is known here, got {shown(name)}")
        if not found[0].holds(arrival):
            raise Fault(Reason.NO_KEY, f"expected a key that holds at this time, got {name}, which does not")
        if not found[0].speaks_for(twin):
            raise Fault(Reason.NOT_ALLOWED, f"expected a key that speaks for {twin}, got {name}")
        return found

    def _origin(self, heard: Origin, name: str) -> Origin:
        """Whose counter it is: the key's, whatever way a message came, so that another way makes it no other one."""
        found = self._origins.get((heard, name))
        if found is None:
            if len(self._origins) >= _MOST:
                self._origins.clear()
            # No account's name holds a space: nobody else's numbers are mixed up with these.
            found = self._origins[heard, name] = Origin(heard.tenant, f"{name} sealed", heard.subject)
        return found


def _may_hold(frames: Frames) -> bool:
    """Whether anything here may be sealed; where nobody seals this is all that is paid for it."""
    if len(frames.arena) < _SMALL:
        # A batch of one message pays for no arrays.
        return SEALED in frames.arena
    first = np.frombuffer(frames.arena, np.uint8)[np.minimum(frames.index[:, 2], len(frames.arena) - 1)]
    return bool((first == SEALED[0]).any())


def _begins(frames: Frames) -> Mask:
    """Which payloads begin as sealed ones do."""
    long: Mask = frames.index[:, 3] >= len(SEALED)
    if long.any():
        begin = frames.index[long, 2]
        arena: U8 = np.frombuffer(frames.arena, np.uint8)
        long[long] = (arena[begin] == SEALED[0]) & (arena[begin + 1] == SEALED[1])
    return long


def _inside(message: Sealed, payload: bytes) -> Encoding:
    """How the payload inside is written: as its header says, else as its first bytes do."""
    told = message.content_type
    found = CONTENT_FORMATS.get(told, Encoding.GUESS) if isinstance(told, int) else encoding_of(told)
    if found is Encoding.SEALED:
        raise Fault(Reason.MALFORMED, "expected a plain payload inside a sealed one, got a sealed one")
    if found is Encoding.GUESS:
        return Encoding.BINARY if payload.startswith(MAGIC) else Encoding.JSON
    return found


def _some(counts: I64, which: Mask) -> Mask:
    """For each message, whether any of its members is among some."""
    found = np.zeros(len(counts), np.bool_)
    found[np.repeat(np.arange(len(counts)), counts)[which]] = True
    return found


def _with(frames: Frames, opened: dict[int, tuple[bytes, Encoding, Origin]]) -> Frames:
    """The frames with other payloads behind the arena."""
    index, encoding, origin = frames.index.copy(), frames.encoding.copy(), frames.origin.copy()
    origins = list(frames.origins)
    places = {id(one): number for number, one in enumerate(origins)}
    end = len(frames.arena)
    for i, (payload, how, sender) in opened.items():
        index[i, 2:] = end, len(payload)
        end += len(payload)
        if id(sender) not in places:
            places[id(sender)] = len(origins)
            origins.append(sender)
        encoding[i], origin[i] = how, places[id(sender)]
    return Frames(
        arena=b"".join((frames.arena, *(payload for payload, _, _ in opened.values()))),
        index=index,
        origin=origin,
        origins=tuple(origins),
        arrival=frames.arrival,
        encoding=encoding,
        qos=frames.qos,
    )
