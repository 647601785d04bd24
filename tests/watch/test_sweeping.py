"""The compiled sweep leaves the same alarms, and the same state, as the one in NumPy."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.columns.batch import Batch
from pollux.columns.quality import Quality, Reason
from pollux.watch import AlarmBook, Change, Limit, Rule, Silence, Watch

pytest.importorskip("numba")

SIGNALS = {"spo2": 0, "weight": 1, "pulse": 2}
IDS = [f"P-{row}" for row in range(4)]
RULES: tuple[Rule, ...] = (
    Limit("spo2", "below", 90.0, "high", hysteresis=1.0),
    Limit("spo2", "above", 99.0, "low", delay=3),
    Limit("pulse", "above", 99.0, "medium"),
    Change("weight", "rise", 2.0, 5, "medium"),
    Silence("spo2", 20, "low"),
)
values = st.sampled_from([91.0, 92.0, 89.0, 90.0, 99.0, 99.5, 95.0, float("nan"), float("inf")])
qualities = st.sampled_from([Quality.GOOD] * 6 + [Quality.MISSING, Quality.UNCERTAIN, Quality.BAD, Quality.ESTIMATED])
reasons = st.sampled_from([Reason.NONE] * 5 + [Reason.DISCONNECTED, Reason.GAP, Reason.RANGE])
samples = st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(1, 9), values, qualities, reasons)


def batch(told: list[tuple[int, int, int, float, Quality, Reason]], now: int) -> Batch:
    row, signal, moment, value, quality, reason = zip(*told, strict=True)
    return Batch(
        row=np.array(row, np.int32),
        signal=np.array(signal, np.int32),
        event_time=np.array(moment, np.int64) + now,
        arrival=np.full(len(told), now + 9, np.int64),
        value=np.array(value, np.float64),
        quality=np.array(quality, np.uint8),
        reason=np.array(reason, np.uint16),
        frame=np.arange(len(told), dtype=np.int32),
    )


@pytest.mark.parametrize("rules", [RULES, RULES[:3], ()], ids=["all", "limits", "none"])
@settings(max_examples=200, deadline=None)
@given(batches=st.lists(st.lists(samples, min_size=1, max_size=24), min_size=1, max_size=5))
def test_compiled_and_not_are_the_same(
    rules: tuple[Rule, ...], batches: list[list[tuple[int, int, int, float, Quality, Reason]]]
) -> None:
    plain, compiled = (Watch("Patient", SIGNALS, rules, book=AlarmBook(), thing="patient") for _ in range(2))
    assert compiled.compile()
    for number, told in enumerate(batches):
        one = batch(told, 5 * number)
        assert repr(plain.apply(one, IDS)) == repr(compiled.apply(one, IDS))
        assert repr(plain.tick(5 * number + 12, IDS)) == repr(compiled.tick(5 * number + 12, IDS))
        assert plain.freeze() == compiled.freeze()


def test_nothing_is_compiled_while_samples_come() -> None:
    sweep: Any = import_module("pollux.watch.kernels").sweep
    watch = Watch("Patient", SIGNALS, RULES, book=AlarmBook(), thing="patient")
    assert watch.compile()
    before = len(sweep.signatures)
    for count in (1, 20):
        watch.apply(batch([(0, 0, 1, 88.0, Quality.GOOD, Reason.NONE)] * count, 0), IDS)
    assert len(sweep.signatures) == before
