"""What is sent: a summary as one JSON object, raw samples as packed blocks, both native telemetry of the twin."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from pollux.check.packed import pack_block
from pollux.columns.arrays import F64, I64
from pollux.edge.samples import Samples
from pollux.edge.summary import Plan
from pollux.edge.window import Window
from pollux.model.units import convert, scale

BLOCK: Final = 256 << 10
"""Bytes of a raw block, about: well below what an MQTT endpoint takes in one packet."""

_DIGITS: Final = 9
"""Digits of a figure: more than a sensor has, fewer than a float64 would print."""


def figures(plans: Sequence[Plan], windows: Sequence[Window]) -> dict[str, float]:
    """The figures of windows by wire name; those that do not exist, as a deviation of one value, are left out."""
    found = {told.name: told.figure(window) for plan, window in zip(plans, windows, strict=True) for told in plan.told}
    return {name: float(f"{value:.{_DIGITS}g}") for name, value in found.items() if math.isfinite(value)}


def summary(told: Mapping[str, float], *, at: int, seq: int, boot: str) -> bytes:
    """A native message.

    >>> summary({"temp": 21.5}, at=1795430536000000000, seq=3, boot="b")
    b'{"t":1795430536000000000,"seq":3,"boot":"b","temp":21.5}'
    """
    return msgspec.json.encode({"t": at, "seq": seq, "boot": boot, **told})


def pieces(samples: Samples) -> Iterator[Samples]:
    """Samples in pieces that make a block each."""
    most = BLOCK // (8 + 4 * samples.values.shape[1])
    for begin in range(0, len(samples), most):
        part = slice(begin, begin + most)
        yield Samples(samples.times[part], samples.values[part])


def block(plans: Sequence[Plan], samples: Samples, *, seq: int, boot: str) -> bytes:
    """Raw samples as a packed block of float32, in the units in which the signals are declared."""
    columns = [_declared(plan, samples.values[:, place]) for place, plan in enumerate(plans)]
    even = _even(samples.times)
    return pack_block(
        [plan.name for plan in plans],
        np.array(columns),
        times=None if even else samples.times,
        even=even,
        type="f4",
        seq=seq,
        boot=boot,
    )


def _declared(plan: Plan, values: F64) -> F64:
    have, want = plan.signal.unit, plan.signal.edge
    return values * scale(have, want) + convert(0.0, have, want)


def _even(times: I64) -> tuple[int, int] | None:
    steps = np.diff(times)
    if len(steps) and (steps == steps[0]).all():
        return int(times[0]), int(steps[0])
    return None
