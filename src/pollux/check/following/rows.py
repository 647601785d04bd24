"""State by row, and samples taken round by round: what every follower is made of."""

from collections.abc import Iterator, Mapping
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import I64


@final
class Rows:
    """Named arrays of shape (rows, ...): `nothing` holds, for each name, what a row begins with.

    >>> rows = Rows({"seen": np.zeros((), np.int64), "ring": np.full(3, np.nan)})
    >>> rows.reserve(2)
    >>> rows["ring"].shape
    (2, 3)
    """

    __slots__ = ("_arrays", "_nothing")

    def __init__(self, nothing: Mapping[str, NDArray[Any]]) -> None:
        self._nothing = dict(nothing)
        self._arrays = {name: np.empty((0, *one.shape), one.dtype) for name, one in self._nothing.items()}

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._arrays[name]

    def reserve(self, rows: int) -> None:
        """Make room for this many rows."""
        for name, nothing in self._nothing.items():
            old = self._arrays[name]
            missing = rows - len(old)
            if missing > 0:
                more = np.broadcast_to(nothing, (max(missing, len(old)), *nothing.shape))
                self._arrays[name] = np.concatenate((old, more))

    def forget(self, row: int) -> None:
        """Let a row begin anew."""
        for name, nothing in self._nothing.items():
            self._arrays[name][row] = nothing

    def arrays(self, rows: int) -> dict[str, NDArray[Any]]:
        """The first rows of every array, by name."""
        return {name: array[:rows] for name, array in self._arrays.items()}

    def resume(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `arrays` showed; a name that is lacking, or of another shape, begins anew."""
        for name, nothing in self._nothing.items():
            old = arrays.get(name)
            if old is not None and old.shape[1:] == nothing.shape and len(old) <= len(self._arrays[name]):
                self._arrays[name][: len(old)] = old


def rounds(row: I64) -> Iterator[I64]:
    """Places such that every round has each row once at most, and each row its samples in their order.

    >>> [places.tolist() for places in rounds(np.array([7, 7, 3, 7]))]
    [[2, 0], [1], [3]]
    """
    if not len(row):
        return
    order = np.argsort(row, kind="stable")
    begins = np.append(True, row[order][1:] != row[order][:-1])
    starts = np.flatnonzero(begins)
    rank = np.arange(len(row)) - starts[np.cumsum(begins) - 1]
    by_rank = np.argsort(rank, kind="stable")
    ends = np.cumsum(np.bincount(rank))
    begin = 0
    for end in ends.tolist():
        yield order[by_rank[begin:end]]
        begin = end


def pushed(ring: NDArray[Any], newest: NDArray[Any]) -> NDArray[Any]:
    """Rings (n, k), oldest first, with one more in each.

    >>> pushed(np.array([[1, 2, 3]]), np.array([4])).tolist()
    [[2, 3, 4]]
    """
    return np.concatenate((ring[:, 1:], newest[:, None]), axis=1)
