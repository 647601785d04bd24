"""The inspector of one type: all its followers, one after the other."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from numpy.typing import NDArray

from pollux.check.following.base import AbstractCheck, AbstractFollower
from pollux.columns.arrays import U8, U16
from pollux.columns.batch import Batch
from pollux.columns.inspector import AbstractInspector
from pollux.columns.statistics import ClockEstimate
from pollux.errors import SetupError
from pollux.model.schema import Schema
from pollux.model.units import Unit


@final
class Inspector(AbstractInspector):
    """Follows the twins of one type by the checks declared for it; the first that doubts a value gives the reason.

    Raises SetupError where two checks look at the same.
    """

    __slots__ = ("_followers",)

    def __init__(self, schema: Schema, checks: Sequence[AbstractCheck], wire: Mapping[int, Unit]) -> None:
        self._followers: dict[str, AbstractFollower] = {}
        for check in checks:
            if check.key in self._followers:
                raise SetupError(f"expected one check of each kind, got two: {check.key}", at=schema.name)
            self._followers[check.key] = check.bind(schema, wire)

    def reserve(self, rows: int) -> None:
        for follower in self._followers.values():
            follower.rows.reserve(rows)

    def forget(self, row: int) -> None:
        for follower in self._followers.values():
            follower.rows.forget(row)

    def inspect(self, batch: Batch) -> tuple[U8, U16]:
        quality, reason = batch.quality.copy(), batch.reason.copy()
        for follower in self._followers.values():
            follower.follow(batch, quality, reason)
        return quality, reason

    def clock_of(self, row: int) -> ClockEstimate | None:
        found = (one.clock_of(row) for one in self._followers.values())
        return next((one for one in found if one is not None), None)

    def unit_of(self, signal: int, row: int) -> str | None:
        found = (one.unit_of(signal, row) for one in self._followers.values())
        return next((one for one in found if one is not None), None)

    def arrays(self, rows: int) -> dict[str, NDArray[Any]]:
        return {
            f"{key}.{name}": array
            for key, follower in self._followers.items()
            for name, array in follower.arrays(rows).items()
        }

    def resume(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        for key, follower in self._followers.items():
            mark = f"{key}."
            follower.rows.resume({name[len(mark) :]: one for name, one in arrays.items() if name.startswith(mark)})
