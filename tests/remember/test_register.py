"""The register: what was told to be durable is there after anything, and nothing else is taken for it."""

import os
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from pollux.remember.register import Register
from pollux.testing.disk import FaultyDisk, PowerCut

FOLDER = Path("data/sessions")
FILE = FOLDER / "register"


def opened(disk: FaultyDisk) -> Register:
    return Register.open(FOLDER, disk=disk, own_thread=False)


def some_change(random: np.random.Generator) -> tuple[bytes, bytes | None]:
    """A change of one of few keys, now and then its removal."""
    key = b"key %d" % random.integers(12)
    return key, None if random.random() < 0.2 else random.bytes(int(random.integers(1, 3000)))


@pytest.mark.parametrize("seed", range(60))
def test_what_was_told_survives_power_cuts(seed: int) -> None:
    """After a cut at any operation each key has the value that was told last, or one that was given after it."""
    random = np.random.default_rng(seed)
    disk = FaultyDisk(seed=seed)
    told: dict[bytes, bytes | None] = {}
    for _ in range(4):
        given: dict[bytes, list[bytes | None]] = {}
        try:
            disk.cut_at = disk.operations + int(random.integers(1, 60))
            register = opened(disk)
            for _ in range(400):
                for key, value in (some_change(random) for _ in range(int(random.integers(1, 4)))):
                    given.setdefault(key, []).append(value)
                    register.put(key, value, partial(told.__setitem__, key, value))
                assert register.write()
                given = {}
        except PowerCut:
            pass
        disk.cut_at = None
        disk.restart()
        found = opened(disk)
        assert not found.damaged
        assert not found.closed
        for key in {*told, *given, *found.items}:
            assert found.items.get(key) in (told.get(key), *given.get(key, ()))
        told.clear()
        told.update(found.items)


@pytest.mark.parametrize("seed", range(20))
def test_a_kill_leaves_what_was_told(seed: int) -> None:
    """What was written is there although nobody closed; only a close says that nothing is older than it was."""
    disk = FaultyDisk(seed=seed)
    register = opened(disk)
    register.put(b"a", b"1")
    register.write()
    disk.kill()
    second = opened(disk)
    assert (dict(second.items), second.closed) == ({b"a": b"1"}, False)
    second.put(b"b", b"2")
    second.close()
    third = opened(disk)
    assert (dict(third.items), third.closed) == ({b"a": b"1", b"b": b"2"}, True)
    third.put(b"b", None)
    third.write()
    disk.kill()
    assert not opened(disk).closed


def test_any_changed_byte_is_found() -> None:
    """A byte that changes in what was durable is never taken for a torn end: then nothing is found."""
    whole = FaultyDisk(seed=1)
    register = opened(whole)
    for number in range(5):
        register.put(b"key %d" % number, b"value %d" % number)
        register.write()
    register.close()
    content = whole.contents(FILE)
    for byte in range(len(content)):
        whole.flip(FILE, byte)
        found = opened(whole)
        assert found.damaged, byte
        assert not found.items
        whole.flip(FILE, byte)
    assert len(opened(whole).items) == 5


def test_a_torn_end_is_passed_over() -> None:
    """Every beginning of the last frame, with nothing or zeros behind it, leaves what was there before it."""
    disk = FaultyDisk(seed=1)
    register = opened(disk)
    register.put(b"a", b"1")
    register.write()
    before = len(disk.contents(FILE))
    register.put(b"a", bytes(range(200)) * 4)
    register.write()
    for size in range(before, len(disk.contents(FILE)) - 1):
        torn = FaultyDisk(seed=1)
        torn.make_folder(FOLDER)
        handle = torn.open(FILE, create=True)
        torn.pwritev(handle, [disk.contents(FILE)[:size]], 0)
        found = opened(torn)
        assert (dict(found.items), found.damaged) == ({b"a": b"1"}, False), size


def test_a_full_disk_is_waited_for() -> None:
    """Where there is no room nobody is told anything; with room, everything is written, the last value of each key."""
    disk = FaultyDisk(seed=1, capacity=100)
    register, told = opened(disk), list[int]()
    register.put(b"a", bytes(500), lambda: told.append(1))
    assert not register.write()
    register.put(b"a", b"small", lambda: told.append(2))
    register.put(b"b", bytes(500), lambda: told.append(3))
    assert not register.write()
    assert (told, register.failures) == ([], 2)
    disk.capacity = None
    assert register.write()
    assert told == [1, 2, 3]
    assert dict(opened(disk).items) == {b"a": b"small", b"b": bytes(500)}


@pytest.mark.parametrize("at", range(1, 12))
def test_a_failed_write_or_sync_is_made_good(at: int) -> None:
    """What fails once is written anew, beside what may be half there."""
    for fault in ("fail_sync_at", "fail_write_at"):
        disk = FaultyDisk(seed=at)
        setattr(disk, fault, at)
        register = opened(disk)
        for number in range(6):
            told = list[int]()
            register.put(b"n", b"%d" % number, partial(told.append, number))
            while not register.write():
                assert not told
            assert told
            disk.crash()
            assert opened(disk).items[b"n"] == b"%d" % number
            register = opened(disk)


def test_the_file_stays_small() -> None:
    """However often values change, the file holds little more than they need."""
    disk = FaultyDisk(seed=1)
    register = opened(disk)
    for number in range(3000):
        register.put(b"k%d" % (number % 10), bytes(200))
        register.write()
    assert disk.used() < 80_000
    assert len(opened(disk).items) == 10


def test_what_is_forgotten_is_gone() -> None:
    """After `forget` no older value is in the file."""
    disk = FaultyDisk(seed=1)
    register = opened(disk)
    for value in (b"SECRET", b"other", None):
        register.put(b"a", value)
        register.put(b"b", b"stays")
        register.write()
    assert b"SECRET" in disk.contents(FILE)
    register.forget()
    register.write()
    assert b"SECRET" not in disk.contents(FILE)
    assert dict(opened(disk).items) == {b"b": b"stays"}


def test_nothing_is_written_where_nothing_changes(tmp_path: Path) -> None:
    """A register that nobody uses leaves no file; one that somebody does, a file for its owner alone."""
    Register.open(tmp_path / "r").close()
    assert os.listdir(tmp_path / "r") == []
    register, told = Register.open(tmp_path / "r"), threading.Event()
    register.put(b"a", b"1", told.set)
    assert told.wait(20)
    register.close()
    register.close()
    assert os.listdir(tmp_path / "r") == ["register"]
    assert (tmp_path / "r" / "register").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "r").stat().st_mode & 0o777 == 0o700
