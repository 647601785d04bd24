"""The figures of a device: what was counted of it."""

from dataclasses import replace

import numpy as np
import pytest

from pollux.clock import SECOND
from pollux.columns import Message, Origin
from pollux.columns.batch import Batch
from pollux.columns.quality import Quality
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


@pytest.mark.parametrize("step", [1, 137, 10_000_000, 3_333_333_333])
def test_delays_fall_into_the_same_buckets_compiled(step: int) -> None:
    """Every edge between two buckets, from both sides, in series and alone."""
    kernels = pytest.importorskip("pollux.mirror.kernels")
    edges = [0, 1, 499_999, 500_000, *(10**6 * 2**power + off for power in range(-1, 30) for off in (-1, 0, 1))]
    delays = np.array([*edges, -1, -(10**15), 10**18, *range(0, 50 * step, step)], np.int64)
    arrival = np.full(len(delays), 4 * 10**18, np.int64)
    row = np.arange(len(delays), dtype=np.int32) // 40 % 3
    batch = replace(
        Batch.empty(),
        row=row,
        signal=np.zeros(len(delays), np.int32),
        event_time=arrival - delays,
        arrival=arrival,
        quality=np.full(len(delays), Quality.GOOD, np.uint8),
        reason=np.zeros(len(delays), np.uint16),
    )
    plain, compiled = Tally(1), Tally(1)
    for tally, how in ((plain, None), (compiled, kernels)):
        tally.reserve(3)
        tally.note(batch, delays > 10**9, how)
    for name, array in plain.arrays(3).items():
        assert array.tolist() == compiled.arrays(3)[name].tolist(), name
