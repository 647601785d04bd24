"""Residuals: how far readings lay from what the filter of their twin foresaw, in standard deviations.

One far reading is an outlier. A sensor that lies far out twice in a row, on the same side, is contradicted by the
model: by all that the other sensors and the equations say.
"""

from collections.abc import Mapping
from typing import final

import msgspec

from pollux.predict.estimator import FURTHEST


class _Last(msgspec.Struct, frozen=True, array_like=True):
    """An update: the time of the one before it, its own, and the normalised innovation."""

    since: int
    at: int
    far: float

    def same_side(self, far: float) -> bool:
        return min(abs(self.far), abs(far)) > FURTHEST and self.far * far > 0


@final
class Residuals:
    """The last residual of each sensor that a filter takes in, by "Type/id" and signal."""

    def __init__(self) -> None:
        self._last: dict[str, dict[str, _Last]] = {}

    def note(self, twin: str, against: Mapping[str, float], at: int) -> dict[str, int]:
        """Take note of an update; the signals that the model contradicts, and since when."""
        own, found = self._last.setdefault(twin, {}), dict[str, int]()
        for signal, far in against.items():
            before = own.get(signal)
            own[signal] = _Last(at if before is None else before.at, at, far)
            if before is not None and before.same_side(far):
                found[signal] = before.since
        return found

    def of(self, twin: str, signal: str) -> float | None:
        """The last normalised innovation of a sensor; None where no filter took it in."""
        last = self._last.get(twin, {}).get(signal)
        return None if last is None else last.far

    def forget(self, twin: str) -> None:
        """Know nothing of a twin that is gone."""
        self._last.pop(twin, None)

    def freeze(self) -> bytes:
        """All residuals as bytes."""
        return msgspec.msgpack.encode({twin: dict(sorted(own.items())) for twin, own in sorted(self._last.items())})

    def restore(self, data: bytes) -> None:
        """Go on from what `freeze` gave."""
        self._last = msgspec.msgpack.decode(data, type=dict[str, dict[str, _Last]])
