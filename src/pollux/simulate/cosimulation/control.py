"""How long a macro step may be: one step against two halves."""

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.clock import SECOND
from pollux.columns.arrays import F64

_SAFETY: Final = 0.9
_GROWTH: Final = 2.0
_SHRINK: Final = 0.2


@final
@dataclass(frozen=True, slots=True)
class Control:
    """Macro steps that adapt: one step is compared with two halves, by the values that are exchanged.

    The difference may be `relative` times the value plus `absolute`; steps lie between `shortest` and `longest`
    nanoseconds, and one of the shortest is taken whatever its error, and counted as `forced`.
    """

    relative: float = 1e-4
    absolute: float = 1e-6
    shortest: int = 1_000
    longest: int = 3600 * SECOND


def error_of(whole: F64, halves: F64, control: Control) -> float:
    """The largest difference as a part of what is allowed; a member that is no number has no say."""
    allowed = control.absolute + control.relative * np.maximum(np.abs(whole), np.abs(halves))
    with np.errstate(invalid="ignore"):
        apart = np.abs(whole - halves) / allowed
    sound = np.isfinite(apart)
    return float(apart[sound].max()) if sound.any() else 0.0


def next_step(span: int, error: float, control: Control) -> int:
    """The next macro step: the error of one falls with its square, or faster."""
    factor = _GROWTH if error == 0.0 else _SAFETY / np.sqrt(error)
    grown = span * min(_GROWTH, max(_SHRINK, float(factor)))
    return int(min(control.longest, max(control.shortest, grown)))
