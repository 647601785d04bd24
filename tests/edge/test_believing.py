"""What the agent doubts is what a site would doubt of the same samples, wherever the stream is cut."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import pollux as px
from pollux.check import judged_series
from pollux.clock import SECOND
from pollux.columns.quality import Reason
from pollux.edge.believing import Believing

START = 1_800_000_000 * SECOND


class Pump(px.Twin):
    temp = px.sensor("K", low=250, high=450)


SCHEMA = Pump.__pollux__
DOUBTS = [px.TooFast("5 K/s"), px.Spike("8 K"), px.Stuck("4 s", samples=3), px.OutOfRange(high=400)]


@given(
    st.lists(st.sampled_from([300.0, 300.0, 301.0, 303.0, 320.0, 410.0, 500.0, float("nan")]), min_size=1, max_size=60),
    st.lists(st.integers(1, 20), min_size=60, max_size=60),
    st.integers(1, 9),
)
def test_a_stream_in_pieces_is_doubted_as_the_whole_series_is(values, gaps, piece):
    """The neighbour rules see over every cut, and the reasons are those that history shows."""
    told = np.array(values)
    times = START + np.cumsum(np.array(gaps[: len(values)])) * (SECOND // 4)
    believing = Believing(SCHEMA, 0, DOUBTS)
    found = np.concatenate(
        [
            believing.reasons(times[at : at + piece], told[at : at + piece], now=int(times[-1]))
            for at in range(0, len(values), piece)
        ]
    )
    _, neighbours = judged_series(SCHEMA, 0, DOUBTS, times, told)
    alone = np.where(np.isnan(told), Reason.NOT_A_NUMBER, Reason.NONE)
    alone = np.where((told > 400), Reason.RANGE, alone)
    assert found.tolist() == np.where(alone != Reason.NONE, alone, neighbours).tolist()


def test_a_clock_that_cannot_be_right_is_a_doubt():
    """A time before 1990, or far ahead of the agent's own clock, is doubted as it would be at the site."""
    believing = Believing(SCHEMA, 0, [])
    times = np.array([SECOND, START, START + 3600 * SECOND])
    assert believing.reasons(times, np.full(3, 300.0), now=START).tolist() == [Reason.CLOCK, 0, Reason.CLOCK]
