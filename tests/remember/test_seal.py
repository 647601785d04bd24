"""What belongs to a person: sealed, separable, erased."""

import base64
from pathlib import Path

import pytest

from pollux.clock import WallClock
from pollux.columns.frames import Frames, Message, Origin
from pollux.errors import DamagedLog, DataRefused, SetupError
from pollux.guard.keyring import Keyring
from pollux.remember import Keys, Log, Note, Snapshots, verify
from tests.remember.fakes import DATA, FakeKeys, disk, everything, message, open_log, rows

ANN = "ann.unique.4711"
MIXED = [message(0), message(1, subject=ANN), message(2, subject="bob"), message(3, subject=ANN), message(4)]


def test_a_batch_of_several_persons_comes_back_in_order() -> None:
    """Records are one per person, yet the batch comes back as it was."""
    with open_log(disk(), keys=FakeKeys()) as log:
        log.append(Frames.of(MIXED))
        log.flush()
        (record,) = log.read()
        assert isinstance(record.entry, Frames)
        assert rows(record.entry) == rows(Frames.of(MIXED))
        assert record.erased == 0


def test_an_erased_person_leaves_a_count_and_nobody_else_loses() -> None:
    """After the key is destroyed the person's entries are gone and counted; the rest is there; the chain holds."""
    keys, storage = FakeKeys(), disk()
    with open_log(storage, keys=keys) as log:
        log.append(Frames.of(MIXED))
        log.append(Note("order", {"dose": 5}, subject=ANN))
        log.append(Note("order", {"dose": 6}, subject="bob"))
        log.append(Frames.of([message(7, subject=ANN)]))
        log.flush()
        keys.destroy(ANN)
        frames, note, other, gone = log.read()
        assert isinstance(frames.entry, Frames)
        assert rows(frames.entry) == rows(Frames.of([MIXED[i] for i in (0, 2, 4)]))
        assert frames.erased == 2
        assert (note.entry, note.kind, note.erased) == (None, "note", 1)
        assert other.entry == Note("order", {"dose": 6}, subject="bob")
        assert isinstance(gone.entry, Frames)
        assert (len(gone.entry), gone.erased) == (0, 1)
    assert verify(DATA, disk=storage).ok


def test_an_erased_person_is_refused_and_the_log_goes_on() -> None:
    """An entry of an erased person is refused without using up a number."""
    keys = FakeKeys()
    with open_log(disk(), keys=keys) as log:
        keys.destroy(ANN)
        with pytest.raises(DataRefused):
            log.append(Frames.of(MIXED))
        assert log.append(Note("on", {})).seq == 1


def test_without_keys_nothing_personal_is_written_or_read() -> None:
    """A log without keys refuses what belongs to a person, in both directions, with a hint."""
    storage, keys = disk(), FakeKeys()
    with open_log(storage) as log, pytest.raises(SetupError, match="keys"):
        log.append(Frames.of(MIXED))
    with open_log(storage, keys=keys) as log:
        log.append(Frames.of(MIXED))
        log.flush()
    with open_log(storage) as log, pytest.raises(SetupError, match="keyring"):
        everything(log)


def test_a_sealed_payload_belongs_to_its_record() -> None:
    """A sealed payload is bound to sequence, arrival, part and owner: it opens nowhere else."""
    keys = FakeKeys()
    sealed = keys.seal(ANN, b"here", b"120/80")
    with pytest.raises(DamagedLog):
        keys.unseal(keys.pseudonym(ANN), b"there", sealed)


@pytest.mark.parametrize("place", ["log", "snapshots"])
def test_no_file_names_a_person(tmp_path: Path, place: str) -> None:
    """Neither id nor device, topic or value of a person is anywhere on disk, in names or contents, in any encoding."""
    words = [ANN.encode(), b"cuff.ann", b"home/ann/pressure", b"sys=120;dia=80"]
    keys: Keys = Keyring(tmp_path / "keys")
    frames = Frames.of([Message(Origin("clinic", "cuff.ann", ANN, "b"), words[2], words[3], 5), message(1)])
    with Log.open(tmp_path / "data", clock=WallClock(), keys=keys) as log:
        log.append(frames)
        log.append(Note("order", {"for": ANN, "text": "sys=120;dia=80"}, "clinic", ANN))
        log.flush(20)
        snapshots = Snapshots(tmp_path / "data", keys=keys)
        snapshots.write(2, 5, {"Pump": b"other"}, personal={ANN: {"Heart": words[3]}})
        assert rows(next(log.read()).entry) == rows(frames)  # type: ignore[arg-type]
        latest = snapshots.latest()
        assert latest is not None
        assert latest.personal == {ANN: {"Heart": words[3]}}
    files = [path for path in (tmp_path / "data").rglob("*") if path.is_file() and path.name != ".lock"]
    assert any(place in path.parts for path in files)
    for path in files:
        body = path.read_bytes()
        for word in words:
            for form in (word, word.hex().encode(), base64.b64encode(word)[:-4], word.decode().encode("utf-16-le")):
                assert form not in body
                assert form not in str(path.relative_to(tmp_path)).encode()


def test_the_real_keyring_erases(tmp_path: Path) -> None:
    """With the keyring of this package a destroyed key erases log and snapshots, and only that person's share."""
    keys = Keyring(tmp_path / "keys")
    snapshots = Snapshots(tmp_path / "data", keys=keys)
    with Log.open(tmp_path / "data", clock=WallClock(), keys=keys) as log:
        log.append(Frames.of(MIXED)).wait(20)
        snapshots.write(1, 5, {}, personal={ANN: {"a": b"1"}, "bob": {"a": b"2"}})
        keys.destroy(ANN)
        (record,) = log.read()
        assert record.erased == 2
        latest = snapshots.latest()
        assert latest is not None
        assert (latest.personal, latest.erased) == ({"bob": {"a": b"2"}}, 1)


def test_a_foreign_key_is_named_as_damage() -> None:
    """A sealed payload that does not open with its key is reported with file and byte, not given."""
    storage, keys = disk(), FakeKeys()
    with open_log(storage, keys=keys) as log:
        log.append(Frames.of(MIXED))
        log.flush()
    other = FakeKeys()
    for subject in (ANN, "bob"):
        other.seal(subject, b"", b"")
    other._keys = dict.fromkeys(other._keys, bytes(32))
    with open_log(storage, keys=other) as log, pytest.raises(DamagedLog):
        everything(log)
