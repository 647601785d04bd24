import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.clock import DAY, HOUR, SECOND
from pollux.mirror.presence import Presence, Rhythm


def heard(*arrivals: int) -> Rhythm:
    rhythm = Rhythm()
    rhythm.reserve(1)
    rhythm.hear(np.zeros(len(arrivals), np.int32), np.array(arrivals, np.int64))
    return rhythm


@pytest.mark.parametrize(
    ("silence", "state"),
    [(0, "ONLINE"), (20, "ONLINE"), (21, "LATE"), (100, "LATE"), (101, "OFFLINE")],
)
def test_silence_is_measured_in_the_twins_own_rhythm(silence, state):
    """A device that spoke every ten seconds is late after twenty and offline after a hundred."""
    rhythm = heard(*(second * SECOND for second in range(0, 200, 10)))
    (found,) = rhythm.presence(np.array([0]), now=(190 + silence) * SECOND)
    assert Presence(found).name == state


def test_an_agreed_interval_goes_before_the_learnt_one():
    """What was declared is what is expected."""
    rhythm = heard(0, 10 * SECOND, 20 * SECOND)
    assert rhythm.presence(slice(0, 1), now=100 * SECOND, agreed=60.0 * SECOND).tolist() == [Presence.ONLINE]
    assert rhythm.presence(slice(0, 1), now=100 * SECOND, agreed=30.0 * SECOND).tolist() == [Presence.LATE]


def test_on_a_calendar_that_runs_fast_a_message_still_takes_real_time():
    """A twin that tells each hour is not silent when 15 h pass in a second and its news are two seconds on the way."""
    rhythm = heard(0)
    for silence, state in ((2, Presence.ONLINE), (5, Presence.LATE), (11, Presence.OFFLINE)):
        now = round(silence * 15 * HOUR)
        assert rhythm.presence(slice(0, 1), now=now, agreed=float(HOUR), speed=15 * 3600.0).tolist() == [state]
    assert rhythm.presence(slice(0, 1), now=30 * HOUR, agreed=float(HOUR)).tolist() == [Presence.OFFLINE]


def test_a_twin_that_never_spoke_is_neither_late_nor_offline():
    """Never heard is a state of its own."""
    rhythm = Rhythm()
    rhythm.reserve(2)
    assert rhythm.presence(slice(0, 2), now=DAY).tolist() == [Presence.NEVER, Presence.NEVER]


def test_an_outage_is_not_a_rhythm():
    """After three days of silence a device that speaks every ten seconds is still expected soon."""
    seconds = [*range(0, 200, 10), *range(3 * 86400, 3 * 86400 + 100, 10)]
    rhythm = heard(*(second * SECOND for second in seconds))
    assert rhythm.interval[0] < 20 * SECOND


def test_a_burst_is_one_message():
    """What was read at once says nothing about rhythm, but counts."""
    rhythm = heard(0, 0, 0, 10 * SECOND, 10 * SECOND)
    assert rhythm.interval[0] == 10 * SECOND
    assert rhythm.messages[0] == 5


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 10**11)), max_size=30), st.integers(0, 30))
def test_rhythm_does_not_depend_on_batches(messages, place):
    """Learning from two batches is learning from one, to the last bit, clocks that jump back included."""
    row = np.array([one for one, _ in messages], np.int32)
    arrival = np.array([when for _, when in messages], np.int64)
    whole, parts = Rhythm(), Rhythm()
    for rhythm in (whole, parts):
        rhythm.reserve(3)
    whole.hear(row, arrival)
    parts.hear(row[:place], arrival[:place])
    parts.hear(row[place:], arrival[place:])
    for name, array in whole.arrays(3).items():
        assert array.tobytes() == parts.arrays(3)[name].tobytes()
