"""Pictures of series."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pollux.columns.quality import Quality
from pollux.remember import Series, decimate
from pollux.remember.decimate import in_order, merged, width_for

samples = st.lists(
    st.tuples(
        st.integers(-200, 200),
        st.integers(0, 50),
        st.sampled_from([1.0, 2.0, -3.5, 0.0, float("inf"), float("nan")]),
        st.sampled_from([Quality.GOOD, Quality.UNCERTAIN, Quality.BAD, Quality.ESTIMATED, Quality.SIMULATED]),
    ),
    max_size=60,
)


def series(given: list[tuple[int, int, float, Quality]]) -> Series:
    """A series of (time, arrival, value, quality), in order."""
    rows = [(t, a, v, Quality.MISSING if v != v else q) for t, a, v, q in given]
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    whole = Series(
        np.array(columns[0], np.int64),
        np.array(columns[1], np.int64),
        np.array(columns[2], np.float64),
        np.array(columns[3], np.uint8),
    )
    return whole.select(in_order(whole))


def values(given: Series) -> list[tuple[object, ...]]:
    """A series as plain values; NaN as None."""
    numbers = [None if v != v else v for v in given.value.tolist()]
    return list(zip(given.time.tolist(), given.arrival.tolist(), numbers, given.quality.tolist(), strict=True))


@given(samples, st.integers(1, 30), st.integers(1, 9))
def test_a_picture_of_a_picture_is_the_picture(given: list[tuple[int, int, float, Quality]], w: int, k: int) -> None:
    """Decimating to w and then to k w gives what decimating to k w gives: stored pictures answer exactly."""
    whole = series(given)
    assert values(decimate(decimate(whole, w), k * w)) == values(decimate(whole, k * w))


@given(samples, st.integers(1, 50))
def test_extremes_and_gaps_are_kept(given: list[tuple[int, int, float, Quality]], width: int) -> None:
    """Each column keeps its lowest and its highest value, its worst quality, and a mark where values miss."""
    whole, picture = series(given), decimate(series(given), width)
    assert (np.diff(picture.time) >= 0).all()
    for column in set((whole.time // width).tolist()):
        own = whole.select(whole.time // width == column)
        seen = picture.select(picture.time // width == column)
        told, shown = ~np.isnan(own.value), ~np.isnan(seen.value)
        assert shown.sum() <= 2
        assert (~shown).sum() == (~told).any()
        if told.any():
            assert seen.value[shown].min() == own.value[told].min()
            assert seen.value[shown].max() == own.value[told].max()
            order = [Quality.GOOD, Quality.ESTIMATED, Quality.SIMULATED, Quality.UNCERTAIN, Quality.BAD]
            worst = max((Quality(q) for q in own.quality[told].tolist()), key=order.index)
            assert set(seen.quality[shown].tolist()) == {worst}


@given(samples, samples, st.randoms(use_true_random=False))
def test_order_and_repeats_do_not_matter(
    one: list[tuple[int, int, float, Quality]], two: list[tuple[int, int, float, Quality]], random: object
) -> None:
    """However samples are split, shuffled and repeated, the same series comes out."""
    everything = [*one, *two, *one]
    random.shuffle(everything)  # type: ignore[attr-defined]
    cut = len(everything) // 3
    parts = [series(everything[:cut]), series(everything[cut:]), series(two)]
    assert values(merged(parts)) == values(series([*one, *two]))


def test_columns_stand_still_while_the_window_slides() -> None:
    """A picture of a later stretch shows the shared columns with the same points: peaks do not flicker."""
    time = np.arange(0, 10_000, 7)
    random = np.random.default_rng(1)
    whole = Series(time, time, random.normal(size=len(time)), np.ones(len(time), np.uint8))
    early, late = decimate(whole.between(0, 6000), 500), decimate(whole.between(3000, 9000), 500)
    assert values(early.between(3000, 6000)) == values(late.between(3000, 6000))


def test_a_hundred_thousand_points_become_two_a_column() -> None:
    """A picture holds at most two points a column, and the highest peak is among them."""
    n = 100_000
    value = np.random.default_rng(2).normal(size=n)
    value[77_777] = 99.0
    whole = Series(np.arange(n), np.arange(n), value, np.ones(n, np.uint8))
    picture = decimate(whole, width_for(0, n, 800, n))
    assert len(picture) <= 2 * 800
    assert picture.value.max() == 99.0


def test_wide_columns_are_whole_steps() -> None:
    """From the width of a stored column on, columns are multiples of it."""
    assert width_for(0, 1000, 100, 60) == 10
    assert width_for(0, 61_000, 1000, 60) == 120
    assert width_for(0, 60_000, 1000, 60) == 60
