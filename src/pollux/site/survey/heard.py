"""What was heard, within bounds: of each topic how often and when, and a fair sample of its payloads."""

import random
from dataclasses import dataclass, field
from typing import Final, TypeVar, final

from pollux.columns.frames import Encoding

MOST_TOPICS: Final = 5_000
SAMPLES: Final = 32
INTERVALS: Final = 128
LONGEST: Final = 64 << 10
"""Bytes of a payload that is looked into; of a longer one only the size is known."""
MOST_BYTES: Final = 64 << 20

_T = TypeVar("_T")


@final
@dataclass(frozen=True, slots=True)
class Said:
    """One payload: its bytes, when it came (nanoseconds UTC), whether it was retained, its encoding where told."""

    payload: bytes
    arrival: int
    retained: bool = False
    encoding: Encoding = Encoding.GUESS


@final
@dataclass(slots=True)
class Heard:
    """One topic: `count` messages, `retained` of them published before; samples and intervals are reservoirs."""

    topic: str
    count: int = 0
    retained: int = 0
    bytes: int = 0
    large: int = 0
    first: int = 0
    last: int = 0
    longest: int = 0
    samples: list[Said] = field(default_factory=list[Said])
    intervals: list[int] = field(default_factory=list[int])

    @property
    def live(self) -> int:
        """Messages that were published while it was listened."""
        return self.count - self.retained


@final
class Ear:
    """Gathers messages in bounded memory: so many topics, so many payloads of each, so many bytes in all.

    Reservoirs (algorithm R: J. Vitter, Random sampling with a reservoir, 1985) keep every message of a topic with the
    same chance. `overheard` counts messages of topics beyond the bound, `unkept` payloads beyond the bytes.

    >>> ear = Ear()
    >>> ear.hear("a/b", b"21.5", 1)
    >>> ear.topics["a/b"].count
    1
    """

    def __init__(self, *, topics: int = MOST_TOPICS, kept: int = MOST_BYTES, seed: int = 1) -> None:
        self._most, self._left = topics, kept
        self._luck = random.Random(seed)  # noqa: S311 - a fair sample, no secret
        self.topics: dict[str, Heard] = {}
        self.messages = 0
        self.overheard = 0
        self.unkept = 0

    def hear(
        self, topic: str, payload: bytes, arrival: int, *, retained: bool = False, encoding: Encoding = Encoding.GUESS
    ) -> None:
        """Take one message."""
        self.messages += 1
        heard = self.topics.get(topic)
        if heard is None:
            if len(self.topics) >= self._most:
                self.overheard += 1
                return
            heard = self.topics[topic] = Heard(topic, first=arrival, last=arrival)
        heard.count += 1
        heard.bytes += len(payload)
        heard.retained += retained
        if not retained:
            self._timed(heard, arrival)
        if len(payload) > LONGEST:
            heard.large += 1
        else:
            self._kept(heard, Said(payload, arrival, retained, encoding))

    def _timed(self, heard: Heard, arrival: int) -> None:
        if heard.live > 1:
            passed = arrival - heard.last
            heard.longest = max(heard.longest, passed)
            _reservoir(heard.intervals, passed, heard.live - 1, INTERVALS, self._luck)
        heard.last = arrival

    def _kept(self, heard: Heard, said: Said) -> None:
        if len(said.payload) > self._left:
            self.unkept += 1
            return
        out = _reservoir(heard.samples, said, heard.count - heard.large, SAMPLES, self._luck)
        if out is not said:
            self._left -= len(said.payload) - (0 if out is None else len(out.payload))


def _reservoir(kept: list[_T], one: _T, seen: int, most: int, luck: random.Random) -> _T | None:
    """Keep one of `seen` in all; what leaves for it, which is itself where it was not taken."""
    if len(kept) < most:
        kept.append(one)
        return None
    place = luck.randrange(max(seen, 1))
    if place >= most:
        return one
    out, kept[place] = kept[place], one
    return out
