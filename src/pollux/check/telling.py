"""A telling: what documents say, gathered as plain lists until it becomes columns.

This is the way for payloads that the compiled scanner does not take; both give the same columns.
"""

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from pollux.check.faults import Fault
from pollux.check.lives import Lives
from pollux.check.raw import NOTHING, Raw
from pollux.columns.arrays import I64
from pollux.columns.batch import NO_SEQUENCE, Place
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality, Reason


@final
@dataclass(slots=True)
class Telling:
    """Samples, texts and messages in the order told.

    Sample i is `signal[i]`, `value[i]` and `time[i]`, NEVER where the arrival is meant; `doubted` holds the qualities
    that the device told itself, and why. `samples[k]` and `texts[k]` count those of message k and before. `here` is the
    frame that is being told, `faults` go with theirs; `raws` are messages that came as columns already.
    """

    lives: Lives
    signal: list[int] = field(default_factory=list[int])
    value: list[float] = field(default_factory=list[float])
    time: list[int] = field(default_factory=list[int])
    doubted: dict[int, tuple[Quality, Reason]] = field(default_factory=dict[int, tuple[Quality, Reason]])
    text_signal: list[int] = field(default_factory=list[int])
    text: list[str | Place] = field(default_factory=list[str | Place])
    text_time: list[int] = field(default_factory=list[int])
    frame: list[int] = field(default_factory=list[int])
    entry: list[int] = field(default_factory=list[int])
    seq: list[int] = field(default_factory=list[int])
    boot: list[int] = field(default_factory=list[int])
    samples: list[int] = field(default_factory=list[int])
    texts: list[int] = field(default_factory=list[int])
    faults: list[tuple[int, Fault]] = field(default_factory=list[tuple[int, Fault]])
    raws: list[Raw] = field(default_factory=list[Raw])
    here: int = 0

    @property
    def open(self) -> bool:
        """Whether anything was told since the last close."""
        samples = self.samples[-1] if self.samples else 0
        texts = self.texts[-1] if self.texts else 0
        return len(self.value) > samples or len(self.text) > texts

    def close(self, frame: int, entry: int, seq: int = NO_SEQUENCE, boot: str | None = None) -> None:
        """What was told since the last close is one message."""
        self.frame.append(frame)
        self.entry.append(entry)
        self.seq.append(seq)
        self.boot.append(self.lives.number(boot))
        self.samples.append(len(self.value))
        self.texts.append(len(self.text))

    def raw(self) -> Raw:
        """All that was told, in the order of the frames."""
        if not self.frame and not self.raws:
            return NOTHING
        quality = np.full(len(self.value), Quality.GOOD, np.uint8)
        reason = np.full(len(self.value), Reason.NONE, np.uint16)
        for place, doubted in self.doubted.items():
            quality[place], reason[place] = doubted
        told = Raw(
            frame=np.array(self.frame, np.int32),
            entry=np.array(self.entry, np.int32),
            seq=np.array(self.seq, np.int64),
            boot=np.array(self.boot, np.int32),
            samples=_counts(self.samples),
            texts=_counts(self.texts),
            signal=np.array(self.signal, np.int32),
            value=np.array(self.value, np.float64),
            time=np.array(self.time, np.int64),
            quality=quality,
            reason=reason,
            text_signal=np.array(self.text_signal, np.int32),
            text_time=np.array(self.text_time, np.int64),
            text=tuple(self.text),
        )
        return Raw.join([told, *self.raws])

    def forget(self, messages: int) -> None:
        """Take back all after the first `messages`, the open message too."""
        samples = self.samples[messages - 1] if messages else 0
        texts = self.texts[messages - 1] if messages else 0
        _cut(samples, self.signal, self.value, self.time)
        _cut(texts, self.text_signal, self.text, self.text_time)
        _cut(messages, self.frame, self.entry, self.seq, self.boot, self.samples, self.texts)
        if self.doubted:
            self.doubted = {i: why for i, why in self.doubted.items() if i < samples}

    def say(self, signal: int, value: float, time: int = NEVER) -> None:
        """One number."""
        self.signal.append(signal)
        self.value.append(value)
        self.time.append(time)

    def say_text(self, signal: int, text: str | Place, time: int = NEVER) -> None:
        """One fact that is no number."""
        self.text_signal.append(signal)
        self.text.append(text)
        self.text_time.append(time)


def _cut(length: int, *columns: list[Any]) -> None:
    for column in columns:
        del column[length:]


def _counts(ends: list[int]) -> I64:
    return np.array(ends, np.int64) - np.array([0, *ends[:-1]] if ends else [], np.int64)
