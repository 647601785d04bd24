import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.columns import NEVER
from pollux.mirror.newest import Contest, Samples, ranked

numbers = st.sampled_from([0.0, -0.0, 1.0, -1.0, 5.5])
samples = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.booleans(), numbers), max_size=20)


def columns(rows: list[tuple[int, int, bool, float]]) -> Samples:
    return Samples(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.bool_),
        np.array([row[3] for row in rows], np.float64),
    )


def one_by_one(rows, known):
    """What a plain loop says: winners by cell, and which were late."""
    late = []
    for place, (cell, time, told, value) in enumerate(rows):
        known_time, known_told, known_value, _ = known[cell]
        late.append(time < known_time)
        greater = known_told and ranked(np.array([value]))[0] > ranked(np.array([known_value]))[0]
        if time > known_time or (time == known_time and (greater if told else True)):
            known[cell] = (time, told, value, place)
    return {cell: place for cell, (_, _, _, place) in known.items() if place is not None}, late


@settings(deadline=None)
@given(samples, st.lists(st.tuples(st.integers(0, 5), st.booleans(), numbers), min_size=4, max_size=4), st.booleans())
def test_the_contest_is_what_one_sample_after_the_other_gives(rows, before, fresh):
    """Winners and lateness of a batch are those of a plain loop, ties and repetitions included."""
    known = {cell: (int(NEVER), True, 0.0, None) if fresh else (*before[cell], None) for cell in range(4)}
    per_sample = columns([(cell, *known[cell][:3]) for cell, *_ in rows])
    outcome = Contest().hold(columns(rows), per_sample)
    winners, late = one_by_one(rows, known)
    assert {rows[place][0]: place for place in outcome.winners.tolist()} == winners
    assert outcome.late.tolist() == late


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False), min_size=2, max_size=2))
def test_ranks_order_numbers_and_tell_bits_apart(pair):
    """Integers in the order of the numbers; equal only for equal bits."""
    left, right = ranked(np.array(pair)).tolist()
    if pair[0] < pair[1]:
        assert left < right
    assert (left == right) == (np.array(pair).view(np.int64)[0] == np.array(pair).view(np.int64)[1])
