"""What changes, by position in the log."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.block import Block
from pollux.columns.quality import Quality
from pollux.columns.view import NINE_TENTHS
from pollux.show.compose.types import outward, outward_columns
from pollux.show.facts import Changes, News, Samples, Turn

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Cells of a block, arrays of shape (n,): numeric signals first, derived values behind them."""

    field: I64
    row: I64
    value: F64
    quality: U8
    time: I64
    sigma: F64
    low: F64
    high: F64


def _cells(block: Block, field: I64, row: I64) -> _Cells:
    """What stands in some cells; those without a number are left out."""
    signals = len(block.schema.signals)
    own = field < signals
    numeric = np.ones(len(field), bool)
    numeric[own] = block.layout.signal_slot[field[own]] >= 0
    told, believed = np.flatnonzero(own & numeric), np.flatnonzero(~own)
    low, median, high = block.believed[:, field[believed] - signals, row[believed]]
    at, derived = (field[told], row[told]), (field[believed] - signals, row[believed])
    factor, shift = (column[at[0], 0] for column in outward_columns(block.schema))
    value = block.values[block.layout.signal_slot[at[0]], at[1]] * factor + shift
    sigma, quality = block.sigma[at] * factor, block.quality[at]
    half = np.where(quality == Quality.ESTIMATED, 0.5 * NINE_TENTHS * sigma, np.nan)
    order = np.concatenate([told, believed])
    return _Cells(
        field[order],
        row[order],
        np.concatenate([value, median]),
        np.concatenate([quality, np.full(len(believed), Quality.ESTIMATED, np.uint8)]),
        np.concatenate([block.event_time[at], block.believed_time[derived]]),
        np.concatenate([sigma, (high - low) / NINE_TENTHS]),
        np.concatenate([value - half, low]),
        np.concatenate([value + half, high]),
    )


@final
class FeedRoom:
    """Changed cells, recent samples, announcements and the turning cycle of a tenant."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live

    def position(self) -> int:
        return self._live.estate.seq

    def changes(self, type_: str, after: int) -> Changes:
        live = self._live
        ids = live.rooms.twins.ids(type_)
        with live.pipe.lock:
            estate = live.estate
            block = estate.blocks[type_]
            signal, row = estate.stamps[type_].since(after, block.rows)
            places = {one: place for place, one in enumerate(ids)}
            known = np.array([places.get(id_, -1) for id_ in block.ids], np.int32)
            cells = _cells(block, signal[known[row] >= 0], row[known[row] >= 0])
            return Changes(
                estate.seq,
                ids,
                known[cells.row].astype(np.int32),
                cells.field.astype(np.int32),
                cells.value,
                cells.quality,
                np.maximum(cells.time, 0),
                cells.sigma,
                cells.low,
                cells.high,
            )

    def samples(self, type_: str, twin: str, signal: str, after: int) -> Samples:
        live = self._live
        with live.pipe.lock:
            estate = live.estate
            block, recent = estate.blocks[type_], estate.recent[type_]
            index = block.schema.index.get(signal, -1)
            batch, position = recent.of(block.row(twin), index, after)
            complete = after >= recent.forgotten
        factor, shift = outward(block.schema.signals[index]) if index >= 0 else (1.0, 0.0)
        order = np.argsort(batch.event_time, kind="stable")
        return Samples(
            estate.seq,
            batch.event_time[order],
            batch.value[order] * factor + shift,
            batch.quality[order],
            batch.arrival[order],
            position[order],
            complete=complete,
        )

    def turn(self, type_: str, twin: str, *, at: int | None = None) -> Turn | None:
        """What the domain's presenter shows; of the past nothing turns."""
        live = self._live
        declared = live.site.declared[type_]
        if at is not None or declared.presenter is None or declared.presenter.turn is None:
            return None
        ask = declared.presenter.turn
        return live.cycles.turn(f"{type_}/{twin}", lambda: ask(live.handle(declared, twin)))

    def fork_turn(self, fork: str, option: str, at: int | None) -> Turn | None:
        return None

    def news(self, after: int) -> News:
        return self._live.news.since(after)

    def lag(self) -> tuple[float | None, float | None]:
        return self._live.meter.behind, self._live.meter.rate
