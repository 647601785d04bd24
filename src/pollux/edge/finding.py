"""The queue's files as they are found when it is opened: read as far as they can be, cut where they cannot."""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from pollux.edge.segments import LANES, Found, Lane, lane_of, read_segment, unframed
from pollux.remember.disk import AbstractDisk

_LOG = logging.getLogger("pollux.edge")


@final
@dataclass(slots=True)
class Findings:
    """The segments of all lanes, each lane in its order.

    `damaged` counts files with changed bytes elsewhere than at the end of a lane, where a power cut leaves what was
    not durable yet. With either the last numbers are `unsure`.
    """

    found: list[Found] = field(default_factory=list[Found])
    damaged: int = 0
    unsure: bool = False

    def look(self, disk: AbstractDisk, folder: Path) -> "Findings":
        """Read, and cut, what is in a folder. Raises StorageError for files of a newer version."""
        for lane in LANES:
            self._look(disk, folder, lane)
        return self

    def _look(self, disk: AbstractDisk, folder: Path, lane: Lane) -> None:
        names = [name for name in disk.list(folder) if lane_of(name) == lane]
        for name in names:
            one = read_segment(disk, folder / name, lane)
            if one is None or one.torn:
                self.unsure = True
                self.damaged += name != names[-1]
            if one is None:
                # Begun when the power went, so that nothing was in it; or its very first bytes have changed.
                disk.remove(folder / name)
            else:
                _cut(disk, one)
                self.found.append(one)


def read_cursor(disk: AbstractDisk, handle: int, *, most: int) -> tuple[int, dict[str, int]]:
    """Up to which number all is confirmed, and what was dropped; nothing, where a power cut has left another word."""
    told = disk.read(handle, disk.size(handle), 0)
    found: tuple[int, dict[str, int]] | None = unframed(told, 0, tuple[int, dict[str, int]])[0]
    return (0, {}) if found is None or found[0] > most else found


def _cut(disk: AbstractDisk, found: Found) -> None:
    if found.torn:
        _LOG.warning("%s is cut to %d bytes: what follows cannot be read", found.segment.path, found.segment.size)
        handle = disk.open(found.segment.path)
        disk.truncate(handle, found.segment.size)
        disk.fdatasync(handle)
        disk.close(handle)
