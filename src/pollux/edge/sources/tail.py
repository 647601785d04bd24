"""A file that another program writes: its lines as they come, also when it is rotated or begun anew."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import numpy as np

from pollux.edge.samples import Samples
from pollux.edge.sources.lines import Lines
from pollux.edge.sources.source import AbstractSource, Need
from pollux.errors import SetupError

PIECE: Final = 256 << 10
PAUSE: Final = 0.1


@final
@dataclass(frozen=True, slots=True)
class Tail(AbstractSource):
    """The lines of a growing file; made by `tail`."""

    path: Path
    columns: tuple[str, ...]
    most: float
    whole: bool

    @property
    def rate(self) -> float:
        return self.most

    @property
    def step(self) -> int:
        return 0

    def samples(self, need: Need) -> Iterator[Samples]:
        lines = Lines(need.signals, self.columns)
        file = _File(self.path, from_end=not self.whole)
        try:
            while True:
                data = file.read()
                samples = lines.feed(data, now=need.clock.now())
                yield _later(samples, need.after) if self.whole else samples
                if file.changed:
                    lines.forget()
                if need.pause(0.0 if data else PAUSE):
                    return
        finally:
            file.close()


@final
class _File:
    """The bytes behind a name: when the name stands for another file, the rest of the first one and then the other."""

    def __init__(self, path: Path, *, from_end: bool) -> None:
        self._path = path
        self._handle = -1
        self.changed = False
        if self._open() and from_end:
            os.lseek(self._handle, 0, os.SEEK_END)

    def read(self) -> bytes:
        """The next bytes, none where there are none now; `changed` when what follows is another file."""
        self.changed = False
        if self._handle < 0 and not self._open():
            return b""
        data = os.read(self._handle, PIECE)
        if data:
            return data
        if os.lseek(self._handle, 0, os.SEEK_CUR) > os.fstat(self._handle).st_size:
            os.lseek(self._handle, 0, os.SEEK_SET)
            self.changed = True
        elif self._replaced():
            # What was written to the old file until now comes first.
            data = os.read(self._handle, PIECE)
            if not data:
                self.close()
                self.changed = True
        return data

    def close(self) -> None:
        """Let the file go."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _open(self) -> bool:
        try:
            self._handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        return True

    def _replaced(self) -> bool:
        try:
            named, held = self._path.stat(), os.fstat(self._handle)
        except FileNotFoundError:
            return False  # renamed away, and its successor is not there yet: lines may still come to this one
        return (named.st_dev, named.st_ino) != (held.st_dev, held.st_ino)


def tail(path: str | Path, *, columns: Sequence[str] = (), rate: float = 1000.0) -> Tail:
    """The lines of a file that grows: CSV or a JSON object a line, at most `rate` a second.

    A file that is renamed away is read to its end before the next one of the name; one that is cut is read from its
    beginning. With a `t` among `columns` the file is read from its beginning and what was taken before is passed over,
    so that nothing is lost or doubled when the agent is started again, except in files that were rotated away
    meanwhile; without, it begins at its end and a line's time is that of reading it. Raises SetupError for a rate of
    nothing.

    >>> tail("/var/log/pump.csv", columns=["t", "temp"]).whole
    True
    """
    if not rate > 0:
        raise SetupError(f"expected a rate above 0, got {rate:g}", at=str(path))
    return Tail(Path(path), tuple(columns), rate, "t" in columns)


def _later(samples: Samples, after: int) -> Samples:
    later = samples.times > after
    if later.all():
        return samples
    return Samples(samples.times[later], samples.values[np.flatnonzero(later)], samples.missed, samples.unread)
