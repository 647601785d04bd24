"""A signal as it was seen in many messages: its kind, its range, its words, its unit, and what looks personal in it."""

import math
from collections import Counter
from datetime import datetime
from typing import Final, Literal, final

import msgspec

from pollux.check.faults import Fault
from pollux.check.times import read_time
from pollux.clock import DAY
from pollux.site.survey.guess import NO_GUESS, is_unit, unit_of, words
from pollux.site.survey.leaves import Leaf
from pollux.site.survey.personal import personal, secret

SignalKind = Literal["number", "flag", "choice", "text", "position", "time", "list", "long", "mixed", "nothing"]
CHOICES: Final = 8
LONGEST_TEXT: Final = 4_096
_TEXTS: Final = 64
_LONGEST_WORD: Final = 24
_OFTEN: Final = 3
"""A text is one of few words when each was heard so often on average."""

_TIMES: Final = frozenset(("t", "time", "timestamp", "ts", "date", "datetime", "tst", "at", "utc"))
_YEARS: Final = 30 * 365 * DAY


@final
class Signal(msgspec.Struct, frozen=True):
    """One signal: `wire` is its path in payloads, `values` how many were seen.

    `unit` is in the words of Pollux, empty where it is not known, `why` the reason for it and `sure` how sure it is.
    `quantity` says that its unit travels with each value; `unreadable` is a unit so told that Pollux does not know.
    `personal` is what looks personal about it, `secret` that its values are in no report.
    """

    wire: str
    kind: SignalKind
    values: int
    nulls: int
    low: float | None
    high: float | None
    words: tuple[str, ...]
    unit: str
    why: str
    sure: str
    quantity: bool
    unreadable: str
    personal: str
    secret: bool
    whole: bool


@final
class Seen:
    """What is gathered of one signal, in bounded memory."""

    __slots__ = ("_kinds", "_long", "_near", "_quantity", "_texts", "_units", "_whole", "high", "low", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self.low, self.high = math.inf, -math.inf
        self._kinds: Counter[str] = Counter()
        self._texts: Counter[str] = Counter()
        self._units: Counter[str] = Counter()
        self._whole, self._quantity, self._long = True, False, False
        self._near = 0

    def see(self, leaf: Leaf, arrival: int) -> None:
        """Take one value that came at `arrival`."""
        self._kinds[leaf.kind] += 1
        self._quantity = self._quantity or leaf.quantity
        if leaf.unit:
            self._units[leaf.unit] += 1
        number = _finite(leaf.value) if leaf.kind == "number" else None
        if number is not None:
            self.low, self.high = min(self.low, number), max(self.high, number)
            self._whole = self._whole and number.is_integer()
        elif leaf.kind == "text" and (leaf.value in self._texts or len(self._texts) < _TEXTS):
            self._texts[leaf.value] += 1
        if leaf.kind == "text":
            self._long = self._long or len(leaf.value) > LONGEST_TEXT
        self._near += _is_time(self.path, leaf.value, arrival)

    def signal(self, name: str) -> Signal:
        """What it is; `name` is what is said of its meaning: the path, or the last level of the topic."""
        kind = self._kind()
        hidden = secret(name)
        told = self._units.most_common(1)[0][0] if self._units else ""
        number = kind == "number" and self.low <= self.high
        guess = unit_of(name, told, self.low, self.high) if number else NO_GUESS
        unreadable = "" if not self._quantity else next((one for one in self._units if not is_unit(one)), "")
        return Signal(
            wire=self.path,
            kind=kind,
            values=self._kinds.total() - self._kinds["null"],
            nulls=self._kinds["null"],
            low=self.low if number and not hidden else None,
            high=self.high if number and not hidden else None,
            words=tuple(sorted(self._texts)) if kind == "choice" and not hidden else (),
            unit=guess.unit,
            why=guess.why if number else "",
            sure=guess.sure,
            quantity=self._quantity,
            unreadable=unreadable,
            personal=personal(name, "position" if kind == "position" else "text", list(self._texts)),
            secret=hidden,
            whole=self._whole,
        )

    def _kind(self) -> SignalKind:
        kinds = {kind for kind in self._kinds if kind != "null"}
        if not kinds:
            return "nothing"
        if len(kinds) > 1:
            return "mixed"
        (kind,) = kinds
        if self._near and self._near == self._kinds.total() - self._kinds["null"]:
            return "time"
        if self._long:
            return "long"
        if kind == "text":
            return "choice" if self._few() and not personal(self.path, "text", list(self._texts)) else "text"
        if kind == "number":
            return "number" if not self._on_off() else "flag"
        return kind  # type: ignore[return-value]  # the names of the rest are the same

    def _few(self) -> bool:
        heard, told = self._texts.total(), self._kinds["text"]
        return (
            all(map(_is_word, self._texts))
            and heard == told
            and 1 < len(self._texts) <= CHOICES
            and heard >= _OFTEN * len(self._texts)
        )

    def _on_off(self) -> bool:
        return self._whole and (self.low, self.high) == (0.0, 1.0) and self._kinds["number"] >= 2 * _OFTEN


def _finite(number: float) -> float | None:
    """A number as a float, None for one that is none or is too large for one: CBOR tells such."""
    try:
        return float(number) if math.isfinite(number) else None
    except OverflowError:
        return None


def _is_word(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_WORD and text.isprintable() and text == text.strip()


def _is_time(path: str, value: object, arrival: int) -> bool:
    """Whether a value is a moment: its name says so, and it lies within thirty years of its arrival."""
    parts = words(path.rpartition(".")[2])
    if (
        not parts
        or parts[-1] not in _TIMES
        or isinstance(value, bool)
        or not isinstance(value, int | float | str | datetime)
    ):
        return False
    try:
        return abs(read_time(value) - arrival) < _YEARS
    except Fault:
        return False
