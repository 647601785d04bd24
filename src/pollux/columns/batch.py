"""What decoding makes of frames: columns of samples, texts, the messages they came in, and refusals.

Samples of one type are one `Batch`, in the order of the log. The samples of one message lie side by side, so that a
message that came twice is left out as one slice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias, final

import numpy as np

from pollux.columns.arrays import F64, I32, I64, U8, U16, Mask
from pollux.columns.frames import Origin
from pollux.columns.quality import Quality, Reason

NO_SEQUENCE = -1
WHOLE = -1
_EXCERPT = 120
_TOPIC = 256

Place: TypeAlias = tuple[float, float, float]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Samples of one type, each array of shape (n,).

    `row` is the twin, `signal` its index in the schema, `event_time` and `arrival` nanoseconds UTC, `value` in the
    signal's declared unit (flags 0 or 1, choices as their code), `frame` the frame it came in.
    """

    row: I32
    signal: I32
    event_time: I64
    arrival: I64
    value: F64
    quality: U8
    reason: U16
    frame: I32

    def __len__(self) -> int:
        return len(self.row)

    @staticmethod
    def empty() -> "Batch":
        """No samples."""
        return Batch(
            row=np.empty(0, np.int32),
            signal=np.empty(0, np.int32),
            event_time=np.empty(0, np.int64),
            arrival=np.empty(0, np.int64),
            value=np.empty(0, np.float64),
            quality=np.empty(0, np.uint8),
            reason=np.empty(0, np.uint16),
            frame=np.empty(0, np.int32),
        )

    @property
    def set_aside(self) -> Mask:
        """Samples that are kept and shown but never become a last value: bad ones, and those of an impossible time."""
        bad: Mask = (self.quality == Quality.BAD) | (self.reason == Reason.CLOCK)
        return bad

    def select(self, which: Mask | I64) -> "Batch":
        """The samples where a mask holds, or at given places, in that order."""
        return Batch(
            row=self.row[which],
            signal=self.signal[which],
            event_time=self.event_time[which],
            arrival=self.arrival[which],
            value=self.value[which],
            quality=self.quality[which],
            reason=self.reason[which],
            frame=self.frame[which],
        )


@final
@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Facts that are not numbers, told by devices: texts, and positions as three numbers."""

    row: I32
    signal: I32
    event_time: I64
    arrival: I64
    value: tuple[str | Place, ...]
    frame: I32

    def __len__(self) -> int:
        return len(self.value)

    @staticmethod
    def empty() -> "Texts":
        """No facts."""
        none, never = np.empty(0, np.int32), np.empty(0, np.int64)
        return Texts(row=none, signal=none, event_time=never, arrival=never, value=(), frame=none)

    def select(self, mask: Mask) -> "Texts":
        """The facts where `mask` holds, in their order."""
        return Texts(
            row=self.row[mask],
            signal=self.signal[mask],
            event_time=self.event_time[mask],
            arrival=self.arrival[mask],
            value=tuple(self.value[i] for i in np.flatnonzero(mask)),
            frame=self.frame[mask],
        )


@final
class Life(NamedTuple):
    """The life of one counter: whose it is and which one, so that `seq` 1 after a restart is not the old `seq` 1."""

    tenant: str
    device: str
    boot: str


@final
@dataclass(frozen=True, slots=True, eq=False)
class Messages:
    """The messages of one type, in log order, with what identifies them.

    `row` is the twin; `channel` the signal when the topic names one, else WHOLE: counters are kept apart for each.
    `seq` is NO_SEQUENCE where the device gives none, else `life[i]` counts into `lives`; a decoder goes on with one
    list of them, to which it only appends. The samples of message i are `samples[i] : samples[i + 1]` of the batch,
    its facts `texts[i] : texts[i + 1]`.
    """

    row: I32
    channel: I32
    frame: I32
    arrival: I64
    seq: I64
    life: I32
    lives: Sequence[Life]
    samples: I64
    texts: I64

    def __len__(self) -> int:
        return len(self.row)

    @staticmethod
    def empty() -> "Messages":
        """No messages."""
        none, never = np.empty(0, np.int32), np.empty(0, np.int64)
        start = np.zeros(1, np.int64)
        return Messages(none, none, none, never, never, none, (), start, start)


@final
@dataclass(frozen=True, slots=True)
class Refusal:
    """A message, or a part of one, that was not decoded: who sent what when, and why it was refused.

    `detail` says what was expected and found, with the path (`at $.temp`); `excerpt` is the beginning of the payload.
    """

    frame: int
    arrival: int
    origin: Origin
    topic: str
    reason: Reason
    detail: str
    excerpt: str

    @staticmethod
    def of(
        frame: int, arrival: int, origin: Origin, reason: Reason, detail: str, *, topic: bytes, payload: bytes
    ) -> "Refusal":
        """A refusal with the beginnings of topic and payload, for people: what could steer a terminal is escaped.

        >>> pump = Origin("", "P-7")
        >>> Refusal.of(0, 0, pump, Reason.MALFORMED, "expected JSON", topic=b"a", payload=b"\\x1b[2J").excerpt
        '\\\\x1b[2J'
        """
        shown = _printable(topic[:_TOPIC]), _printable(payload[:_EXCERPT])
        return Refusal(frame, arrival, origin, shown[0], reason, detail, shown[1])


def _printable(foreign: bytes) -> str:
    text = foreign.decode(errors="backslashreplace")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """All that a batch of frames says, by type.

    `newcomers[name]` are ids of twins that do not exist yet: the rows of the batch already count on their being added
    in this order. `frames` is the number of frames looked at.
    """

    batches: Mapping[str, Batch]
    refusals: tuple[Refusal, ...] = ()
    texts: Mapping[str, Texts] = field(default_factory=dict[str, Texts])
    messages: Mapping[str, Messages] = field(default_factory=dict[str, Messages])
    newcomers: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    frames: int = 0
