"""Raw columns: what the scanner, the documents and the packed blocks found, before anything is believed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64, I32, I64, U8, U16
from pollux.columns.batch import Place


@final
@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """Messages and, side by side for each, their samples and texts.

    `entry` is the topic, `boot` counts into the names of lives (-1 for none); `samples` and `texts` say how many of
    each a message has. `time` is NEVER where the arrival is meant; `quality` is what the device itself
    said, and `reason` why.
    """

    frame: I32
    entry: I32
    seq: I64
    boot: I32
    samples: I64
    texts: I64
    signal: I32
    value: F64
    time: I64
    quality: U8
    reason: U16
    text_signal: I32
    text_time: I64
    text: tuple[str | Place, ...]

    @staticmethod
    def join(parts: "Sequence[Raw]") -> "Raw":
        """Several as one, in the order of the frames; each frame is told by one part only."""
        parts = [part for part in parts if len(part.frame)] or parts[:1]
        if len(parts) == 1:
            return parts[0]
        texts = [text for part in parts for text in part.text]
        joined = Raw(
            frame=np.concatenate([part.frame for part in parts]),
            entry=np.concatenate([part.entry for part in parts]),
            seq=np.concatenate([part.seq for part in parts]),
            boot=np.concatenate([part.boot for part in parts]),
            samples=np.concatenate([part.samples for part in parts]),
            texts=np.concatenate([part.texts for part in parts]),
            signal=np.concatenate([part.signal for part in parts]),
            value=np.concatenate([part.value for part in parts]),
            time=np.concatenate([part.time for part in parts]),
            quality=np.concatenate([part.quality for part in parts]),
            reason=np.concatenate([part.reason for part in parts]),
            text_signal=np.concatenate([part.text_signal for part in parts]),
            text_time=np.concatenate([part.text_time for part in parts]),
            text=tuple(texts),
        )
        return joined.messages(np.argsort(joined.frame, kind="stable"))

    def messages(self, which: I64) -> "Raw":
        """Some messages, in the order given, with their samples and texts."""
        samples = _spans(self.samples, which)
        texts = _spans(self.texts, which)
        places: list[int] = texts.tolist()
        return Raw(
            frame=self.frame[which],
            entry=self.entry[which],
            seq=self.seq[which],
            boot=self.boot[which],
            samples=self.samples[which],
            texts=self.texts[which],
            signal=self.signal[samples],
            value=self.value[samples],
            time=self.time[samples],
            quality=self.quality[samples],
            reason=self.reason[samples],
            text_signal=self.text_signal[texts],
            text_time=self.text_time[texts],
            text=tuple(self.text[place] for place in places),
        )


def _spans(counts: I64, which: I64) -> I64:
    """The places of the members of some groups, where group i has `counts[i]` members side by side."""
    ends = np.cumsum(counts)
    chosen = counts[which]
    starts = (ends - counts)[which]
    total = np.cumsum(chosen)
    return np.repeat(starts - (total - chosen), chosen) + np.arange(int(total[-1]) if len(total) else 0)


NOTHING: Final = Raw(
    frame=np.empty(0, np.int32),
    entry=np.empty(0, np.int32),
    seq=np.empty(0, np.int64),
    boot=np.empty(0, np.int32),
    samples=np.empty(0, np.int64),
    texts=np.empty(0, np.int64),
    signal=np.empty(0, np.int32),
    value=np.empty(0),
    time=np.empty(0, np.int64),
    quality=np.empty(0, np.uint8),
    reason=np.empty(0, np.uint16),
    text_signal=np.empty(0, np.int32),
    text_time=np.empty(0, np.int64),
    text=(),
)
"""No message; for the many batches in which one way of reading finds none."""
