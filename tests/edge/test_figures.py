"""Moments, quantiles and spectra: what they say of a stream, however it is cut and merged."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.columns.quality import Reason
from pollux.edge.moments import Moments
from pollux.edge.sketch import Sketch
from pollux.edge.spectrum import Spectrum
from pollux.edge.window import Window

numbers = st.floats(-1e6, 1e6, allow_nan=False)
cut = st.lists(st.lists(numbers, max_size=40), min_size=1, max_size=8)


@given(cut)
def test_moments_of_pieces_merge_to_those_of_the_whole(pieces):
    """Wherever a stream is cut, the merged figures are those of numpy on all of it."""
    whole = np.array([one for piece in pieces for one in piece])
    merged = Moments()
    for piece in pieces:
        merged = merged.merge(Moments.of(np.array(piece)))
    assert merged.count == len(whole)
    if len(whole):
        assert (merged.low, merged.high) == (whole.min(), whole.max())
        assert merged.mean == pytest.approx(whole.mean(), rel=1e-9, abs=1e-6)
        assert merged.rms == pytest.approx(np.sqrt((whole**2).mean()), rel=1e-9, abs=1e-6)
    if len(whole) > 1:
        assert merged.deviation == pytest.approx(whole.std(ddof=1), rel=1e-6, abs=1e-6)


def test_moments_keep_a_small_deviation_beside_a_large_mean():
    """Where sums of squares would lose every digit, the deviation is right."""
    values = 1e9 + np.random.default_rng(1).normal(0, 1e-3, 10_000)
    merged = Moments()
    for piece in np.array_split(values, 37):
        merged = merged.merge(Moments.of(piece))
    assert merged.deviation == pytest.approx(values.std(ddof=1), rel=1e-4)


@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(0, 400), min_size=1, max_size=12),
    st.sampled_from(["normal", "ties", "sorted", "falling", "heavy"]),
    st.integers(1, 3),
)
def test_a_sketch_keeps_its_bound_for_every_quantile_also_when_merged(seed, sizes, shape, sketches):
    """No rank is further off than `doubt`, and `doubt` not larger than the stated bound, with a capacity so small
    that every level is thinned many times.
    """
    luck = np.random.default_rng(seed)
    parts = [Sketch(16) for _ in range(sketches)]
    pieces = [drawn(luck, shape, size) for size in sizes]
    for number, piece in enumerate(pieces):
        parts[number % sketches].add(piece)
    sketch = parts[0]
    for other in parts[1:]:
        sketch.merge(other)
    values = np.sort(np.concatenate(pieces))
    assert sketch.count == len(values)
    if not len(values):
        assert math.isnan(sketch.quantile(0.5))
        return
    for q in (0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 1.0):
        x = sketch.quantile(q)
        below, up_to = np.searchsorted(values, x, "left"), np.searchsorted(values, x, "right")
        assert below - sketch.doubt <= q * len(values) <= up_to + sketch.doubt
    levels = math.floor(math.log2(len(values) / 16)) + 1 if len(values) >= 16 else 0
    assert sketch.doubt <= levels * len(values) / 16


def drawn(luck, shape, size):
    values = {
        "normal": lambda: luck.normal(size=size),
        "ties": lambda: luck.integers(0, 3, size).astype(float),
        "heavy": lambda: luck.standard_cauchy(size),
    }.get(shape, lambda: luck.normal(size=size))()
    return np.sort(values)[:: -1 if shape == "falling" else 1] if shape in ("sorted", "falling") else values


def test_a_sketch_of_few_values_is_exact():
    """Up to its capacity nothing is thinned."""
    sketch = Sketch()
    sketch.add(np.arange(4000.0))
    assert sketch.doubt == 0
    assert sketch.quantile(0.99) == 3959.0


def test_a_sketch_of_ten_minutes_at_ten_thousand_a_second_stays_small_and_within_its_bound():
    """Six million values take a bounded number of floats."""
    sketch, luck = Sketch(), np.random.default_rng(5)
    for _ in range(60):
        sketch.add(luck.normal(size=100_000))
    held = sum(len(part) for parts in sketch._levels for part in parts)
    assert held < 4096 * 12
    assert sketch.doubt / sketch.count < 12 / 4096
    assert sketch.quantile(0.99) == pytest.approx(2.326, abs=0.03)


STEP = 1_000_000


def sine(frequency, rms, n, step=STEP):
    t = np.arange(n) * step
    return t, math.sqrt(2) * rms * np.sin(2 * np.pi * frequency * t / 1e9)


@pytest.mark.parametrize("frequency", [20.0, 49.9, 50.0, 50.3, 50.5, 123.456, 480.0])
def test_a_sine_is_found_where_it_is_and_as_strong_as_it_is(frequency):
    """Within a twentieth of the resolution and two percent, wherever between two bins it lies."""
    spectrum = Spectrum(STEP, resolution=1.0)
    spectrum.add(*sine(frequency, 2.0, 10_000))
    (line,) = spectrum.lines(1)
    assert spectrum.resolution == 1.0
    assert line.frequency == pytest.approx(frequency, abs=0.05)
    assert line.rms == pytest.approx(2.0, rel=0.02)


def test_three_sines_in_noise_are_told_apart_and_noise_alone_has_no_line():
    """The strongest come first; what noise has is none."""
    luck = np.random.default_rng(3)
    t, first = sine(50.0, 1.0, 60_000)
    values = first + sine(100.0, 0.5, 60_000)[1] + sine(147.3, 0.2, 60_000)[1] + luck.normal(0, 0.5, 60_000)
    spectrum = Spectrum(STEP, resolution=1.0)
    spectrum.add(t, values)
    lines = spectrum.lines(5)
    assert [round(line.frequency, 1) for line in lines] == [50.0, 100.0, 147.3]
    assert [line.rms for line in lines] == pytest.approx([1.0, 0.5, 0.2], rel=0.05)
    noise = Spectrum(STEP, resolution=1.0)
    noise.add(t, luck.normal(size=60_000))
    assert noise.lines(3) == []
    assert noise.density[5:-5].mean() == pytest.approx(2e-3, rel=0.05)  # variance 1 over 500 Hz


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=6))
def test_where_a_stream_is_cut_changes_no_spectrum(sizes):
    """Pieces of any length give the same density as the whole."""
    n = sum(sizes)
    t, values = sine(50.3, 1.0, n)
    whole, pieces = Spectrum(STEP, resolution=2.0), Spectrum(STEP, resolution=2.0)
    whole.add(t, values)
    for begin, end in zip(np.cumsum([0, *sizes[:-1]]), np.cumsum(sizes), strict=True):
        pieces.add(t[begin:end], values[begin:end])
    assert whole.segments == pieces.segments
    np.testing.assert_allclose(whole.density, pieces.density, rtol=1e-9, atol=1e-12)


def test_a_gap_ends_a_run_and_spectra_merge():
    """No segment reaches over a gap; the merged spectrum is that of both runs."""
    t, values = sine(50.0, 1.0, 5000)
    broken = np.concatenate((t[:2500], t[2500:] + 7 * STEP))
    one, first, second = (Spectrum(STEP, resolution=1.0) for _ in range(3))
    one.add(broken, values)
    first.add(t[:2500], values[:2500])
    second.add(t[2500:], values[2500:])
    first.merge(second)
    assert one.segments == first.segments == 8
    np.testing.assert_allclose(one.density, first.density)


def test_windows_merge_and_leave_doubted_samples_out_of_every_figure():
    """A minute in two halves is the minute, and what is doubted is counted by reason alone."""
    t, values = sine(50.0, 1.0, 8000)
    reasons = np.zeros(8000, np.uint16)
    values[[10, 5000]], reasons[10], reasons[5000] = 1e6, Reason.SPIKE, Reason.RANGE
    whole, one, other = (Window(STEP, 1.0) for _ in range(3))
    whole.add(t, values, reasons)
    one.add(t[:4000], values[:4000], reasons[:4000])
    other.add(t[4000:], values[4000:], reasons[4000:])
    one.merge(other)
    assert one.doubted == whole.doubted == {Reason.SPIKE: 1, Reason.RANGE: 1}
    assert one.moments.count == whole.moments.count == 7998
    assert one.moments.high < 2
    assert one.moments.rms == pytest.approx(whole.moments.rms)
    assert one.quantile(0.5) == pytest.approx(whole.quantile(0.5), abs=0.01)
    assert one.line(0).rms == pytest.approx(1.0, rel=0.02)
    assert math.isnan(one.line(1).frequency)
