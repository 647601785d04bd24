from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.columns import NO_SEQUENCE, WHOLE, Life, Messages
from pollux.mirror.intervals import WINDOW, Intervals
from pollux.mirror.seen import LIVES, Seen

A, B = Life("t", "d1", "a"), Life("t", "d1", "b")


def told(*messages: tuple[int, Life, int], channel: int = WHOLE) -> Messages:
    """Messages as (row, life, seq)."""
    lives = tuple(dict.fromkeys(life for _, life, _ in messages))
    count = len(messages)
    return Messages(
        row=np.array([row for row, _, _ in messages], np.int32),
        channel=np.full(count, channel, np.int32),
        frame=np.arange(count, dtype=np.int32),
        arrival=np.zeros(count, np.int64),
        seq=np.array([seq for _, _, seq in messages], np.int64),
        life=np.array([lives.index(life) for _, life, _ in messages], np.int32),
        lives=lives,
        samples=np.zeros(count + 1, np.int64),
        texts=np.zeros(count + 1, np.int64),
    )


lives = st.sampled_from([A, B, Life("t", "d2", "a"), Life("u", "d1", "a")])
restarts = st.tuples(st.integers(0, 1), st.integers(0, 3 * LIVES), st.integers(0, 3))
streams = st.lists(st.tuples(st.integers(0, 3), lives, st.integers(0, 30)), max_size=60)


@settings(deadline=None)
@given(streams, st.lists(st.integers(0, 60), max_size=4))
def test_a_message_is_new_exactly_once(stream, cuts):
    """Per twin and life each number counts once, as a plain set of all that was seen says, however it is cut."""
    seen, known = Seen(), set()
    ends = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    for start, end in pairwise(ends):
        first = seen.accept(told(*stream[start:end]))
        for message, new in zip(stream[start:end], first.tolist(), strict=True):
            assert new == (message not in known)
            known.add(message)


def test_messages_without_a_number_are_always_new():
    """At least once is what a device without a counter gets."""
    seen = Seen()
    assert seen.accept(told((0, A, NO_SEQUENCE), (0, A, NO_SEQUENCE))).tolist() == [True, True]


def test_channels_and_lives_count_apart():
    """The same number of another signal, or after a restart, is another message."""
    seen = Seen()
    assert seen.accept(told((0, A, 1))).all()
    assert seen.accept(told((0, A, 1), channel=3)).all()
    assert seen.accept(told((0, B, 1))).all()
    assert not seen.accept(told((0, A, 1))).any()
    assert not seen.accept(told((0, A, 1), channel=3)).any()


def test_a_forgotten_twin_starts_anew():
    """Whoever gets the row next is not taken for a repetition."""
    seen = Seen()
    seen.accept(told((0, A, 1), (1, A, 1)))
    seen.forget(0)
    assert seen.accept(told((0, A, 1), (1, A, 1))).tolist() == [True, False]


def test_memory_is_bounded_in_lives_and_gaps():
    """Many restarts and many holes leave as much as was agreed, the newest."""
    seen = Seen()
    for boot in range(3 * LIVES):
        seen.accept(told((0, Life("t", "d", str(boot)), 5)))
    counters, _ = seen.state()
    assert [life for _, _, _, _, life in counters] == [str(boot) for boot in range(2 * LIVES, 3 * LIVES)]
    gaps = Seen()
    gaps.accept(told(*((0, A, 2 * number) for number in range(3 * WINDOW))))
    _, arrays = gaps.state()
    assert arrays["older"].tolist() == [2 * WINDOW]
    assert not gaps.accept(told((0, A, 2 * (3 * WINDOW - 1) - 2 * WINDOW + 2))).any()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 3 * LIVES), st.integers(0, 3)), max_size=120),
    st.integers(0, 120),
)
def test_more_lives_than_are_kept_are_cut_alike(stream, place):
    """Where counters have to be forgotten, one batch forgets what two do."""
    messages = [(row, Life("t", "d", str(boot)), seq) for row, boot, seq in stream]
    whole, parts = Seen(), Seen()
    first = whole.accept(told(*messages)).tolist()
    split = parts.accept(told(*messages[:place])).tolist() + parts.accept(told(*messages[place:])).tolist()
    assert split == first
    assert _plain(parts) == _plain(whole)


@settings(deadline=None)
@given(streams)
def test_what_was_seen_comes_back(stream):
    """A restored memory has the same state and decides the same."""
    seen = Seen()
    seen.accept(told(*stream))
    again = Seen.restored(*seen.state())
    assert _plain(again) == _plain(seen)
    assert not again.accept(told(*stream)).any()


def test_names_of_lives_that_are_gone_are_let_go():
    """Devices that restart for years do not fill the memory with the names of their boots."""
    seen = Seen()
    for boot in range(3000):
        seen.accept(told((0, Life("t", "d", str(boot)), 1)))
    assert len(seen._numbers) < 1200
    assert not seen.accept(told((0, Life("t", "d", "2999"), 1))).any()


def _plain(seen: Seen) -> object:
    counters, arrays = seen.state()
    return counters, {name: array.tolist() for name, array in arrays.items()}


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), max_size=60))
def test_intervals_are_a_set(numbers):
    """Adding says whether it was new; the intervals are ascending and never touch."""
    some, known = Intervals(), set()
    for number in numbers:
        assert some.add(number) == (number not in known)
        known.add(number)
    ends = list(some.ends)
    held = {one for start, end in zip(ends[::2], ends[1::2], strict=True) for one in range(start, end + 1)}
    assert held == known
    assert all(after > before + 1 for before, after in zip(ends[1::2], ends[2::2], strict=False))
