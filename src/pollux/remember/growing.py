"""A segment of the log that is being decoded, while it grows or once it is sealed."""

import contextlib
from collections.abc import Callable, Mapping
from typing import TypeAlias, final

import numpy as np

from pollux.columns.batch import Batch
from pollux.columns.frames import Frames
from pollux.errors import DataRefused
from pollux.remember.decimate import Series, decimate
from pollux.remember.index import STEP, Gathering, Key
from pollux.remember.sidecar import Sections, Shelf, Stored

Decode: TypeAlias = Callable[[Frames], Mapping[str, Batch]]


@final
class Growing:
    """One segment being decoded: samples by owner, cut into sections before they become too many."""

    def __init__(self, shelf: Shelf, first: int, decode: Decode) -> None:
        self._shelf = shelf
        self.first = first
        self.decode = decode
        self.seq = first - 1
        self._gathered: dict[str | None, Gathering] = {}
        self._sections: list[Stored] = []
        self._closed: Sections | None = None

    def add(self, seq: int, frames: Frames, batches: Mapping[str, Batch]) -> None:
        """Take what one batch of frames said."""
        self.seq = seq
        if all(origin.subject is None for origin in frames.origins):
            self._of(None, batches)
        else:
            self._add_by_subject(frames, batches)
        if any(gathering.full for gathering in self._gathered.values()):
            self._cut()

    def _add_by_subject(self, frames: Frames, batches: Mapping[str, Batch]) -> None:
        subjects = [origin.subject for origin in frames.origins]
        for subject in dict.fromkeys(subjects):
            theirs = np.array([one == subject for one in subjects])[frames.origin]
            own = {name: batch.select(theirs[batch.frame]) for name, batch in batches.items()}
            self._of(subject, own)

    def _of(self, subject: str | None, batches: Mapping[str, Batch]) -> None:
        if any(len(batch) for batch in batches.values()):
            self._gathered.setdefault(subject, Gathering()).add(batches)

    def _cut(self) -> None:
        for subject, gathering in self._gathered.items():
            # Who was erased in the meantime is refused by the keys, and has no section.
            with contextlib.suppress(DataRefused):
                self._sections.append(self._shelf.store(self.first, subject, gathering.section(), *gathering.bounds()))
        self._gathered.clear()
        self._closed = None

    def finished(self) -> list[Stored]:
        """All sections, once nothing more will come."""
        self._cut()
        return self._sections

    def forget(self, subject: str) -> None:
        """Drop what is in memory of a person; what was cut is sealed."""
        self._gathered.pop(subject, None)

    def series(self, subject: str | None, key: Key, start: int, end: int, *, coarse: bool) -> list[Series]:
        """The series as far as it is decoded; of nobody and one subject, or of all where none is named."""
        if self._closed is None:
            self._closed = self._shelf.in_memory(self.first, self._sections)
        found = self._closed.series(self._shelf.pseudonyms(subject), key, start, end, coarse=coarse)
        for owner, gathering in self._gathered.items():
            if subject is None or owner in (None, subject):
                series = gathering.series(key)
                found.append(decimate(series, STEP) if coarse else series)
        return found
