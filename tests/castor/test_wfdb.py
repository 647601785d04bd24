"""Recordings of PhysioNet are read as their headers say."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.castor.wfdb import _counts, read_wfdb
from pollux.errors import DataRefused

HEADER = """rec 2 0.5 3 10:00:01.5 02/01/1970
rec.dat 16 10/bpm 16 0 600 0 0 HR
rec.dat 16 2(100)/mmHg 16 0 0 0 0 ABP Mean
"""


def write(folder: Path, header: str, counts: list[int]) -> Path:
    (folder / "rec.dat").write_bytes(np.array(counts, "<i2").tobytes())
    (folder / "rec.hea").write_text(header)
    return folder / "rec.hea"


def test_counts_become_units_and_invalid_samples_are_missing(tmp_path: Path) -> None:
    """Gain and baseline are applied, the reserved count is NaN, the clock starts where the header says."""
    record = read_wfdb(write(tmp_path, HEADER, [600, 300, -32768, 302, 610, 304]))
    assert np.array_equal(record["HR"], [60.0, np.nan, 61.0], equal_nan=True)
    assert record["ABP Mean"].tolist() == [100.0, 101.0, 102.0]
    assert record.step == 2_000_000_000
    assert record.start == (86_400 + 36_001) * 1_000_000_000 + 500_000_000
    assert [c.unit for c in record.channels] == ["bpm", "mmHg"]


@given(st.lists(st.integers(-2047, 2047), min_size=2, max_size=20).filter(lambda x: len(x) % 2 == 0))
def test_format_212_keeps_twelve_bits_of_either_sign(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int]
) -> None:
    """Two samples of twelve bits in three bytes come back as they were packed."""
    folder = tmp_path_factory.mktemp("wfdb")
    packed = bytearray()
    for a, b in zip(counts[::2], counts[1::2], strict=True):
        packed += bytes([a & 0xFF, ((a >> 8) & 0x0F) | ((b >> 4) & 0xF0), b & 0xFF])
    (folder / "x.dat").write_bytes(packed)
    channel = read_wfdb(write(folder, HEADER, [0] * 6)).channels[0]
    got = _counts(folder / "x.dat", type(channel)("x", "mV", "x.dat", "212", 1, 0, 200.0, 0))
    assert got.tolist() == counts


@pytest.mark.parametrize(
    "header",
    [
        "",
        "rec/2 1 1\nrec_1 5\n",
        "rec 1 1\nrec.dat 61 1 16 0 0 0 0 x\n",
        "rec 1 fast\nrec.dat 16\n",
        "rec 1 1\nno.dat 16\n",
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, header: str) -> None:
    """An empty header, several segments, an unknown format, a rate that is no number and a missing file are named."""
    with pytest.raises(DataRefused):
        read_wfdb(write(tmp_path, header, [0] * 6))


def test_the_bedside_record_has_a_disconnected_channel(data: Callable[[str], Path]) -> None:
    """In the public record of 32 hours the heart rate is plausible while a pressure line reads zero at times."""
    folder = data("vitals_wfdb") / "multi-segment/s00001"
    record = read_wfdb(folder / "s00001-2896-10-10-00-31n.hea")
    assert record.values.shape == (10, 1936)
    assert record.step == pytest.approx(60e9, rel=1e-6)
    assert 40 < np.nanmedian(record["HR"]) < 140
    assert (record["ABPMean"] == 0).any()
