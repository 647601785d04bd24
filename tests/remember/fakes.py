"""What the tests of the log share: keys without files, strategies for entries, a log on a disk in memory."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import strategies as st

from pollux.clock import SimulatedClock
from pollux.columns.frames import Frames, Message, Origin
from pollux.errors import DamagedLog, DataRefused
from pollux.remember import AbstractDisk, Log, Note
from pollux.testing.disk import FaultyDisk

DATA = Path("data")
SMALL = 4096


class FakeKeys:
    """Keys in memory; nonces are counted."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes] = {}
        self._destroyed: set[str] = set()
        self._count = 0

    def pseudonym(self, subject: str, /) -> str:
        return hashlib.sha256(b"secret" + subject.encode()).hexdigest()[:20]

    def seal(self, subject: str, aad: bytes, plaintext: bytes, /) -> bytes:
        name = self.pseudonym(subject)
        if name in self._destroyed:
            raise DataRefused("expected a person whose data may be kept, got one who was erased")
        key = self._keys.setdefault(name, hashlib.sha256(name.encode()).digest())
        self._count += 1
        nonce = self._count.to_bytes(12, "big")
        return nonce + AESGCM(key).encrypt(nonce, plaintext, aad)

    def unseal(self, pseudonym: str, aad: bytes, sealed: bytes, /) -> bytes | None:
        key = self._keys.get(pseudonym)
        try:
            return None if key is None else AESGCM(key).decrypt(sealed[:12], sealed[12:], aad)
        except InvalidTag:
            raise DamagedLog("expected what was sealed", file=pseudonym, byte=0) from None

    def destroy(self, subject: str) -> None:
        self._destroyed.add(self.pseudonym(subject))
        self._keys.pop(self.pseudonym(subject), None)


def open_log(disk: AbstractDisk, *, keys: FakeKeys | None = None, now: int = 0, segment_bytes: int = SMALL) -> Log:
    """A log that writes only when it is told to."""
    return Log.open(
        DATA, clock=SimulatedClock(now), disk=disk, keys=keys, segment_bytes=segment_bytes, own_thread=False
    )


def rows(frames: Frames) -> list[tuple[object, ...]]:
    """Frames as plain values, to compare them."""
    return [
        (
            frames.sender(i),
            frames.topic(i),
            bytes(frames.payload(i)),
            int(frames.arrival[i]),
            int(frames.encoding[i]),
            int(frames.qos[i]),
        )
        for i in range(len(frames))
    ]


def plain(entry: Frames | Note | None) -> object:
    """An entry as plain values."""
    return rows(entry) if isinstance(entry, Frames) else entry


def everything(log: Log) -> list[object]:
    """All that can be read, as plain values."""
    return [plain(record.entry) for record in log.read()]


def message(token: int, *, subject: str | None = None, tenant: str = "", size: int = 20) -> Message:
    """A message that no other one equals."""
    return Message(
        Origin(tenant, f"d{token % 3}", subject, "b1"), b"t/%d" % token, b"%0*d" % (size, token), token, 1, 1
    )


def batch(tokens: Sequence[int], *, subject: str | None = None, size: int = 20) -> Frames:
    """A batch of such messages."""
    return Frames.of(message(token, subject=subject, size=size) for token in tokens)


names = st.text(max_size=6)
origins = st.builds(Origin, names, names, st.none() | names, st.none() | names)
messages = st.builds(
    Message,
    origins,
    st.binary(max_size=20),
    st.binary(max_size=60),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 255),
    st.integers(0, 255),
)


@st.composite
def batches(draw: st.DrawFn) -> Frames:
    """Any frames: an arena with foreign bytes in it, frames that overlap and stand in any order, unused origins."""
    given = draw(st.lists(messages, max_size=8))
    frames = Frames.of(given)
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    shift = draw(st.integers(0, 5))
    arena = random.bytes(shift) + frames.arena + random.bytes(draw(st.integers(0, 5)))
    index = frames.index + np.array([shift, 0, shift, 0], np.int32)
    whole = Frames(arena, index, frames.origin, frames.origins, frames.arrival, frames.encoding, frames.qos)
    if draw(st.booleans()):
        return whole.select(random.random(len(whole)) < 0.7)
    order = random.permutation(len(whole))
    return whole.select(order)  # type: ignore[arg-type]


notes = st.builds(
    Note,
    names,
    st.dictionaries(names, st.none() | st.integers(-(2**63), 2**63 - 1) | names | st.binary(max_size=9), max_size=4),
    names,
    st.none() | names,
)
entries = batches() | notes


def disk(seed: int = 0) -> FaultyDisk:
    """A disk in memory."""
    return FaultyDisk(seed=seed)


class Passing(AbstractDisk):
    """A disk that passes everything on to another; tests change one operation."""

    def __init__(self, disk: AbstractDisk) -> None:
        self._disk = disk

    def fdatasync(self, handle: int) -> None:
        self._disk.fdatasync(handle)

    def open(self, path: Path, *, create: bool = False) -> int:
        return self._disk.open(path, create=create)

    def close(self, handle: int) -> None:
        self._disk.close(handle)

    def pwritev(self, handle: int, pieces: Sequence[bytes], offset: int) -> None:
        self._disk.pwritev(handle, pieces, offset)

    def truncate(self, handle: int, size: int) -> None:
        self._disk.truncate(handle, size)

    def fallocate(self, handle: int, size: int) -> None:
        self._disk.fallocate(handle, size)

    def size(self, handle: int) -> int:
        return self._disk.size(handle)

    def read(self, handle: int, size: int, offset: int) -> bytes:
        return self._disk.read(handle, size, offset)

    def fsync_dir(self, folder: Path) -> None:
        self._disk.fsync_dir(folder)

    def rename(self, source: Path, target: Path) -> None:
        self._disk.rename(source, target)

    def remove(self, path: Path) -> None:
        self._disk.remove(path)

    def list(self, folder: Path) -> tuple[str, ...]:
        return self._disk.list(folder)

    def make_folder(self, folder: Path) -> None:
        self._disk.make_folder(folder)

    def lock(self, folder: Path) -> int:
        return self._disk.lock(folder)
