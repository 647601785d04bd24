"""Keys of persons: sealed texts open for the right key only, never share a nonce, and end with the key."""

import multiprocessing
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pollux.errors import DamagedLog, DataRefused, StorageError
from pollux.guard import Keyring, files
from pollux.guard.keyring import OVERHEAD


@pytest.fixture
def keys(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path / "keys")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.text(max_size=20), st.binary(max_size=50), st.binary(max_size=200))
def test_what_is_sealed_opens_again(keys: Keyring, subject: str, aad: bytes, plain: bytes) -> None:
    """Any subject, associated data and text come back, and the sealed text is longer by the stated overhead."""
    sealed = keys.seal(subject, aad, plain)
    assert keys.open(subject, aad, sealed) == plain
    assert keys.unseal(keys.pseudonym(subject), aad, sealed) == plain
    assert len(sealed) == len(plain) + OVERHEAD


def test_every_changed_byte_is_found(keys: Keyring) -> None:
    """A flipped bit anywhere, other associated data or another person's text is damage, never a wrong answer."""
    sealed = keys.seal("ann", b"log 1", b"120/80")
    keys.seal("bob", b"", b"")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(DamagedLog):
            keys.open("ann", b"log 1", bytes(changed))
    with pytest.raises(DamagedLog):
        keys.open("ann", b"log 2", sealed)
    with pytest.raises(DamagedLog):
        keys.open("bob", b"log 1", sealed)
    with pytest.raises(DamagedLog):
        keys.open("ann", b"log 1", sealed[:10])


def test_no_nonce_is_used_twice_by_threads_or_after_a_restart(tmp_path: Path) -> None:
    """(run, count) never repeats for a person: not among threads, and after a restart the run is another."""
    headers: list[bytes] = []
    for _ in range(3):
        keys = Keyring(tmp_path / "keys")
        with ThreadPoolExecutor(8) as pool:
            headers += list(pool.map(lambda _: keys.seal("ann", b"", b"x")[:25], range(200)))  # noqa: B023
    assert len(set(headers)) == 600
    assert len({header[1:17] for header in headers}) == 3


def _seal_in_child(keys: Keyring, out: "multiprocessing.Queue[bytes]") -> None:
    out.put(keys.seal("ann", b"", b"child"))


def test_a_forked_process_counts_under_another_key(keys: Keyring) -> None:
    """A fork copies the counters; the child must begin a run of its own, or both would use the same nonce."""
    keys.seal("ann", b"", b"before")
    context = multiprocessing.get_context("fork")
    out: multiprocessing.Queue[bytes] = context.Queue()
    child = context.Process(target=_seal_in_child, args=(keys, out))
    child.start()
    theirs = out.get(timeout=30)
    child.join()
    mine = keys.seal("ann", b"", b"parent")
    assert theirs[1:17] != mine[1:17]
    assert keys.open("ann", b"", theirs) == b"child"


def test_a_destroyed_key_opens_nothing_for_ever(tmp_path: Path) -> None:
    """After destroying, nothing opens and nothing can be sealed, also after a restart; others are unharmed."""
    keys = Keyring(tmp_path / "keys")
    sealed, other = keys.seal("ann", b"", b"x"), keys.seal("bob", b"", b"y")
    before = keys.pseudonym("ann")
    keys.destroy("ann")
    for ring in (keys, Keyring(tmp_path / "keys")):
        assert ring.open("ann", b"", sealed) is None
        assert ring.open("bob", b"", other) == b"y"
        with pytest.raises(DataRefused):
            ring.seal("ann", b"", b"again")
        assert ring.pseudonym("ann") == before
        assert ring.erased() == {before}
        assert (ring.knows("ann"), ring.knows("bob")) == (False, True)
    keys.destroy("ann")  # twice is harmless


def test_a_restore_of_old_keys_does_not_bring_a_person_back(tmp_path: Path) -> None:
    """When keys come back from a backup, the list of the erased applied again destroys them again."""
    keys = Keyring(tmp_path / "keys")
    sealed = keys.seal("ann", b"", b"x")
    backup = {path.name: path.read_bytes() for path in (tmp_path / "keys").glob("*.key")}
    keys.destroy("ann")
    erased = keys.erased()
    (tmp_path / "new").mkdir()
    for name, content in backup.items():
        (tmp_path / "new" / name).write_bytes(content)
    restored = Keyring(tmp_path / "new")
    assert restored.open("ann", b"", sealed) == b"x"
    restored.forget(erased)
    assert restored.open("ann", b"", sealed) is None


