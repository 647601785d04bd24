"""The two laws of the log: replay equals live bit for bit, and however the records are batched."""

import itertools
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.site.plants import Motor

from pollux.check import Calibration, DeviceClock, OtherUnit
from pollux.clock import SimulatedClock
from pollux.columns.frames import Encoding, Frames, Origin
from pollux.columns.snapshot import freeze
from pollux.remember import Log, LogReader, Note
from pollux.site.estate import Estate, Holding
from pollux.site.pipe import Pipe
from pollux.site.recover import replay
from pollux.watch import Limit

SECOND = 1_000_000_000
HOLDINGS = [
    Holding(
        Motor.__pollux__,
        rules=(Limit("temp", "above", 400.0, "high"),),
        checks=(DeviceClock("5 s", messages=3), OtherUnit("temp", "degC", "degF")),
        calibrations=(Calibration("M-2", "temp", gain=1.01, valid_until="2023-11-14T22:30:00Z"),),
    )
]

values = st.fixed_dictionaries(
    {},
    optional={
        "temp": st.one_of(st.floats(200, 500), st.just(float("nan")), st.sampled_from(["warm", None])),
        "speed": st.floats(-100, 4000),
        "t": st.integers(0, 2_000).map(lambda s: 1_700_000_000 + s),
        "seq": st.integers(1, 20),
    },
)
messages = st.lists(st.tuples(st.sampled_from(["M-1", "M-2", "M-3"]), values), min_size=1, max_size=25)


def estate() -> Estate:
    return Estate("", HOLDINGS)


def frames_of(sent: list[tuple[str, dict[str, Any]]], start: int) -> Frames:
    return Frames.of(
        (
            Origin("", device, None, "b1"),
            f"twins/Motor/{device}/telemetry".encode(),
            json.dumps(said).encode(),
            (1_700_000_000 + start + number) * SECOND,
            Encoding.JSON,
        )
        for number, (device, said) in enumerate(sent)
    )


def state(of: Estate) -> tuple[bytes, bytes, list[tuple[str, int]]]:
    return freeze(of.blocks["Motor"]), of.mirror.freeze(), [(a.id, a.cleared) for a in of.alarms]


@settings(max_examples=30, deadline=None)
@given(st.lists(messages, min_size=1, max_size=5), st.lists(st.integers(1, 9), max_size=3))
def test_replaying_the_log_gives_the_same_columns_bit_for_bit(
    tmp_path_factory: Any, batches: list[list[tuple[str, dict[str, Any]]]], ticks: list[int]
) -> None:
    """What the pipe made live, a fresh estate makes again from the log, alarms and all."""
    folder: Path = tmp_path_factory.mktemp("law")
    live, again = estate(), estate()
    with Log.open(folder, clock=SimulatedClock(0), own_thread=False) as log:
        pipe = Pipe(log, {"": live}, told=lambda *_: None, durable=lambda *_: None)
        for number, sent in enumerate(batches):
            pipe.push(frames_of(sent, 100 * number))
            for tick in ticks:
                pipe.note(Note("tick", {"at": (1_700_000_000 + 100 * number + 50 + tick) * SECOND}))
    replay(LogReader(folder).read(), {"": again})
    assert state(again) == state(live)
    assert (again.seq, again.time) == (live.seq, live.time)


@settings(max_examples=40, deadline=None)
@given(messages, st.lists(st.integers(0, 25), max_size=6))
def test_however_the_records_are_batched_the_columns_are_the_same(
    sent: list[tuple[str, dict[str, Any]]], cuts: list[int]
) -> None:
    """The same messages in one batch, or cut anywhere, give the same columns bit for bit and the same alarms."""
    whole, cut = estate(), estate()
    everything = frames_of(sent, 0)
    whole.take_in(everything, 1)
    edges = sorted({0, len(sent), *(c for c in cuts if c < len(sent))})
    for number, (begin, end) in enumerate(itertools.pairwise(edges)):
        mask = [begin <= i < end for i in range(len(sent))]
        cut.take_in(everything.select(_mask(mask)), number + 1)
    assert state(cut) == state(whole)


def _mask(flags: list[bool]) -> Any:
    import numpy as np

    return np.array(flags, bool)


@settings(max_examples=20)
@given(st.lists(messages, min_size=2, max_size=4), st.integers(1, 3))
def test_a_snapshot_and_the_rest_give_the_whole(batches: list[list[tuple[str, dict[str, Any]]]], cut: int) -> None:
    """Frozen after some batches and restored elsewhere, an estate goes on as if nothing had happened."""
    whole, first = estate(), estate()
    frames = [frames_of(sent, 100 * number) for number, sent in enumerate(batches)]
    for number, one in enumerate(frames):
        whole.take_in(one, number + 1)
    for number, one in enumerate(frames[:cut]):
        first.take_in(one, number + 1)
    second = Estate("", HOLDINGS, first.freeze())
    assert second.freeze() == first.freeze()
    for number, one in enumerate(frames[cut:]):
        second.take_in(one, cut + number + 1)
    assert state(second) == state(whole)
    assert second.freeze() == whole.freeze()
