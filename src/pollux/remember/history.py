"""History: what a signal was, from the log and the snapshots, behind one call.

The log is read and decoded once; what comes out is kept beside each sealed segment, sorted by series (`index`,
`sidecar`), so that thirty days of one signal are some blocks of each file and no scan. The segment that is still
growing is gathered in memory, as far as it goes when somebody asks.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import final

from pollux.clock import stopwatch
from pollux.columns.frames import Frames
from pollux.remember.decimate import Series, decimate, merged, width_for
from pollux.remember.disk import AbstractDisk, Disk
from pollux.remember.growing import Decode, Growing
from pollux.remember.index import STEP, Key, StaleIndex
from pollux.remember.reading import LogReader, Span
from pollux.remember.seal import Keys, Record
from pollux.remember.sidecar import Sections, Shelf
from pollux.remember.snapshots import Snapshot, Snapshots

_OPEN_FILES = 256
_PIECE_BYTES = 32 << 10
_PIECE, _BREATH, _PATIENCE = 0.001, 0.004, 0.7
"""Seconds of work, of pause behind it, and after how many it goes on without pauses, because it has fallen behind."""

LOOKS_BACK = 64 << 20
"""Bytes of log before a stretch that are looked at for messages which come again in it."""


@final
class History:
    """The past of one tenant's twins.

    `begin` begins a reading: it gives what turns frames of this tenant into samples, with the rows that twins have now,
    entry after entry. It leaves out what was told before in its reading, and each reading begins `looks_back` bytes
    early: a message that comes again is there once, unless more than that lies between. It must say the same whenever
    it is asked. `decoder` names it (a hash of model and mappings): under another name everything is decoded again.
    Thread-safe.
    """

    def __init__(
        self,
        folder: Path,
        *,
        log: LogReader,
        begin: Callable[[], Decode],
        decoder: str,
        snapshots: Snapshots | None = None,
        tenant: str = "",
        disk: AbstractDisk | None = None,
        keys: Keys | None = None,
        looks_back: int = LOOKS_BACK,
    ) -> None:
        disk = disk or Disk()
        self._looks_back = looks_back
        self._log = log
        self._begin = begin
        self._read: tuple[int, Decode] | None = None
        self._tenant = tenant
        self._shelf = Shelf.of(folder, tenant, decoder, disk, keys)
        self._snapshots = snapshots or Snapshots(folder, disk=disk, keys=keys)
        self._lock = threading.RLock()
        self._pause = threading.Event()
        self._bounds: dict[int, tuple[int, int]] = {}
        self._open: OrderedDict[int, Sections] = OrderedDict()
        self._unfiled: dict[int, Sections] = {}
        self._growing: Growing | None = None

    # -- questions ----------------------------------------------------------------------------------------------------

    def samples(
        self,
        type_name: str,
        row: int,
        signals: Sequence[int],
        start: int,
        end: int,
        *,
        points: int | None = None,
        subject: str | None = None,
    ) -> dict[int, Series]:
        """What signals (by their index in the schema) of one twin were, start <= event time < end.

        Samples are in order of event time; one that came twice is there once. With `points`, a stretch with more than
        two samples a column comes as a picture: whole columns of absolute time, at most two points each (and one
        without value where a gap lies), so that it begins and ends up to one column outside of start and end.

        Who asks was let in before. `subject` says whose records to look into, beside those of nobody: with thousands
        of persons that is much faster than looking into all. After an erasure nothing of the person is found.

        Raises:
            DamagedLog: a segment that had to be decoded is damaged.
        """
        with self._lock:
            spans = self._catch_up()
            return {
                signal: self._one(spans, Key(type_name, row, signal), start, end, points, subject) for signal in signals
            }

    def _one(
        self, spans: Sequence[Span], key: Key, start: int, end: int, points: int | None, subject: str | None
    ) -> Series:
        width = width_for(start, end, points, STEP) if points else 0
        if width >= STEP:
            start, end = start // width * width, -(-end // width) * width
        whole = merged(self._parts(spans, subject, key, start, end, coarse=width >= STEP)).between(start, end)
        if width >= STEP or (points and len(whole) > 2 * points):
            return decimate(whole, width)
        return whole

    def _parts(
        self, spans: Sequence[Span], subject: str | None, key: Key, start: int, end: int, *, coarse: bool
    ) -> list[Series]:
        found: list[Series] = []
        for span in spans:
            bounds = self._bounds.get(span.first)
            if bounds is not None and bounds[0] < end and bounds[1] > start:
                found += self._from_index(span, subject, key, start, end, coarse=coarse)
        if self._growing is not None:
            found += self._growing.series(subject, key, start, end, coarse=coarse)
        return found

    def _from_index(
        self, span: Span, subject: str | None, key: Key, start: int, end: int, *, coarse: bool
    ) -> list[Series]:
        pseudonyms = self._shelf.pseudonyms(subject)
        try:
            return self._sections(span).series(pseudonyms, key, start, end, coarse=coarse)
        except StaleIndex:
            self._rebuild(span)
            return self._sections(span).series(pseudonyms, key, start, end, coarse=coarse)

    def replay(self, after: int, until: int | None = None) -> Iterator[Record]:
        """The log's entries behind `after` up to `until`."""
        return self._log.read(after, until)

    def before(self, time: int) -> tuple[Snapshot | None, Iterator[Record]]:
        """What gives the state as of `time`: the newest snapshot up to then, and the entries to replay on it."""
        until = self._log.sequence_at(time)
        snapshot = self._snapshots.latest(time, before_seq=until)
        return snapshot, self._log.read(snapshot.seq if snapshot else 0, until)

    def forget(self, subject: str) -> None:
        """Drop what is in memory of a person whose key was destroyed; on disk nothing can be read any more."""
        with self._lock:
            if self._growing is not None:
                self._growing.forget(subject)

    # -- keeping up ---------------------------------------------------------------------------------------------------

    def prepare(self, limit: int | None = None) -> int:
        """Index up to `limit` sealed segments that have no index yet; how many. For a thread in the background."""
        done = 0
        for span in self._log.segments():
            if limit is not None and done >= limit:
                break
            with self._lock:
                done += span.end is not None and not self._known(span) and self._build(span)
        return done

    def keep_up(self) -> None:
        """Decode what has come since the last time, so that no question has to; for a thread in the background.

        It works a few milliseconds at a time: devices that wait for an answer meanwhile are not kept waiting.
        """
        self.prepare()
        begun, reading = stopwatch(), self._follow()
        while self._follows(reading):
            if stopwatch() - begun < _PATIENCE:
                self._pause.wait(_BREATH)

    def _follows(self, reading: Iterator[None]) -> bool:
        """Whether there is more to read after another piece; questions come in between."""
        with self._lock:
            return next(reading, "end") != "end"

    def _follow(self) -> Iterator[None]:
        """Gather what has come of the segment that grows, pausing after some milliseconds of work."""
        for span in self._log.segments()[-1:]:
            if span.end is not None:
                return
            growing, end = self._grown(span), stopwatch() + _PIECE
            for _ in self._pieces(growing, span.last):
                if self._growing is not growing:
                    return
                if stopwatch() >= end:
                    yield
                    end = stopwatch() + _PIECE

    def _catch_up(self) -> list[Span]:
        spans = self._log.segments()
        for span in spans:
            if span.end is None:
                self._gather(span)
            elif not self._known(span):
                self._build(span)
        return spans

    def _known(self, span: Span) -> bool:
        """Whether a sealed segment has an index that fits."""
        if span.first not in self._bounds:
            try:
                self._bounds[span.first] = self._sections(span).bounds
            except StaleIndex:
                return False
            if self._growing is not None and self._growing.first == span.first:
                self._growing = None
        return True

    def _sections(self, span: Span) -> Sections:
        if span.first in self._unfiled:
            return self._unfiled[span.first]
        if span.first not in self._open:
            self._open[span.first] = self._shelf.open(span)
        self._open.move_to_end(span.first)
        while len(self._open) > _OPEN_FILES:
            self._open.popitem(last=False)
        return self._open[span.first]

    def _rebuild(self, span: Span) -> None:
        self._open.pop(span.first, None)
        self._bounds.pop(span.first, None)
        self._build(span)

    def _build(self, span: Span) -> bool:
        """Index a sealed segment, going on from what was gathered of it while it grew."""
        growing = self._gather(span)
        if growing is self._growing:
            self._growing = None
        sections = growing.finished()
        self._shelf.write(span, sections)
        try:
            self._open[span.first] = self._shelf.open(span)
            self._unfiled.pop(span.first, None)
        except StaleIndex:
            # It could not be kept: it stays in memory until the process ends.
            self._unfiled[span.first] = self._shelf.in_memory(span.first, sections)
        self._bounds[span.first] = self._sections(span).bounds
        return True

    def _gather(self, span: Span) -> Growing:
        growing = self._grown(span)
        for _ in self._pieces(growing, None if span.end is None else span.last):
            pass
        return growing

    def _pieces(self, growing: Growing, last: int | None) -> Iterator[None]:
        """Take what was not yet taken, up to entry `last`, a piece at a time: small entries are decoded together."""
        piece: list[Frames] = []
        size, seq = 0, growing.seq
        for record in self._log.read(growing.seq, last):
            if record.seq <= growing.seq:
                continue  # a question has taken it meanwhile
            seq = record.seq
            for frames in self._frames(record):
                piece.append(frames)
                size += len(frames.arena)
            if size >= _PIECE_BYTES:
                self._take(growing, seq, piece)
                piece, size = [], 0
                yield
        if seq > growing.seq:
            self._take(growing, seq, piece)

    def _grown(self, span: Span) -> Growing:
        """What was gathered of a segment before; nothing yet, where it is another one."""
        growing = self._growing
        if growing is None or growing.first != span.first:
            growing = Growing(self._shelf, span.first, self._reading(span.first))
            if span.end is None:
                self._growing = growing
        return growing

    def _take(self, growing: Growing, seq: int, piece: Sequence[Frames]) -> None:
        growing.seq = seq
        if piece:
            frames = Frames.beside(piece)
            growing.add(seq, frames, growing.decode(frames))
        self._read = growing.seq, growing.decode

    def _reading(self, first: int) -> Decode:
        """The reading that has come to the entry before `first`; else a new one, which looks back before it."""
        if self._read is not None and self._read[0] == first - 1:
            return self._read[1]
        decode = self._begin()
        start, seen = first, 0
        for span in reversed([span for span in self._log.segments() if span.first < first]):
            if seen >= self._looks_back:
                break
            start, seen = span.first, seen + self._log.size(span)
        for record in self._log.read(start - 1, first - 1) if start < first else ():
            for frames in self._frames(record):
                decode(frames)
        return decode

    def _frames(self, record: Record) -> Iterator[Frames]:
        """The frames of this tenant in an entry."""
        if isinstance(record.entry, Frames):
            yield from (frames for tenant, frames in record.entry.by_tenant() if tenant == self._tenant)
