"""Channels: what one link watches, and which frames it is owed."""

from collections.abc import Sequence
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.clock import SECOND
from pollux.columns.quality import Quality
from pollux.show.facts import F64, Turn
from pollux.show.live.board import Board
from pollux.show.live.frames import Column, Frame, FrameKind
from pollux.show.live.messages import Channel
from pollux.show.live.tracks import Track

_EXACT: Final = float(1 << 24)
"""Up to here f32 counts exactly."""

_LEAST: Final = 1e-37
"""Below here f32 loses digits, and then the number."""


def narrow(values: F64) -> Column:
    """Values as f32 where that holds them, else as f64."""
    size = np.abs(values[np.isfinite(values) & (values != 0.0)])
    narrow_enough = not len(size) or (size.max() < _EXACT and size.min() > _LEAST)
    return values.astype(np.float32) if narrow_enough else values


def _known(column: F64) -> Column | None:
    return None if bool(np.isnan(column).all()) else column.astype(np.float32)


@final
class StateChannel:
    """All watched fields of one twin: a frame whenever one of them has changed."""

    __slots__ = ("_board", "_fields", "_generation", "_row", "_twin", "entry", "number", "seq")

    def __init__(self, number: int, board: Board, twin: str, fields: Sequence[int], *, since: int) -> None:
        self.number, self.seq, self._twin = number, since, twin
        self._board, self._fields = board, np.array(fields, np.int64)
        names = tuple(board.type.fields[place].name for place in fields)
        self.entry = Channel(channel=number, kind="state", fields=names)
        self._row, self._generation = -1, -1

    def frame(self, now: float) -> Frame | None:
        """The frame that is owed, if any; latest values win."""
        board = self._board
        if self._generation != board.generation or self._row < 0:
            self._row, self._generation = board.row_of.get(self._twin, -1), board.generation
        if self._row < 0 or not len(self._fields):
            return None
        cells = self._fields, self._row
        if int(board.changed[cells].max()) <= self.seq:
            return None
        self.seq = board.seq
        quality = board.quality[cells]
        low, high = _known(board.low[cells]), _known(board.high[cells])
        both = low is not None and high is not None
        return Frame(
            FrameKind.STATE,
            self.number,
            board.seq,
            now,
            np.where(quality == Quality.MISSING, np.nan, board.values[cells]),
            times=_times(board.event_time[cells]),
            sigma=_known(board.sigma[cells]),
            low=low if both else None,
            high=high if both else None,
            quality=quality,
        )


@final
class CellsChannel:
    """Fields of many twins: one frame a tick with the cells that have changed."""

    __slots__ = ("_board", "_fields", "_flat", "_generation", "number", "seq", "twins", "type")

    def __init__(self, number: int, board: Board, twins: Sequence[str], fields: Sequence[int], *, since: int) -> None:
        self.number, self.twins, self.seq = number, tuple(twins), since
        self.type = board.type.name
        self._board, self._fields = board, np.array(fields, np.int64)
        self._flat: NDArray[np.int64] = np.empty(0, np.int64)
        self._generation = -1

    def frame(self, now: float) -> Frame | None:
        """The frame that is owed, if any."""
        board = self._board
        if self._generation != board.generation:
            rows = np.array([board.row_of.get(twin, 0) for twin in self.twins], np.int64)
            self._flat = (self._fields[:, None] * board.rows + rows[None, :]).ravel()
            self._generation = board.generation
        cells = np.flatnonzero(board.changed.ravel()[self._flat] > self.seq)
        if not len(cells):
            return None
        self.seq = board.seq
        places = self._flat[cells]
        quality = board.quality.ravel()[places]
        return Frame(
            FrameKind.CELLS,
            self.number,
            board.seq,
            now,
            narrow(np.where(quality == Quality.MISSING, np.nan, board.values.ravel()[places])),
            quality=None if bool((quality == Quality.GOOD).all()) else quality,
            cells=cells.astype(np.uint32),
        )


@final
class SamplesChannel:
    """Every sample of one signal."""

    __slots__ = ("_track", "entry", "number", "seq", "signal")

    def __init__(self, number: int, track: Track, signal: str) -> None:
        self.number, self.seq, self.signal, self._track = number, track.seq, signal, track
        self.entry = Channel(channel=number, kind="samples", fields=(signal,))

    def frame(self) -> Frame | None:
        """The samples that came since the last frame."""
        found = self._track.after(self.seq)
        self.seq = max(self.seq, self._track.seq)
        if found is None:
            return None
        time, value, quality = found
        good = bool((quality == Quality.GOOD).all())
        return Frame(
            FrameKind.SAMPLES,
            self.number,
            self._track.seq,
            float(time[0]) / SECOND,
            narrow(value),
            times=time / SECOND,
            quality=None if good else quality,
        )


@final
class CycleChannel:
    """The newest turn of a twin's cycle."""

    __slots__ = ("_begun", "entry", "fields", "number")

    def __init__(self, number: int, fields: Sequence[str]) -> None:
        self.number, self.fields, self._begun = number, tuple(fields), -1
        self.entry = Channel(channel=number, kind="cycle", fields=self.fields)

    def frame(self, turn: Turn | None) -> Frame | None:
        """The turn, when it is another one than was sent last."""
        if turn is None or turn.begun == self._begun or turn.fields != self.fields:
            return None
        self._begun = turn.begun
        values = np.ascontiguousarray(turn.rows, np.float32).reshape(-1)
        return Frame(FrameKind.CYCLE, self.number, turn.seq, turn.begun / SECOND, values, dt=turn.step)


def _times(event_time: NDArray[np.int64]) -> F64:
    return np.where(event_time == 0, np.nan, event_time / SECOND)
