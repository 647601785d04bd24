"""Reduced bodies on disk: found again, refused when damaged, shipped to where nothing of the extra is."""

import subprocess
import sys

import numpy as np
import pytest
from tests.simulate.geometry.bodies import beam, wall

from pollux.errors import DataRefused, SetupError
from pollux.simulate.geometry import Modal, read, reduce, store, write
from pollux.simulate.geometry.libraries import library, release

pytest.importorskip("skfem")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache."""
    monkeypatch.setenv("POLLUX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "geometry"


def same(one, other):
    """Whether two reduced bodies are the same in every number."""
    arrays = [
        (getattr(a, name), getattr(b, name))
        for a, b in ((one.form, other.form), (one.picture, other.picture))
        for name in a.__slots__
    ]
    return (
        all(np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b for a, b in arrays)
        and one.error == other.error
    )


def test_the_same_question_is_answered_from_disk(cache, monkeypatch):
    """A second reduction of an equal body reads what the first one wrote, and gives the same in every number."""
    first = reduce(beam(), Modal(2))
    assert len(list(cache.iterdir())) == 1

    def never(self, system):
        raise AssertionError("asked again")

    monkeypatch.setattr(Modal, "shapes", never)
    assert same(reduce(beam(), Modal(2)), first)
    with pytest.raises(AssertionError, match="asked again"):
        reduce(beam(cells=5), Modal(2))


def test_a_damaged_file_counts_as_none(cache):
    """One byte that changed, or an end that is missing, and it is reckoned anew and written whole."""
    first = reduce(wall(), Modal(2))
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    for damaged in (whole[:-1], whole[:200] + bytes([whole[200] ^ 1]) + whole[201:], b""):
        file.write_bytes(damaged)
        assert same(reduce(wall(), Modal(2)), first)
        assert file.read_bytes() == whole


def test_a_write_that_fails_leaves_what_was_there(cache, tmp_path, monkeypatch):
    """A disk that is full in the middle leaves the file before, whole."""
    small = reduce(wall(), Modal(2))
    path = tmp_path / "wall.body"
    write(small, path)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(small, path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["wall.body"]


def test_a_full_cache_costs_nobody_his_answer(cache, monkeypatch):
    """Where nothing can be kept, the reduction is given all the same."""
    monkeypatch.setattr("os.fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert reduce(wall(), Modal(2)).form.modes == 2
    assert list(cache.iterdir()) == []


def test_a_file_of_its_own_needs_nothing_of_the_extra(cache, tmp_path):
    """What was written is read, and made a part, where scikit-fem, SciPy and gmsh are not loaded."""
    write(reduce(beam(), Modal(2)), tmp_path / "beam.body")
    code = (
        "import sys\n"
        "for name in ('skfem', 'scipy', 'gmsh', 'threadpoolctl'): sys.modules[name] = None\n"
        "import pollux as px\n"
        "from pollux.simulate.geometry import read\n"
        f"small = read({str(tmp_path / 'beam.body')!r})\n"
        "Arm = small.part('Arm')\n"
        "Crane = type('Crane', (px.Twin,), {'arm': Arm()})\n"
        "print(Crane.__pollux__.states, small.surface({}).colour.max())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "('arm.mode1', 'arm.mode2', 'arm.speed1', 'arm.speed2') 0.0", done.stderr


def test_other_files_are_refused(tmp_path):
    """What is no reduced body is told to be none."""
    (tmp_path / "other").write_bytes(b"something else that is long enough to have a hash before it")
    with pytest.raises(DataRefused, match="as it was written"):
        read(tmp_path / "other")
    store.write_arrays(tmp_path / "arrays", {"points": np.zeros(3)}, b"{}")
    with pytest.raises(DataRefused, match="a reduced body"):
        read(tmp_path / "arrays")


def test_a_missing_library_says_what_to_install(monkeypatch):
    """The error names the library and the extra."""
    monkeypatch.setitem(sys.modules, "skfem", None)
    with pytest.raises(SetupError, match="skfem for geometry") as refused:
        library("skfem")
    assert "EXTRAS=geometry" in str(refused.value)
    with pytest.raises(SetupError, match="no-such-package for geometry"):
        release("no-such-package")
