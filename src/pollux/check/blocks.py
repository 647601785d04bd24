"""Packed blocks to raw columns, without a Python object per sample."""

import numpy as np

from pollux.check.faults import Fault
from pollux.check.identity import identity
from pollux.check.packed import PackedBlock
from pollux.check.raw import Raw
from pollux.check.telling import Telling
from pollux.check.vocabulary import Key, Vocabulary
from pollux.columns.arrays import F64
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality, Reason


def tell_block(
    block: PackedBlock, vocabulary: Vocabulary, telling: Telling, *, entry: int, channel: Key | None
) -> None:
    """Tell one packed block, one message; faults of single signals go into the telling."""
    seq, boot = identity({"seq": block.seq, "boot": block.boot}, "$")
    taken: list[tuple[Key, F64]] = []
    for wire, values in zip(block.signals, block.values, strict=True):
        try:
            key = _key(vocabulary, channel, wire)
        except Fault as fault:
            telling.faults.append((telling.here, fault.at(f"$.{wire[:60]}")))
        else:
            taken += [(key, values)] if key else []
    telling.raws.append(_raw(block, taken, telling.here, entry, seq, telling.lives.number(boot)))


def _raw(block: PackedBlock, taken: list[tuple[Key, F64]], frame: int, entry: int, seq: int, boot: int) -> Raw:
    length = int(block.values.shape[1])
    times = np.full(length, NEVER) if block.times is None else block.times
    size = length * len(taken)
    values = [values if key.same else values * key.factor + key.offset for key, values in taken]
    return Raw(
        frame=np.array([frame], np.int32),
        entry=np.array([entry], np.int32),
        seq=np.array([seq], np.int64),
        boot=np.array([boot], np.int32),
        samples=np.array([size], np.int64),
        texts=np.zeros(1, np.int64),
        signal=np.repeat(np.array([key.signal for key, _ in taken], np.int32), length),
        value=np.concatenate(values) if values else np.empty(0),
        time=np.tile(times, len(taken)),
        quality=np.full((size,), int(Quality.GOOD), np.uint8),
        reason=np.full((size,), int(Reason.NONE), np.uint16),
        text_signal=np.empty(0, np.int32),
        text_time=np.empty(0, np.int64),
        text=(),
    )


def _key(vocabulary: Vocabulary, channel: Key | None, wire: str) -> Key | None:
    """The key of a column, None for one that is ignored; `Fault` where there is none."""
    if wire in vocabulary.ignore:
        return None
    key = channel if channel is not None and wire in ("value", channel.wire) else vocabulary.keys.get(wire)
    if key is None:
        raise vocabulary.missing(wire)
    if key.kind not in ("number", "flag"):
        raise Fault(Reason.WRONG_TYPE, f"expected a number in a packed block, got a {key.kind}")
    return key
