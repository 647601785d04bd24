"""Snapshots: the state at one entry of the log, so that a replay need not begin at the first.

A file is `prelude | table | parts`, written under another name, synced, and put in its place in one step: it is there
whole or not at all. What belongs to a person is sealed with that person's key. A snapshot is never the truth: where one
is damaged, an older one and a longer replay give the same state, and the damage is reported.
"""

import contextlib
import hashlib
import logging
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, final

import msgspec

from pollux.clock import DAY, HOUR
from pollux.errors import DamagedLog, SetupError, StorageError
from pollux.remember.disk import AbstractDisk, Disk
from pollux.remember.seal import Keys

_LOG = logging.getLogger("pollux.remember")

VERSION = 1
_MAGIC = b"POLLUXSN"
_PRELUDE = struct.Struct("<8sIIQqQ32s")
_CHECK = struct.Struct("<I")
_PRELUDE_SIZE = _PRELUDE.size + _CHECK.size
_PURPOSE = b"pollux snapshot 1\0"


class Stamp(NamedTuple):
    """Which entry of the log a snapshot includes last, its time, and its size in bytes."""

    seq: int
    time: int
    size: int = 0


@final
@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state: everything up to and including entry `seq`, as parts of bytes.

    `personal[subject]` are the parts of a person; `erased` counts those whose key was destroyed.
    """

    seq: int
    time: int
    parts: Mapping[str, bytes]
    personal: Mapping[str, Mapping[str, bytes]] = field(default_factory=lambda: dict[str, Mapping[str, bytes]]())
    erased: int = 0


class _Row(msgspec.Struct, array_like=True, frozen=True):
    """A part in the table: the name, or the pseudonym of the person that it is sealed for."""

    name: str
    pseudonym: str
    offset: int
    size: int
    digest: bytes


@final
class Snapshots:
    """The snapshots of a data folder, in `snapshots/NNNNNNNNNNNNNNNN.snap`, named by the entry that they include last.

    Kept are the last `keep` ones and the last one of each UTC day for `days` days. The others stay for `days` days too
    as long as all take at most `room` bytes, so that questions about the past replay little; where they take more,
    `write` thins them, the oldest first: at first to one an hour.
    `faults` are the damaged files that `latest` passed over.

    >>> import tempfile
    >>> snapshots = Snapshots(Path(tempfile.mkdtemp()))
    >>> snapshots.write(17, 5, {"Pump": b"columns"})
    >>> snapshots.latest().seq, snapshots.latest().parts["Pump"]
    (17, b'columns')
    """

    def __init__(
        self,
        folder: Path,
        *,
        disk: AbstractDisk | None = None,
        keys: Keys | None = None,
        keep: int = 4,
        days: int = 60,
        room: int = 2 << 30,
    ) -> None:
        self._folder = folder / "snapshots"
        self._disk = disk or Disk()
        self._keys = keys
        self._keep = keep
        self._days = days
        self._room = room
        self.faults: list[DamagedLog] = []
        self._stamps: dict[Path, Stamp] = {}

    def write(
        self,
        seq: int,
        time: int,
        parts: Mapping[str, bytes],
        *,
        personal: Mapping[str, Mapping[str, bytes]] | None = None,
    ) -> None:
        """Keep the state after entry `seq`, which must be durable in the log; `personal[subject]` is sealed.

        Names of parts are written in clear: they never name a person.

        Raises:
            StorageError: it could not be written; what was there before still is.
            SetupError: there are personal parts and no keys.
        """
        self._disk.make_folder(self._folder)
        blobs = [(name, "", content) for name, content in sorted(parts.items())]
        blobs += [("", *self._sealed(seq, subject, own)) for subject, own in sorted((personal or {}).items())]
        path = self._folder / name_of(seq)
        draft = path.with_suffix(".tmp")
        try:
            self._put(draft, _encoded(seq, time, blobs))
            self._disk.rename(draft, path)
            self._disk.fsync_dir(self._folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._disk.remove(draft)
            raise StorageError(f"expected room for a snapshot, got: {error}", at=f"snapshots/{path.name}") from None
        self._thin()

    def _put(self, path: Path, pieces: list[bytes]) -> None:
        handle = self._disk.open(path, create=True)
        try:
            self._disk.truncate(handle, 0)
            self._disk.pwritev(handle, pieces, 0)
            self._disk.fdatasync(handle)
        finally:
            self._disk.close(handle)

    def _sealed(self, seq: int, subject: str, own: Mapping[str, bytes]) -> tuple[str, bytes]:
        if self._keys is None:
            raise SetupError("expected keys to seal what belongs to a person, got none", at=f"snapshot {seq}")
        pseudonym = self._keys.pseudonym(subject)
        content = msgspec.msgpack.encode((subject, dict(own)))
        return pseudonym, self._keys.seal(subject, _bound(seq, pseudonym), content)

    def _thin(self) -> None:
        """Remove what the policy does not keep; a file that cannot be removed now will be next time."""
        dropped = _thinned(self.stamps(), keep=self._keep, days=self._days, room=self._room)
        for stamp in dropped:
            with contextlib.suppress(OSError):
                self._disk.remove(self._folder / name_of(stamp.seq))
        for name in self._disk.list(self._folder):
            if name.endswith(".tmp"):
                with contextlib.suppress(OSError):
                    self._disk.remove(self._folder / name)

    # -- reading ------------------------------------------------------------------------------------------------------

    def stamps(self) -> tuple[Stamp, ...]:
        """All snapshots whose beginning is whole, oldest first; damaged ones go to `faults`."""
        paths = self._paths()
        # A snapshot is never changed, so its beginning need not be read again; a damage since then shows when it is.
        self._stamps = {path: self._stamps[path] for path in paths if path in self._stamps}
        for path in paths:
            if path not in self._stamps:
                try:
                    self._stamps[path] = read_stamp(self._disk, path)
                except DamagedLog as fault:
                    self._note(fault)
        return tuple(sorted(self._stamps.values()))

    def latest(self, before_time: int | None = None, *, before_seq: int | None = None) -> Snapshot | None:
        """The newest whole snapshot, of all or of those up to a time and an entry, both included; None without one.

        Raises:
            StorageError: it was written by a newer Pollux.
            SetupError: it holds personal parts and there are no keys.
        """
        for stamp in reversed(self.stamps()):
            late = before_time is not None and stamp.time > before_time
            if late or (before_seq is not None and stamp.seq > before_seq):
                continue
            try:
                return read_snapshot(self._disk, self._folder / name_of(stamp.seq), self._keys)
            except DamagedLog as fault:
                self._note(fault)
        return None

    def _paths(self) -> list[Path]:
        return [self._folder / name for name in self._disk.list(self._folder) if name.endswith(".snap")]

    def _note(self, fault: DamagedLog) -> None:
        if str(fault) not in map(str, self.faults):
            self.faults.append(fault)
            _LOG.warning("a snapshot is damaged, and an older one and the log are read instead: %s", fault)


def _thinned(stamps: Sequence[Stamp], *, keep: int, days: int, room: int) -> list[Stamp]:
    """What is to go of all snapshots, oldest first.

    >>> every = [Stamp(n, n * HOUR // 2, 10) for n in range(96)]
    >>> [stamp.seq for stamp in _thinned(every, keep=2, days=60, room=940)]
    [0, 2]
    """
    first_day = stamps[-1].time // DAY - days
    protected = {*{stamp.time // DAY: stamp for stamp in stamps}.values(), *stamps[-keep:]}
    others = [stamp for stamp in stamps if stamp not in protected]
    hourly = {*{stamp.time // HOUR: stamp for stamp in stamps}.values()}
    gone = [stamp for stamp in stamps[:-keep] if stamp.time // DAY <= first_day]
    total = sum(stamp.size for stamp in stamps) - sum(stamp.size for stamp in gone)
    for stamp in (*(one for one in others if one not in hourly), *(one for one in others if one in hourly)):
        if total <= room:
            break
        if stamp not in gone:
            gone.append(stamp)
            total -= stamp.size
    return sorted(gone)


def name_of(seq: int) -> str:
    """The file name of the snapshot after entry `seq`."""
    return f"{seq:016d}.snap"


def _bound(seq: int, pseudonym: str) -> bytes:
    return _PURPOSE + seq.to_bytes(8, "little") + pseudonym.encode()


def _encoded(seq: int, time: int, blobs: Iterable[tuple[str, str, bytes]]) -> list[bytes]:
    """The whole file: prelude, table, parts."""
    rows: list[_Row] = []
    contents: list[bytes] = []
    offset = 0
    for name, pseudonym, content in blobs:
        rows.append(_Row(name, pseudonym, offset, len(content), hashlib.sha256(content).digest()))
        contents.append(content)
        offset += len(content)
    table = msgspec.msgpack.encode(rows)
    digest = hashlib.sha256(table).digest()
    prelude = _PRELUDE.pack(_MAGIC, VERSION, len(table), seq, time, offset, digest)
    return [prelude + _CHECK.pack(zlib.crc32(prelude)), table, *contents]


class _Prelude(NamedTuple):
    magic: bytes
    version: int
    table: int
    seq: int
    time: int
    size: int
    digest: bytes


def _prelude(body: bytes, path: Path) -> _Prelude:
    whole = len(body) == _PRELUDE_SIZE and zlib.crc32(body[: _PRELUDE.size]) == _CHECK.unpack(body[_PRELUDE.size :])[0]
    if not whole or body[:8] != _MAGIC:
        raise _damaged(path, 0, "expected the beginning of a snapshot, got other bytes")
    prelude = _Prelude._make(_PRELUDE.unpack_from(body))
    if prelude.version > VERSION:
        raise StorageError(
            f"expected a snapshot of format {VERSION} or older, got format {prelude.version}",
            at=f"snapshots/{path.name}",
            hint="it was written by a newer Pollux: open it with that one",
        )
    if name_of(prelude.seq) != path.name:
        raise _damaged(path, 0, f"expected the snapshot that the name says, got that after entry {prelude.seq}")
    return prelude


def _damaged(path: Path, byte: int, message: str) -> DamagedLog:
    return DamagedLog(message, file=f"snapshots/{path.name}", byte=byte, hint="remove it: an older one and the log do")


def read_stamp(disk: AbstractDisk, path: Path) -> Stamp:
    """Entry and time of a snapshot, from its first bytes. Raises DamagedLog, StorageError."""
    handle = disk.open(path)
    try:
        prelude = _prelude(disk.read(handle, _PRELUDE_SIZE, 0), path)
    finally:
        disk.close(handle)
    return Stamp(prelude.seq, prelude.time, _PRELUDE_SIZE + prelude.table + prelude.size)


def read_snapshot(disk: AbstractDisk, path: Path, keys: Keys | None) -> Snapshot:
    """A whole snapshot, every byte of it checked. Raises DamagedLog, StorageError, SetupError."""
    prelude, rows = checked_snapshot(disk, path)
    parts = {row.name: content for row, content in rows if not row.pseudonym}
    opened = [_opened(prelude.seq, row, content, keys) for row, content in rows if row.pseudonym]
    personal = dict(one for one in opened if one is not None)
    return Snapshot(prelude.seq, prelude.time, parts, personal, len(opened) - len(personal))


def checked_snapshot(disk: AbstractDisk, path: Path) -> tuple[_Prelude, list[tuple[_Row, bytes]]]:
    """The table and the contents of a snapshot once every byte is checked; needs no keys. Raises DamagedLog."""
    body = disk.contents(path)
    prelude = _prelude(body[:_PRELUDE_SIZE], path)
    start = _PRELUDE_SIZE + prelude.table
    table = body[_PRELUDE_SIZE:start]
    if hashlib.sha256(table).digest() != prelude.digest:
        raise _damaged(path, _PRELUDE_SIZE, "expected the checksum of the table to hold, got another")
    rows = msgspec.msgpack.decode(table, type=list[_Row])
    found: list[tuple[_Row, bytes]] = []
    for row in rows:
        content = body[start + row.offset : start + row.offset + row.size]
        if hashlib.sha256(content).digest() != row.digest:
            raise _damaged(path, start + row.offset, f"expected the checksum of part {row.name!r} to hold, got another")
        found.append((row, content))
    if len(body) != start + prelude.size:
        raise _damaged(path, start + prelude.size, f"expected {start + prelude.size} bytes, got {len(body)}")
    return prelude, found


def _opened(seq: int, row: _Row, content: bytes, keys: Keys | None) -> tuple[str, Mapping[str, bytes]] | None:
    if keys is None:
        raise SetupError("expected keys to read what belongs to a person, got none", at=f"snapshot {seq}")
    plain = keys.unseal(row.pseudonym, _bound(seq, row.pseudonym), content)
    return None if plain is None else msgspec.msgpack.decode(plain, type=tuple[str, dict[str, bytes]])
