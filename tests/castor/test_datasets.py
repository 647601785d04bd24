"""Public data sets are known by name and trusted by hash."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pollux.castor import datasets
from pollux.castor.datasets import DATA_SETS, DataSet, File, check, data_set, fetch, named
from pollux.errors import DataRefused, NotFound, SetupError

HELLO = File("a/hello.txt", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", 5)


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataSet:
    """A set of one file at an address of this machine, and an empty home."""
    source = tmp_path / "source"
    (source / "a").mkdir(parents=True)
    (source / "a/hello.txt").write_bytes(b"hello")
    made = DataSet("hello", "", "", source.as_uri() + "/", "far/away", (HELLO,))
    monkeypatch.setattr(datasets, "DATA_SETS", (made,))
    monkeypatch.setenv("POLLUX_DATA", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return made


def test_a_set_is_fetched_once_and_found(one: DataSet, tmp_path: Path) -> None:
    """What was fetched is found by name, and is not fetched again."""
    with pytest.raises(SetupError, match="pollux data get hello"):
        data_set("hello")
    fetched: list[str] = []
    assert fetch("hello", progress=fetched.append) == tmp_path / "home/hello"
    assert data_set("hello") == tmp_path / "home/hello"
    fetch("hello", progress=fetched.append)
    assert fetched == ["a/hello.txt"]


def test_a_changed_file_is_refused(one: DataSet, tmp_path: Path) -> None:
    """A file with another hash is not kept when fetched and not used when found."""
    (tmp_path / "source/a/hello.txt").write_bytes(b"jello")
    with pytest.raises(DataRefused):
        fetch("hello")
    assert not (tmp_path / "home/hello/a/hello.txt").exists()
    with pytest.raises(DataRefused, match=r"hello\.txt"):
        check(one, tmp_path / "source")


def test_an_unknown_name_lists_those_known() -> None:
    """A misspelt set is answered with the names there are."""
    with pytest.raises(NotFound, match="bedside"):
        named("beside")


@pytest.mark.parametrize("name", [d.name for d in DATA_SETS])
def test_the_public_sets_have_the_hashes_they_are_known_by(name: str, data: Callable[[str], Path]) -> None:
    """The files of each public set are those whose hashes are written down."""
    wanted = named(name)
    check(wanted, data(wanted.folder))
