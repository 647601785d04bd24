"""Passes over samples that several parts share, compiled; needs numba."""

import numpy as np

from pollux.columns.arrays import I32, I64
from pollux.columns.jit import inlined, short


@inlined
def series_end(row: I32, signal: I32, begin: int) -> int:
    """Where a series of one signal of one twin ends: samples of one message lie side by side."""
    end = begin + 1
    while end < len(row) and row[end] == row[begin] and signal[end] == signal[begin]:
        end += 1
    return end


@short
def stamp(stamps: I64, signal: I32, row: I32, seq: int) -> None:
    """Write a number at cells (signal, row)."""
    begin = 0
    while begin < len(row):
        stamps[signal[begin], row[begin]] = seq
        begin = series_end(row, signal, begin)


def warm() -> None:
    """Compile, with nothing to do."""
    nothing = np.empty(0, np.int32)
    stamp(np.empty((0, 0), np.int64), nothing, nothing, 0)
