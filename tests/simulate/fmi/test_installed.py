"""No native code is loaded that nobody vouched for, by the hash of its bytes."""

import zipfile

import pytest

from pollux.cli import main
from pollux.errors import Conflict, DataRefused, NotFound, SetupError
from pollux.simulate.fmi.archive import digest_of
from pollux.simulate.fmi.installed import find, fmu_folder, install, listed


def _archive(path, text="<x/>"):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("modelDescription.xml", text)
    return path


def test_what_is_not_installed_is_refused(tmp_path):
    """The error names the way out, and nothing was unpacked."""
    path = _archive(tmp_path / "drive.fmu")
    with pytest.raises(SetupError, match=f"pollux fmu install drive.fmu, or pin sha256='{digest_of(path)}'"):
        find(path)
    assert not fmu_folder().exists()


def test_what_is_installed_is_found_by_path_and_by_name(tmp_path):
    """The list holds the hash: a copy elsewhere is the same, whatever its name."""
    one = install(_archive(tmp_path / "drive.fmu"))
    copy = tmp_path / "copy.fmu"
    copy.write_bytes((tmp_path / "drive.fmu").read_bytes())
    for what in (tmp_path / "drive.fmu", copy, "drive.fmu", "drive"):
        found, folder = find(what)
        assert found.sha256 == one.sha256
        assert (folder / "modelDescription.xml").read_text() == "<x/>"


def test_other_bytes_under_the_name_are_refused(tmp_path):
    """A file that was changed after it was installed is not what was installed."""
    path = _archive(tmp_path / "drive.fmu")
    install(path)
    _archive(path, "<y/>")
    with pytest.raises(SetupError, match="nobody vouches for"):
        find(path)
    with pytest.raises(Conflict, match="one that is installed"):
        install(path)
    assert [one.sha256 for one in listed()] != [digest_of(path)]
    install(path, replace=True)
    assert [one.sha256 for one in listed()] == [digest_of(path)]


def test_a_hash_in_code_pins_a_file(tmp_path):
    """With its SHA-256 a file needs no list; with another it is refused."""
    path = _archive(tmp_path / "drive.fmu")
    assert (find(path, digest_of(path))[1] / "modelDescription.xml").exists()
    with pytest.raises(DataRefused, match="expected the SHA-256"):
        find(path, "0" * 64)
    with pytest.raises(SetupError, match="64 hexadecimal digits"):
        find(path, "abc")


def test_a_list_that_others_can_change_is_refused(tmp_path):
    """Who can write to the folder could run code as us."""
    install(_archive(tmp_path / "drive.fmu"))
    fmu_folder().chmod(0o777)
    with pytest.raises(SetupError, match="others can change"):
        find("drive.fmu")


def test_a_damaged_line_is_refused(tmp_path):
    """A line of the list that is no line, or stands under another hash, is not believed."""
    one = install(_archive(tmp_path / "drive.fmu"))
    line = fmu_folder() / f"{one.sha256}.json"
    line.rename(fmu_folder() / f"{'0' * 64}.json")
    with pytest.raises(SetupError, match="expected the hash"):
        listed()
    (fmu_folder() / f"{'0' * 64}.json").write_text("{")
    with pytest.raises(SetupError, match="damage"):
        listed()


def test_names_that_are_not_there(tmp_path):
    """An unknown name is told with the nearest."""
    install(_archive(tmp_path / "drive.fmu"))
    with pytest.raises(NotFound, match=r"did you mean 'drive\.fmu'"):
        find("drives.fmu")


def test_the_command_line(tmp_path, capsys):
    """`pollux fmu` installs, lists and removes."""
    path = _archive(tmp_path / "drive.fmu")
    assert main(["fmu", "install", str(path)]) == 0
    assert digest_of(path) in capsys.readouterr().out
    assert main(["fmu", "list"]) == 0
    assert capsys.readouterr().out.split() == ["drive.fmu", digest_of(path)]
    assert main(["fmu", "remove", "drive.fmu"]) == 0
    assert listed() == []
    assert main(["fmu", "remove", "drive.fmu"]) == 1
    assert main(["fmu", "install"]) == 1
