"""Lines of text to samples: CSV or one JSON object a line. Pure: bytes in, samples out."""

import csv
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, final

import msgspec
import numpy as np

from pollux.check.cells import cell
from pollux.check.faults import Fault
from pollux.check.times import read_time
from pollux.columns.arrays import I64
from pollux.edge.samples import Samples

LONGEST: Final = 4096
"""Bytes of a line; what is longer is no line."""

TIME: Final = "t"


@final
class Lines:
    """Cuts bytes into lines and reads each as one sample of `signals`.

    A line that begins with `{` is a JSON object by names. Others are cells between commas, in the order of `columns`;
    without them of the last header line, and without that of `signals`. `t` is the time as in any payload, columns
    that are no signals are passed over, an empty or missing value is NaN. Lines without a time have come evenly since
    the lines before them. What is no line is counted.

    >>> lines = Lines(("temp",), ("t", "temp"))
    >>> lines.feed(b"2026-11-23T10:42:16Z,21.5\\n2026-11-", now=0).values.tolist()
    [[21.5]]
    >>> lines.feed(b"23T10:42:17Z,22\\noops\\n", now=0)
    Samples(times=array([1795430537000000000]), values=array([[22.]]), missed=0, unread=1)
    """

    def __init__(self, signals: Sequence[str], columns: Sequence[str] = ()) -> None:
        self._signals = tuple(signals)
        self._declared = bool(columns)
        self._columns = tuple(columns or signals)
        self._rest = b""
        self._skipping = False
        self._last = 0

    def feed(self, data: bytes, *, now: int) -> Samples:
        """The samples of the lines that end in these bytes; `now` is the time of those that carry none."""
        *whole, rest = (self._rest + data).split(b"\n")
        unread = 0
        if self._skipping and whole:
            whole, self._skipping = whole[1:], False
        if len(rest) > LONGEST:
            unread += not self._skipping
            rest, self._skipping = b"", True
        self._rest = b"" if self._skipping else rest
        told: list[tuple[int | None, list[float]]] = []
        for line in whole:
            read = self._line(line)
            unread += read is None
            told += [read] if read else []
        return self._samples(told, unread, now)

    def forget(self) -> None:
        """What was begun will not be ended: the bytes that come next are of something else."""
        self._rest, self._skipping = b"", False

    def _line(self, line: bytes) -> tuple[int | None, list[float]] | tuple[()] | None:
        """A time, where it has one, and a value for each signal; nothing for a header or an empty line, None for what
        is no line.
        """
        if not (line := line.strip()):
            return ()
        if len(line) > LONGEST:
            return None
        try:
            if line.startswith(b"{"):
                return self._row(msgspec.json.decode(line, type=dict[str, Any]))
            return self._cells(next(csv.reader([line.decode()], strict=True)))
        except (ValueError, csv.Error, msgspec.MsgspecError, Fault):
            return None

    def _cells(self, cells: list[str]) -> tuple[int | None, list[float]] | tuple[()]:
        read = [cell(one) for one in cells]
        if not self._declared and cells and all(isinstance(one, str) for one in read):
            names = tuple(one.strip() for one in cells)
            if not set(names) & set(self._signals):
                raise ValueError("expected a header that names a signal")
            self._columns = names
            return ()
        return self._row(dict(zip(self._columns, read, strict=True)))

    def _row(self, row: Mapping[str, Any]) -> tuple[int | None, list[float]]:
        told = row.get(TIME)
        return None if told is None else read_time(told), [_number(row.get(name)) for name in self._signals]

    def _samples(self, told: list[tuple[int | None, list[float]]], unread: int, now: int) -> Samples:
        span = now - min(self._last or now, now)
        even = [now - span * left // len(told) for left in range(len(told) - 1, -1, -1)]
        times = np.array([at if own is None else own for (own, _), at in zip(told, even, strict=True)], np.int64)
        self._last = now
        values = np.array([row for _, row in told], np.float64).reshape(len(told), len(self._signals))
        return Samples(times, values, unread=unread)


@final
class Even:
    """Times for samples that a device takes evenly, `step` nanoseconds apart, and hands over many at a time.

    The newest was taken when it was handed over, give or take a step; as long as that holds the times go on evenly.

    >>> even = Even(10)
    >>> even.times(3, now=100).tolist(), even.times(2, now=118).tolist(), even.times(2, now=500).tolist()
    ([80, 90, 100], [110, 120], [490, 500])
    """

    def __init__(self, step: int) -> None:
        self._step = step
        self._last = 0

    def times(self, count: int, *, now: int) -> I64:
        """The times of the next samples, (count,)."""
        last = self._last + count * self._step
        if abs(last - now) > max(2 * self._step, count * self._step // 2):
            last = max(now, last)
        self._last = last
        return last - self._step * np.arange(count - 1, -1, -1)


def _number(told: object) -> float:
    if told is None:
        return math.nan
    if isinstance(told, int | float):
        return float(told)
    raise ValueError(f"expected a number, got {type(told).__name__}")
