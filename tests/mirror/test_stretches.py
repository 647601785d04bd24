"""Stretches of doubt: what an inspector said, kept for the past."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.columns import Batch, Quality, Reason
from pollux.mirror.stretches import MOST, Stretches

CROSS = int(Reason.CROSS)


def batch(told: list[tuple[int, int]], start: int = 0) -> Batch:
    """Samples of one signal, one a nanosecond: the row and the reason of each."""
    n = len(told)
    rows, reasons = np.array(told, np.int64).reshape(-1, 2).T
    time = start + np.arange(n)
    quality = np.where(reasons != 0, Quality.UNCERTAIN, Quality.GOOD).astype(np.uint8)
    return Batch(rows.astype(np.int32), np.zeros(n, np.int32), time, time, np.zeros(n), quality,
                 reasons.astype(np.uint16), np.zeros(n, np.int32))  # fmt: skip


def doubts(stretches: Stretches, row: int, n: int) -> list[int]:
    """The reason of a good sample at each moment."""
    quality, reason = np.full(n, Quality.GOOD, np.uint8), np.zeros(n, np.uint16)
    stretches.doubt(0, row, np.arange(n), quality, reason)
    return [int(one) for one in reason]


cells = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0, 0, CROSS, int(Reason.UNIT), 3])), max_size=40)


@settings(max_examples=60, deadline=None)
@given(cells, st.integers(0, 40))
def test_the_past_shows_the_doubts_of_then(told, cut):
    """Every sample has the reason it had, whatever the batches; reasons that no inspector gives are not kept here."""
    whole, pieces = Stretches(1), Stretches(1)
    for one in (whole, pieces):
        one.reserve(3)
    whole.note(batch(told))
    pieces.note(batch(told[:cut]))
    pieces.note(batch(told[cut:], start=min(cut, len(told))))
    for row in range(3):
        kept = [code if code != 3 else 0 for _, code in told]
        found = doubts(whole, row, len(told))
        assert doubts(pieces, row, len(told)) == found
        assert all(found[k] == kept[k] for k in range(len(told)) if told[k][0] == row)
    again = Stretches(1)
    again.resume(whole.arrays(3))
    assert [doubts(again, row, len(told)) for row in range(3)] == [doubts(whole, row, len(told)) for row in range(3)]


def test_memory_is_bounded_and_a_row_is_forgotten():
    """Of one cell the newest are kept; a row that is given away has none."""
    stretches = Stretches(1)
    stretches.reserve(1)
    stretches.note(batch([(0, CROSS if k % 2 else 0) for k in range(1000)]))
    found = doubts(stretches, 0, 1000)
    assert sum(code != 0 for code in found) == MOST
    assert found[-1] == CROSS
    stretches.forget(0)
    assert not any(doubts(stretches, 0, 1000))
