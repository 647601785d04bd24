"""From the log back to the estates: at the start, and as of any moment."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, final

from pollux.columns.frames import Frames
from pollux.errors import PolluxError, StorageError
from pollux.remember import LogReader, Note, Record, Snapshots
from pollux.site.estate import Estate, Holding

MUCH: Final = 16 << 20
"""Bytes of whole segments: decoded in Python they take longer than the compiled decoder takes to load."""


def replay(records: Iterable[Record], estates: Mapping[str, Estate], *, until: int | None = None) -> int:
    """Take logged entries in again, up to a moment; how many there were.

    What an estate refused when it was asked is refused again and has no effect, as it had none.
    """
    count = 0
    for record in records:
        if until is not None and record.arrival > until:
            break
        count += 1
        take_in(record, estates)
    return count


def take_in(record: Record, estates: Mapping[str, Estate]) -> None:
    """Take one logged entry in again."""
    entry = record.entry
    if isinstance(entry, Frames):
        for tenant, part in entry.by_tenant():
            if tenant in estates:
                estates[tenant].take_in(part, record.seq)
    elif isinstance(entry, Note) and entry.tenant in estates:
        with contextlib.suppress(PolluxError):
            estates[entry.tenant].take_note(entry, record.seq)


@final
class Past:
    """The estates as they were known at a moment: the nearest snapshot before it, and the log from there."""

    def __init__(self, reader: LogReader, snapshots: Snapshots, holdings: Mapping[str, Sequence[Holding]]) -> None:
        self._reader = reader
        self._snapshots = snapshots
        self._holdings = holdings

    def fresh(self) -> dict[str, Estate]:
        """Estates before anything happened."""
        return {tenant: Estate(tenant, holdings) for tenant, holdings in self._holdings.items()}

    def estates(self, until: int | None = None, *, until_seq: int | None = None) -> dict[str, Estate]:
        """All estates as known at a moment in nanoseconds UTC, or after a position of the log, or now.

        A snapshot of other types than those declared now is passed over: the log is then read under the new ones, which
        is a reinterpretation.
        """
        estates, after = self._snapped(until, until_seq) or (self.fresh(), 0)
        if self._is_much(after, until_seq):
            for estate in estates.values():
                estate.compile()
        replay(self._reader.read(after, until_seq), estates, until=until)
        return estates

    def _is_much(self, after: int, until_seq: int | None) -> bool:
        """Whether so much is to be decoded again that loading the compiled decoder before costs less."""
        whole = [one for one in self._reader.segments() if one.end is not None and one.first > after]
        if until_seq is not None:
            whole = [one for one in whole if one.last <= until_seq]
        return sum(map(self._reader.size, whole)) > MUCH

    def _snapped(self, until: int | None, until_seq: int | None) -> tuple[dict[str, Estate], int] | None:
        """The estates of the nearest snapshot and its position; None where there is none of these types."""
        snapshot = self._snapshots.latest(before_time=until, before_seq=until_seq)
        if snapshot is None:
            return None
        parts = {**snapshot.parts, **{k: v for own in snapshot.personal.values() for k, v in own.items()}}
        try:
            return {tenant: Estate(tenant, held, parts) for tenant, held in self._holdings.items()}, snapshot.seq
        except (StorageError, KeyError):
            return None
