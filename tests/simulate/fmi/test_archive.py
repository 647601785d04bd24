"""Archives that try to be more than an FMU are refused, and leave nothing behind."""

import io
import stat
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pollux.errors import DataRefused
from pollux.simulate.fmi.archive import Bounds, extract


def _zip(path, *entries, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def _link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def test_an_archive_is_unpacked(tmp_path):
    """Files come out as they went in, for the user alone, and libraries can be loaded."""
    path = _zip(tmp_path / "a.fmu", ("modelDescription.xml", "<x/>"), ("binaries/linux64/a.so", b"\x7fELF"))
    extract(path, tmp_path / "out")
    assert (tmp_path / "out" / "modelDescription.xml").read_text() == "<x/>"
    assert stat.S_IMODE((tmp_path / "out" / "modelDescription.xml").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "out" / "binaries/linux64/a.so").stat().st_mode) == 0o700


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_folders_of_other_systems_are_understood(tmp_path):
    """Backslashes part folders where a tool of Windows made the archive, and folders may be named twice."""
    path = _zip(tmp_path / "a.fmu", ("resources/", ""), ("resources/", ""), ("resources\\x\\a.txt", "text"))
    extract(path, tmp_path / "out")
    assert (tmp_path / "out" / "resources" / "x" / "a.txt").read_text() == "text"


def test_a_bomb_is_refused(tmp_path):
    """A file that grows a thousandfold is not unpacked."""
    path = _zip(tmp_path / "bomb.fmu", ("zeros", b"\0" * (40 << 20)))
    with pytest.raises(DataRefused, match="grow at most 200 times"):
        extract(path, tmp_path / "out")


@pytest.mark.parametrize(
    ("bounds", "match"),
    [
        (Bounds(unpacked=5000), "5000 bytes unpacked, got 6000"),
        (Bounds(files=2), "at most 2 files, got 3"),
    ],
)
def test_many_small_files_are_refused_too(tmp_path, bounds, match):
    """It is the sum that counts, of bytes and of files."""
    path = _zip(tmp_path / "a.fmu", *[(f"{k}", bytes(range(200)) * 10) for k in range(3)])
    with pytest.raises(DataRefused, match=match):
        extract(path, tmp_path / "out", bounds=bounds)


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/etc/evil", "C:/evil", "a\\..\\..\\evil", "..", "resources/../../x"]
)
def test_names_that_lead_out_are_refused(tmp_path, name):
    """No file is written outside of the folder, and none inside either."""
    path = _zip(tmp_path / "a.fmu", ("good", "x"), (name, "x"))
    with pytest.raises(DataRefused, match="leads elsewhere"):
        extract(path, tmp_path / "in" / "out")
    assert list((tmp_path / "in").iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_links_are_refused(tmp_path):
    """A link would let a later file be written elsewhere."""
    path = _zip(tmp_path / "a.fmu", (_link("resources"), "/tmp"))
    with pytest.raises(DataRefused, match="a link"):
        extract(path, tmp_path / "out")


def test_a_name_stands_once(tmp_path):
    """Two files of one name, or of names that some disks take for one, are refused."""
    path = _zip(tmp_path / "a.fmu", ("binaries/a.so", "1"), ("binaries/A.so", "2"))
    with pytest.raises(DataRefused, match="got it twice"):
        extract(path, tmp_path / "out")


def test_encrypted_files_are_refused(tmp_path):
    """What cannot be read cannot be judged."""
    path = _zip(tmp_path / "a.fmu", ("a", "x"), compression=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(data)
    with pytest.raises(DataRefused, match="encrypted"):
        extract(path, tmp_path / "out")


@pytest.mark.parametrize("data", [b"", b"PK", b"no archive at all" * 20])
def test_what_is_no_archive_is_refused(tmp_path, data):
    """Any other file is an error that says so."""
    (tmp_path / "a.fmu").write_bytes(data)
    with pytest.raises(DataRefused, match="a ZIP file"):
        extract(tmp_path / "a.fmu", tmp_path / "out")


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), byte=st.integers(0, 255), cut=st.integers(0, 200))
def test_damage_is_refused_or_harmless(tmp_path_factory, place, byte, cut):
    """A byte that was changed and an end that is missing give a DataRefused or the archive, and nothing else."""
    folder = tmp_path_factory.mktemp("damage")
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("modelDescription.xml", "<a>" + "text " * 50 + "</a>")
        archive.writestr("resources/x.txt", "more")
    data = bytearray(held.getvalue())
    data[place % len(data)] = byte
    (folder / "a.fmu").write_bytes(bytes(data[: len(data) - cut]))
    try:
        extract(folder / "a.fmu", folder / "in" / "out")
    except DataRefused:
        assert not (folder / "in" / "out").exists()
    assert {one.name for one in folder.iterdir()} <= {"a.fmu", "in"}
