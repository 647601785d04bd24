"""What changes, by position in the log."""

from typing import TYPE_CHECKING, final

import numpy as np

from pollux.show.facts import Changes, News, Samples, Turn

if TYPE_CHECKING:
    from pollux.site.live import LiveSite


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
            shown = (block.layout.signal_slot[signal] >= 0) & (known[row] >= 0) if len(row) else np.zeros(0, bool)
            signal, row = signal[shown], row[shown]
            return Changes(
                estate.seq,
                ids,
                known[row].astype(np.int32),
                signal.astype(np.int32),
                block.values[block.layout.signal_slot[signal], row],
                block.quality[signal, row],
                np.maximum(block.event_time[signal, row], 0),
                block.sigma[signal, row],
            )

    def samples(self, type_: str, twin: str, signal: str, after: int) -> Samples:
        live = self._live
        with live.pipe.lock:
            estate = live.estate
            block, recent = estate.blocks[type_], estate.recent[type_]
            index = block.schema.index.get(signal, -1)
            batch, position = recent.of(block.row(twin), index, after)
            complete = after >= recent.forgotten
        order = np.argsort(batch.event_time, kind="stable")
        return Samples(
            estate.seq,
            batch.event_time[order],
            batch.value[order],
            batch.quality[order],
            batch.arrival[order],
            position[order],
            complete=complete,
        )

    def turn(self, type_: str, twin: str, *, at: int | None = None) -> Turn | None:
        return None if at is not None else self._live.cycles.turn(f"{type_}/{twin}")

    def fork_turn(self, fork: str, option: str, at: int | None) -> Turn | None:
        return None

    def news(self, after: int) -> News:
        return self._live.news.since(after)

    def lag(self) -> tuple[float | None, float | None]:
        return self._live.meter.behind, self._live.meter.rate