def test_a_crash_between_record_and_destruction_is_made_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the process dies after the erasure was recorded, the key is gone when the keyring is next opened."""
    keys = Keyring(tmp_path / "keys")
    sealed = keys.seal("ann", b"", b"x")

    def dies(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        crash.setattr(files, "erase", dies)
        with pytest.raises(KeyboardInterrupt):
            keys.destroy("ann")
    assert list((tmp_path / "keys").glob("*.key")), "the key was to be there still"
    again = Keyring(tmp_path / "keys")
    assert again.open("ann", b"", sealed) is None
    assert [path.name for path in (tmp_path / "keys").glob("*.key")] == ["pseudonyms.key"]


def test_a_crash_while_a_key_is_written_leaves_no_half_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key appears under its name complete or not at all; drafts of a crash are swept away."""
    keys = Keyring(tmp_path / "keys")

    def dies(source: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        crash.setattr("os.link", dies)
        crash.setattr(Path, "unlink", lambda self, missing_ok=False: None)
        with pytest.raises(KeyboardInterrupt):
            keys.seal("ann", b"", b"x")
    assert list((tmp_path / "keys").glob(".*"))
    again = Keyring(tmp_path / "keys")
    assert not list((tmp_path / "keys").glob(".*"))
    assert again.open("ann", b"", again.seal("ann", b"", b"x")) == b"x"


def test_a_damaged_key_is_named_and_never_replaced(tmp_path: Path) -> None:
    """A key file with a flipped bit is refused by name; a new key in its place would lose the person's data."""
    keys = Keyring(tmp_path / "keys")
    keys.seal("ann", b"", b"x")
    path = tmp_path / "keys" / f"{keys.pseudonym('ann')}.key"
    content = bytearray(path.read_bytes())
    content[9] ^= 4
    path.write_bytes(content)
    with pytest.raises(DamagedLog, match=path.name):
        Keyring(tmp_path / "keys").seal("ann", b"", b"y")
    assert path.read_bytes() == content


def test_files_are_private_and_name_nobody(tmp_path: Path) -> None:
    """Folders are 0700, files 0600, and no name or content shows the person."""
    keys = Keyring(tmp_path / "keys")
    keys.seal("ann@example", b"", b"x")
    keys.seal("bob@example", b"", b"x")
    keys.destroy("bob@example")
    for path in [tmp_path / "keys", *(tmp_path / "keys").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
        assert "example" not in path.name
        assert path.is_dir() or b"example" not in path.read_bytes()


def test_pseudonyms_are_stable_and_differ_between_installations(tmp_path: Path) -> None:
    """One person, one pseudonym per installation; without the key of the installation it cannot be computed."""
    one, again, other = (Keyring(tmp_path / name) for name in ("a", "a", "b"))
    assert one.pseudonym("ann") == again.pseudonym("ann") != other.pseudonym("ann")
    assert one.pseudonym("ann") != one.pseudonym("bob")
    assert one.pseudonym("ann").isalnum()
    assert len(one.pseudonym("ann")) == 26


def test_many_threads_make_one_key(tmp_path: Path) -> None:
    """When threads meet at the first use of a person's key they end with the same one."""
    keys, barrier = Keyring(tmp_path / "keys"), threading.Barrier(8)

    def seal(_: int) -> bytes:
        barrier.wait()
        return keys.seal("ann", b"", b"x")

    with ThreadPoolExecutor(8) as pool:
        sealed = list(pool.map(seal, range(8)))
    assert {Keyring(tmp_path / "keys").open("ann", b"", one) for one in sealed} == {b"x"}


def test_a_lost_key_is_not_taken_for_an_erasure(keys: Keyring, tmp_path: Path) -> None:
    """A key that is missing without having been destroyed is an error, not an empty answer."""
    sealed = keys.seal("ann", b"", b"x")
    (tmp_path / "keys" / f"{keys.pseudonym('ann')}.key").unlink()
    with pytest.raises(StorageError, match="not erased"):
        Keyring(tmp_path / "keys").open("ann", b"", sealed)


def test_only_pseudonyms_are_forgotten(keys: Keyring) -> None:
    """A list of the erased that holds a path is refused: it would erase other files."""
    with pytest.raises(DataRefused):
        keys.forget(["../accounts"])
