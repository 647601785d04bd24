"""The figures of a device: what was counted of it."""

import numpy as np

from pollux.clock import SECOND
from pollux.columns import Message, Origin
from pollux.mirror.tally import Tally
from tests.mirror.live import Live

NOW = 1_700_000_000 * SECOND
PUMP = Origin("", "P-1", None, "b1")


def message(payload: bytes, second: float, *, id: str = "P-1") -> Message:
    return Message(PUMP, f"twins/Pump/{id}/telemetry".encode(), payload, NOW + round(second * SECOND), 0)


def test_samples_are_counted_by_quality_and_reason_once() -> None:
    """What comes again counts as a duplicate and as nothing else; what is bad is counted with its reason."""
    live = Live()
    sent = [message(b'{"temp": 300, "seq": 1}', 0), message(b'{"temp": 5, "seq": 2}', 1)]
    live.hear([*sent, sent[0]])
    live.hear(sent)
    tally, temp = live.mirror.populations["Pump"].tally, live.blocks["Pump"].schema.index["temp"]
    assert tally.samples[temp, 0] == 2
    assert {key: int(of[temp, 0]) for key, of in tally.doubted.items()} == {(3, 1): 1}
    assert tally.duplicates[0] == 3


def test_delays_are_quantiles_right_to_a_factor_of_two() -> None:
    """Ninety samples at 3 ms and ten at 5 s give these as median and 95 % quantile."""
    live = Live()
    for number in range(100):
        delay = 3_000_000 if number % 10 else 5 * SECOND
        live.hear([message(b'{"temp": 300, "t": %d}' % (NOW + number * SECOND - delay), number)])
    delays = live.mirror.populations["Pump"].tally.delays_of(0)
    assert (delays.count, delays.p50, delays.p95) == (100, 0.004, 8.192)
    live.hear([message(b'{"temp": 300, "t": %d}' % (NOW + 300 * SECOND), 200)])
    assert live.mirror.populations["Pump"].tally.delays_of(0).ahead == 1


def test_a_series_in_one_message_is_counted_like_one_by_one() -> None:
    """Counting runs of neighbours at once gives what counting each gives."""
    live, other = Live(), Live()
    times = [NOW + k * SECOND for k in range(5)]
    live.hear([message(b"[%s]" % b",".join(b'{"temp": 300, "t": %d}' % t for t in times), 9)])
    other.hear([message(b'{"temp": 300, "t": %d}' % t, 9) for t in times])
    mine, theirs = live.mirror.populations["Pump"].tally, other.mirror.populations["Pump"].tally
    assert np.array_equal(mine.samples[:, :1], theirs.samples[:, :1])
    assert np.array_equal(mine.delays[:1], theirs.delays[:1])


def test_a_tally_goes_on_from_its_arrays_and_forgets_a_row() -> None:
    """A snapshot holds every counter; a row without an owner holds none."""
    live = Live()
    live.hear([message(b'{"temp": 5}', 0), message(b'{"temp": 300, "t": 0}', 1)])
    state = live.state()
    again = Live()
    again.resume(state)
    assert again.state() == state
    tally = Tally.restored(len(live.blocks["Pump"].schema.signals), again.mirror.populations["Pump"].tally.arrays(1))
    assert sum(int(of.sum()) for of in tally.doubted.values()) == 2
    tally.forget(0)
    assert not tally.samples.any()
    assert not any(of.any() for of in tally.doubted.values())
