import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.check.faults import Fault
from pollux.check.times import read_time
from pollux.columns import NEVER

T = 1_795_430_536
"""2026-11-23T10:42:16Z in seconds."""


@pytest.mark.parametrize(
    ("told", "nanos"),
    [
        (T, T * 10**9),
        (T * 10**3 + 123, (T * 10**3 + 123) * 10**6),
        (T * 10**6 + 123456, (T * 10**6 + 123456) * 10**3),
        (T * 10**9 + 123456789, T * 10**9 + 123456789),
        (T + 0.5, T * 10**9 + 500_000_000),
        (T + 0.123456, T * 10**9 + 123_456_000),
        (T * 10**3 + 0.5, T * 10**9 + 500_000),
        ("2026-11-23T10:42:16Z", T * 10**9),
        ("2026-11-23T10:42:16.123456789Z", T * 10**9 + 123_456_789),
        ("2026-11-23T12:42:16+02:00", T * 10**9),
        ("2026-11-23T10:42:16", T * 10**9),
        (datetime(2026, 11, 23, 10, 42, 16, tzinfo=UTC), T * 10**9),
        (0, 0),
    ],
)
def test_times_are_told_apart_by_size_and_read_exactly(told, nanos):
    """Seconds, milliseconds, microseconds, nanoseconds and ISO 8601 mean the same instant."""
    assert read_time(told) == nanos


@pytest.mark.parametrize(
    "told",
    ["yesterday", "", "2026-13-01T00:00:00Z", "T" * 1000, True, None, [1], {}, math.nan, math.inf, 10**30, 1e300],
)
def test_what_is_no_time_is_refused(told):
    """Nothing is guessed."""
    with pytest.raises(Fault):
        read_time(told)


@settings(deadline=None)
@given(st.one_of(st.integers(), st.floats(), st.text(max_size=30)))
def test_a_time_fits_64_bits_or_is_refused(told):
    """No number of a device can overflow an event time, or pass for the mark of never."""
    try:
        nanos = read_time(told)
    except Fault:
        return
    assert NEVER < nanos < 2**63


@settings(deadline=None)
@given(st.integers(0, 2**62))
def test_iso_times_keep_their_microseconds(nanos):
    """Every time that Python writes comes back."""
    whole = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanos // 1000)
    assert read_time(whole.isoformat()) == nanos // 1000 * 1000
