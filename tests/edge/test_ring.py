"""The raw ring: the newest samples in one file of a fixed size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.edge.ring import Ring
from pollux.errors import StorageError


@given(st.lists(st.integers(0, 25), max_size=12), st.integers(0, 130), st.integers(0, 130))
def test_it_holds_the_newest_whatever_was_written_in_which_pieces(tmp_path_factory, sizes, begin, end):
    """What is read is the part of the last ten samples that was asked for, also after it was opened again."""
    path = tmp_path_factory.mktemp("ring") / "r.ring"
    ring = Ring(path, ["a", "b"], 10)
    clock, values = 1, []
    for size in sizes:
        times = np.arange(clock, clock + size)
        ring.write(times, np.stack((times * 0.5, -times), axis=1).astype(float))
        values += times.tolist()
        clock += size
    expected = [one for one in values[-10:] if begin <= one < end]
    for _ in range(2):
        found = ring.read(begin, end)
        assert found.times.tolist() == expected
        assert found.values.tolist() == [[0.5 * one, -one] for one in expected]
        assert ring.newest == (values[-1] if values else 0)
        ring.close()
        ring = Ring(path, ["a", "b"], 10)
    ring.close()


def test_its_file_never_grows_and_another_declaration_begins_it_anew(tmp_path):
    """The size is that which was stated; other signals do not read what they did not write."""
    path = tmp_path / "r.ring"
    ring = Ring(path, ["a"], 100)
    ring.write(np.arange(1, 1000), np.ones((999, 1)))
    ring.close()
    assert path.stat().st_size == Ring.size(1, 100)
    again = Ring(path, ["b"], 100)
    assert again.count == again.newest == 0
    again.close()


def test_what_a_power_cut_left_of_an_older_lap_is_not_read_as_new(tmp_path):
    """A page that was not written out holds older samples: they are left out."""
    ring = Ring(tmp_path / "r.ring", ["a"], 10)
    for begin, end in ((1, 11), (11, 16)):
        ring.write(np.arange(begin, end), np.arange(float(begin), end)[:, None])
    ring._records["t"][2] = 3  # the sample 13 did not reach the disk: that of the lap before is still there
    assert ring.read(0, 100).times.tolist() == [6, 7, 8, 9, 10, 11, 12, 14, 15]
    ring.close()


def test_a_file_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path):
    """An older agent must not overwrite what a newer one has kept."""
    path = tmp_path / "r.ring"
    Ring(path, ["a"], 10).close()
    path.write_bytes(b"PXR2" + path.read_bytes()[4:])
    before = path.read_bytes()
    with pytest.raises(StorageError, match="version PXR1, got PXR2"):
        Ring(path, ["a"], 10)
    assert path.read_bytes() == before


def test_where_there_is_no_room_it_says_so(tmp_path):
    """A folder that is none is a storage error with the file's name."""
    with pytest.raises(StorageError, match="expected room for the raw samples"):
        Ring(tmp_path / "none" / "r.ring", ["a"], 10)
