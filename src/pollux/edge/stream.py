"""A reading at work: samples are kept raw, judged, summarised, watched; what is to be told goes to the queue."""

import logging
from pathlib import Path
from typing import Final, final

import numpy as np

from pollux.clock import MINUTE, SECOND, Clock
from pollux.columns.arrays import F64, I64
from pollux.columns.quality import Reason
from pollux.edge.believing import Believing
from pollux.edge.capture import Watching
from pollux.edge.queue import Queue
from pollux.edge.reading import Reading
from pollux.edge.ring import Ring
from pollux.edge.samples import Samples
from pollux.edge.telling import block, figures, pieces, summary
from pollux.edge.window import Window

GRACE: Final = 2 * SECOND
"""A window is told when nothing has come for so long after its end, if no later sample has closed it before."""

WHOLE, PART = "whole window", "part of a window"
"""What a raw block ends: until when windows were sent whole, and until when any block was."""

_LOG = logging.getLogger("pollux.edge")


@final
class Stream:
    """One reading, fed with samples in one thread.

    After a restart the window that was open is gone through again from the ring, so that a killed agent loses no
    sample that it had taken; what the queue has until then is not told again.
    """

    def __init__(self, reading: Reading, queue: Queue, folder: Path, clock: Clock) -> None:
        self.reading = reading
        self.taken = self.missed = self.unread = self.late = 0
        self.doubted: dict[Reason, int] = {}
        self._queue, self._clock = queue, clock
        self._ring = Ring(folder / f"{reading.name}.ring", reading.signals, reading.capacity)
        self._believing = [Believing(plan.schema, plan.place, plan.summary.doubts) for plan in reading.plans]
        self._factors = np.array([plan.factor for plan in reading.plans])
        self._offsets = np.array([plan.offset for plan in reading.plans])
        self._told = self._until("")
        self._watching = self._watched()
        self._windows: list[Window] = []
        self._asked = False
        self._end = self._heard = self._window_missed = 0
        self._newest = self._ring.newest
        self._resume()

    @property
    def newest(self) -> int:
        """The time of the newest sample, 0 for none."""
        return self._newest

    def take(self, samples: Samples) -> None:
        """Take what a source has given."""
        self.missed += samples.missed
        self.unread += samples.unread
        self._window_missed += samples.missed
        if not len(samples):
            return
        self._heard = self._clock.now()
        times, values = self._rising(samples)
        if not len(times):
            return
        self.taken += len(times)
        self._newest = int(times[-1])
        with np.errstate(over="ignore", invalid="ignore"):
            values = values * self._factors + self._offsets
        self._ring.write(times, values)
        self.late += int(np.searchsorted(times, self._told))
        self._go_through(times, values)
        self._watch(self._newest)

    def tick(self) -> None:
        """Tell what is over by the clock, when the source has fallen silent."""
        now = self._clock.now()
        if self._asked and self._watching is not None:
            self._asked = False
            self._watching.ask(now)
        if now - self._heard < GRACE:
            return
        if self._end and now >= self._end + GRACE:
            self._close()
        self._watch(now - GRACE)

    def ask(self) -> None:
        """Send the raw window around now, from the next tick on; may be called from any thread."""
        self._asked = True

    def close(self) -> None:
        """Let the ring go; the open window is gone through again at the next start."""
        self._ring.close()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _watched(self) -> Watching | None:
        if self.reading.capture is None:
            return None
        done, sent = self._until(WHOLE), self._until(PART)
        return Watching(self.reading.capture, done=done, sent=sent, goes_on=bool(self._told))

    def _until(self, part: str) -> int:
        """Until when the queue has told; never, where that is yet to come because the clock was set back."""
        until = self._queue.until(f"{self.reading.name} {part}".strip())
        return until if until <= self._clock.now() + MINUTE else 0

    def _resume(self) -> None:
        lead = self.reading.capture.length if self.reading.capture else SECOND
        if self._newest > self._clock.now() + MINUTE:
            self._begin_anew()
        held = self._ring.read(self._told - lead, self._newest + 1)
        if len(held):
            self._heard = self._clock.now()
            self._go_through(held.times, held.values)

    def _begin_anew(self) -> None:
        """The clock was set back: what is held is of a time that is not yet."""
        _LOG.warning("%s: the clock was set back: what is kept raw is of the future and let go", self.reading.twin)
        self._ring.clear()
        self._newest = self._told = 0

    def _rising(self, samples: Samples) -> tuple[I64, F64]:
        times = samples.times
        if int(times[-1]) <= self._newest and self._newest > self._clock.now() + MINUTE:
            self._begin_anew()
        before = np.maximum.accumulate(np.concatenate(([self._newest], times[:-1])))
        rising = times > before
        if rising.all():
            return times, samples.values
        self.late += int(len(times) - rising.sum())
        return times[rising], samples.values[rising]

    def _go_through(self, times: I64, values: F64) -> None:
        now = self._clock.now()
        reasons = [one.reasons(times, values[:, place], now=now) for place, one in enumerate(self._believing)]
        if self._watching is not None:
            columns = {name: values[:, place] for place, name in enumerate(self.reading.signals)}
            self._watching.look(times, columns, np.any([one != Reason.NONE for one in reasons], axis=0))
        begin = int(np.searchsorted(times, self._told))
        while begin < len(times):
            end = (int(times[begin]) // self.reading.summary + 1) * self.reading.summary
            if self._end and self._end != end:
                self._close()
            self._open(end)
            until = int(np.searchsorted(times, end))
            for place, window in enumerate(self._windows):
                window.add(times[begin:until], values[begin:until, place], reasons[place][begin:until])
            begin = until

    def _open(self, end: int) -> None:
        if not self._end:
            self._end = end
            self._windows = [plan.window(self.reading.source.step) for plan in self.reading.plans]

    def _close(self) -> None:
        """Tell the window that is open. The event time is its end."""
        told, at = figures(self.reading.plans, self._windows), self._end
        if self.reading.missed:
            told[self.reading.missed] = self._window_missed
        if self.reading.dropped:
            told[self.reading.dropped] = sum(self._queue.dropped.values())
        for window in self._windows:
            for reason, count in window.doubted.items():
                self.doubted[reason] = self.doubted.get(reason, 0) + count
        if told:
            self._queue.put(
                "summary",
                twin=self.reading.twin,
                stream=self.reading.name,
                until=at,
                topic=self.reading.topic,
                payload=lambda seq, boot: summary(told, at=at, seq=seq, boot=boot),
            )
        self._told, self._end, self._window_missed, self._windows = at, 0, 0, []

    def _watch(self, seen: int) -> None:
        for begin, end in [] if self._watching is None else self._watching.complete(seen):
            samples = self._ring.read(begin, end)
            for piece in pieces(samples):
                newest = int(piece.times[-1])
                whole = newest == int(samples.times[-1])
                self._send_raw(piece, WHOLE if whole else PART, end if whole else newest + 1)

    def _send_raw(self, piece: Samples, part: str, until: int) -> None:
        self._queue.put(
            "raw",
            twin=self.reading.twin,
            stream=f"{self.reading.name} {part}",
            until=until,
            topic=f"{self.reading.topic}/binary",
            payload=lambda seq, boot: block(self.reading.plans, piece, seq=seq, boot=boot),
        )
