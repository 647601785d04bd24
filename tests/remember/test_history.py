"""History: a month of one signal, from the log, behind one call."""

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.clock import DAY, HOUR, MINUTE, SECOND, SimulatedClock
from pollux.columns.batch import Batch
from pollux.columns.frames import Frames, Message, Origin
from pollux.columns.quality import Quality
from pollux.errors import SetupError
from pollux.remember import History, Log, LogReader, Note, Series, Snapshots, decimate
from pollux.remember import history as history_module
from pollux.testing.disk import FaultyDisk
from tests.remember.fakes import DATA, FakeKeys

SAMPLE = struct.Struct("<iiqd")


class Decoder:
    """Decodes blocks of (row, signal, event time, value); counts how much it had to."""

    def __init__(self) -> None:
        self.frames = 0

    def __call__(self, frames: Frames) -> Mapping[str, Batch]:
        self.frames += len(frames)
        rows = [
            (*sample, int(frames.arrival[i]), i)
            for i in range(len(frames))
            for sample in SAMPLE.iter_unpack(frames.payload(i))
        ]
        row, signal, time, value, arrival, frame = list(zip(*rows, strict=True)) or [()] * 6
        n = len(rows)
        quality = np.where(np.isnan(np.array(value, np.float64)), Quality.MISSING, Quality.GOOD).astype(np.uint8)
        batch = Batch(
            np.array(row, np.int32),
            np.array(signal, np.int32),
            np.array(time, np.int64),
            np.array(arrival, np.int64),
            np.array(value, np.float64),
            quality,
            np.zeros(n, np.uint16),
            np.array(frame, np.int32),
        )
        return {"Pump": batch} if n else {}


def heard(row: int, signal: int, time: int, value: float, *, subject: str | None = None, tenant: str = "") -> Message:
    """A message with one sample."""
    return Message(Origin(tenant, "d", subject), b"t", SAMPLE.pack(row, signal, time, value), time + 5, 4, 1)


class World:
    """A log and its history on a disk in memory."""

    def __init__(self, *, segment_bytes: int = 4096, tenant: str = "", decoder: str = "v1") -> None:
        self.disk = FaultyDisk(seed=0)
        self.keys = FakeKeys()
        self.clock = SimulatedClock(0)
        self.segment_bytes = segment_bytes
        self.tenant = tenant
        self.open(decoder)

    def open(self, decoder: str = "v1") -> None:
        """Open log and history, again."""
        self.log = Log.open(
            DATA,
            clock=self.clock,
            disk=self.disk,
            keys=self.keys,
            segment_bytes=self.segment_bytes,
            own_thread=False,
        )
        self.decode = Decoder()
        self.history = History(
            DATA,
            log=self.log.reader,
            begin=lambda: self.decode,
            decoder=decoder,
            disk=self.disk,
            keys=self.keys,
            tenant=self.tenant,
            looks_back=self.segment_bytes,
        )

    def again(self, decoder: str = "v1") -> None:
        """Close and open."""
        self.log.close()
        self.open(decoder)

    def hear(self, *messages: Message) -> None:
        """One batch, durable."""
        self.clock.advance_to(max(message.arrival for message in messages))
        self.log.append(Frames.of(messages))
        self.log.flush()

    def ask(self, start: int, end: int, *, row: int = 1, signal: int = 0, points: int | None = None) -> Series:
        """One signal."""
        return self.history.samples("Pump", row, [signal], start, end, points=points)[signal]

    def month(self) -> list[tuple[int, float]]:
        """Thirty days of two twins, a value a quarter of an hour, in batches of a day."""
        random = np.random.default_rng(3)
        told = []
        for day in range(30):
            times = [day * DAY + i * 15 * MINUTE for i in range(96)]
            values = random.normal(size=96).tolist()
            told += list(zip(times, values, strict=True))
            batch = [heard(1, 0, t, v) for t, v in zip(times, values, strict=True)]
            self.hear(*batch, *(heard(2, 0, t, 7.0) for t in times))
        return told


def points(series: Series) -> list[tuple[int, float]]:
    """Times and values."""
    return list(zip(series.time.tolist(), series.value.tolist(), strict=True))


def test_a_month_of_one_signal() -> None:
    """Thirty days are answered exactly, raw and as a picture, over many segments and the one still growing."""
    world = World(segment_bytes=20_000)
    told = world.month()
    assert len(world.log.reader.segments()) > 5
    assert points(world.ask(0, 30 * DAY)) == told
    picture = world.ask(0, 30 * DAY, points=500)
    assert picture.width == 87 * MINUTE
    assert len(picture) <= 2 * 501
    whole = world.ask(0, 30 * DAY)
    assert points(picture) == points(decimate(whole, picture.width))
    assert points(world.ask(3 * DAY, 4 * DAY)) == [p for p in told if 3 * DAY <= p[0] < 4 * DAY]


def test_each_frame_is_decoded_once() -> None:
    """Questions cost no decoding of what was decoded before, also over rolls and after a restart."""
    world = World(segment_bytes=20_000)
    world.month()
    world.ask(0, DAY)
    once = world.decode.frames
    assert once == 30 * 96 * 2
    world.ask(0, 30 * DAY, points=300)
    world.ask(0, DAY, row=2)
    assert world.decode.frames == once
    world.hear(heard(1, 0, 30 * DAY, 1.0))
    assert points(world.ask(30 * DAY, 31 * DAY)) == [(30 * DAY, 1.0)]
    assert world.decode.frames == once + 1
    world.again()
    assert len(world.ask(0, 31 * DAY)) == 30 * 96 + 1
    assert world.decode.frames <= once // 4  # the segment that grows, and as much before it


def test_catching_up_goes_on_in_pieces_behind_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is given back after every piece; what a question has read meanwhile is not read twice."""
    monkeypatch.setattr(history_module, "_PIECE", 0.0)
    monkeypatch.setattr(history_module, "_PIECE_BYTES", 1)
    world = World(segment_bytes=1 << 20)
    pauses: list[int] = []

    def pause(_: float) -> None:
        pauses.append(world.decode.frames)
        if len(pauses) == 4:
            world.hear(heard(1, 0, 1000, -1.0))
            assert len(world.ask(0, DAY)) == 11

    for time in range(10):
        world.hear(heard(1, 0, time, float(time)))
    monkeypatch.setattr(world.history._pause, "wait", pause)
    world.history.keep_up()
    assert pauses == [1, 2, 3, 4]
    assert world.ask(0, DAY).value.tolist() == [*map(float, range(10)), -1.0]
    assert world.decode.frames == 11


def test_small_entries_are_decoded_together() -> None:
    world = World(segment_bytes=1 << 20)
    calls: list[int] = []
    decode = Decoder()

    def counted(frames: Frames) -> Mapping[str, Batch]:
        calls.append(len(frames))
        return decode(frames)

    world.history._begin = lambda: counted
    for time in range(50):
        world.hear(heard(time % 3, 0, time, float(time)))
    world.history.keep_up()
    assert calls == [50]
    assert world.ask(0, DAY).value.tolist() == [float(time) for time in range(50) if time % 3 == 1]


def test_an_index_is_never_trusted() -> None:
    """Missing, damaged anywhere, or of another decoder: the index is built again and the answer is right."""
    world = World(segment_bytes=2000)
    told = [(i * SECOND, float(i % 7)) for i in range(200)]
    for i in range(0, 200, 20):
        world.hear(*(heard(1, 0, *told[j]) for j in range(i, i + 20)))
    assert points(world.ask(0, HOUR)) == told
    files = [path for path in world.disk.paths() if "index" in path.parts]
    assert len(files) >= 2
    path = files[0]
    for byte in range(0, len(world.disk.contents(path)), 5):
        world.disk.flip(path, byte)
        world.disk.kill()
        world.open()
        assert points(world.ask(0, HOUR)) == told
        assert len(world.ask(0, HOUR, points=2)) <= 6
    world.disk.kill()
    for path in files:
        world.disk.remove(path)
    world.open()
    assert points(world.ask(0, HOUR)) == told
    world.again("v2")
    assert world.decode.frames == 0
    assert points(world.ask(0, HOUR)) == told
    assert world.decode.frames == 200


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(0, 1), st.integers(0, 5000), st.sampled_from([1.0, 2.5, float("nan")])
        ),
        min_size=1,
        max_size=60,
    ),
    st.data(),
)
def test_the_answer_does_not_depend_on_batches(given: list[tuple[int, int, int, float]], data: st.DataObject) -> None:
    """However samples are batched, late, repeated, cut in segments, indexed and reopened, the answer is the same."""
    world = World(segment_bytes=data.draw(st.sampled_from([600, 3000, 1 << 20])))
    sent = [*given, *data.draw(st.permutations(given))[: len(given) // 2]]
    while sent:
        take = data.draw(st.integers(1, 8))
        messages = [heard(row, signal, time * SECOND, value) for row, signal, time, value in sent[:take]]
        world.hear(*messages)
        sent = sent[take:]
        step = data.draw(st.sampled_from(["", "", "ask", "again", "prepare"]))
        if step == "ask":
            world.ask(0, 10)
        elif step == "again":
            world.again()
        elif step == "prepare":
            world.history.prepare(1)
    row, signal = 1, 0
    told = {(t * SECOND, v if v == v else None) for r, s, t, v in given if (r, s) == (row, signal)}
    series = world.ask(0, 6000 * SECOND, row=row, signal=signal)
    assert len(series) == len(told)
    assert {(t, v if v == v else None) for t, v in points(series)} == told
    picture = world.ask(0, 6000 * SECOND, row=row, signal=signal, points=20)
    exact = decimate(series, picture.width or 1) if picture.width else series
    np.testing.assert_equal(points(picture), points(exact))


def test_gaps_stay_gaps() -> None:
    """A missing value comes as NaN of quality MISSING, raw and in a picture."""
    world = World()
    world.hear(heard(1, 0, SECOND, 1.0), heard(1, 0, 2 * SECOND, float("nan")), heard(1, 0, 3 * SECOND, 2.0))
    for width in (None, 1):
        series = world.ask(0, 2 * MINUTE, points=width)
        assert [Quality(q) for q in series.quality.tolist()] == [Quality.GOOD, Quality.MISSING, Quality.GOOD]
        assert np.isnan(series.value[1])


def test_what_is_not_there_is_empty() -> None:
    """Unknown types, rows and signals, and empty logs, give empty series."""
    world = World()
    assert len(world.ask(0, DAY)) == 0
    assert len(world.ask(0, DAY, points=100)) == 0
    world.hear(heard(1, 0, 5, 1.0))
    assert len(world.history.samples("Valve", 1, [0], 0, DAY)[0]) == 0
    assert len(world.ask(0, DAY, row=9)) == 0
    assert len(world.ask(DAY, 2 * DAY)) == 0


def test_a_person_is_found_and_not_after_erasure() -> None:
    """A person's samples lie sealed in the index and are gone with the key; others are unharmed."""
    world = World(segment_bytes=1500)
    for i in range(40):
        world.hear(heard(1, 0, i * SECOND, 120.0 + i, subject="ann"), heard(2, 0, i * SECOND, 5.0))

    def ann() -> int:
        return len(world.history.samples("Pump", 1, [0], 0, HOUR, subject="ann")[0])

    assert ann() == len(world.ask(0, HOUR, row=1)) == 40
    assert len(world.history.samples("Pump", 1, [0], 0, HOUR, subject="bob")[0]) == 0
    assert len(world.history.samples("Pump", 1, [0], 0, HOUR, subject="ann", points=1)[0]) == 2
    assert len(world.ask(0, HOUR, row=2)) == 40
    world.hear(heard(1, 0, 41 * SECOND, 120.0, subject="ann"))
    assert ann() == 41
    world.keys.destroy("ann")
    world.history.forget("ann")
    assert ann() == len(world.ask(0, HOUR, row=1)) == 0
    world.again()
    assert ann() == len(world.ask(0, HOUR, row=1)) == 0
    assert len(world.ask(0, HOUR, row=2)) == 40


def test_who_is_erased_while_being_gathered_is_not_kept() -> None:
    """Samples in memory of a person whose key is gone by the time the segment is full are dropped, not an obstacle."""
    world = World(segment_bytes=1500)
    world.hear(heard(1, 0, 0, 120.0, subject="ann"), heard(2, 0, 0, 5.0))
    assert len(world.ask(0, HOUR, row=2)) == 1
    world.keys.destroy("ann")
    for i in range(1, 20):
        world.hear(heard(2, 0, i * SECOND, 5.0))
    assert len(world.ask(0, HOUR, row=2)) == 20
    assert len(world.history.samples("Pump", 1, [0], 0, HOUR, subject="ann")[0]) == 0


def test_without_keys_no_index_of_a_person_is_written() -> None:
    """A history without keys refuses to keep what belongs to a person rather than keep it in clear."""
    world = World(segment_bytes=1500)
    for i in range(40):
        world.hear(heard(1, 0, i * SECOND, 120.0, subject="ann"))
    bare = History(DATA, log=world.log.reader, begin=Decoder, decoder="v1", disk=world.disk)
    with pytest.raises(SetupError, match="keys"):
        bare.samples("Pump", 1, [0], 0, HOUR)
    assert not [path for path in world.disk.paths() if "index" in path.parts]


def test_tenants_are_apart() -> None:
    """A history holds one tenant's samples, in a folder of its own."""
    world = World(tenant="a/b", segment_bytes=1500)
    for i in range(40):
        world.hear(heard(1, 0, i * SECOND, 1.0, tenant="a/b"), heard(1, 0, i * SECOND, 2.0, tenant="other"))
    assert set(world.ask(0, HOUR).value.tolist()) == {1.0}
    folders = {path.parent.name for path in world.disk.paths() if "index" in path.parts}
    assert folders == {"a%2Fb"}


def test_a_full_disk_only_makes_it_slower() -> None:
    """Where an index cannot be written, the answer comes from memory."""
    world = World(segment_bytes=1500)
    for i in range(40):
        world.hear(heard(1, 0, i * SECOND, float(i)))
    world.disk.capacity = world.disk.used()
    assert len(world.ask(0, HOUR)) == 40
    assert len(world.ask(0, HOUR)) == 40
    assert world.decode.frames == 40


def test_large_segments_are_cut_into_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a number of samples a segment is indexed in several sections, and the answer is the same."""
    monkeypatch.setattr("pollux.remember.index._LARGEST", 7)
    monkeypatch.setattr("pollux.remember.index.BLOCK", 3)
    world = World(segment_bytes=4000)
    told = [(i * SECOND, float(i % 5)) for i in range(120)]
    for start in range(0, 120, 3):
        world.hear(*(heard(1, 0, *told[j]) for j in range(start, start + 3)))
    assert points(world.ask(0, HOUR)) == told
    assert points(world.ask(0, HOUR, points=1)) == points(decimate(world.ask(0, HOUR), HOUR))


def test_the_state_as_of_a_moment_is_a_snapshot_and_a_replay() -> None:
    """`before` gives the newest snapshot up to then and exactly the entries that follow it up to then."""
    world = World()
    snapshots = Snapshots(DATA, disk=world.disk, keys=world.keys)
    for i in range(20):
        world.clock.advance_to(i * 10)
        world.log.append(Note("n", {"i": i}))
        world.log.flush()
        if i in (5, 15):
            snapshots.write(i + 1, i * 10, {"state": b"%d" % i})

    def asked(time: int) -> tuple[int | None, list[int]]:
        snapshot, records = world.history.before(time)
        return (snapshot.seq if snapshot else None), [record.seq for record in records]

    assert asked(-1) == (None, [])
    assert asked(49) == (None, [1, 2, 3, 4, 5])
    assert asked(50) == (6, [])
    assert asked(72) == (6, [7, 8])
    assert asked(999) == (16, [17, 18, 19, 20])
    assert [record.seq for record in world.history.replay(3, 5)] == [4, 5]


def test_a_reader_of_another_process_answers_too(tmp_path: Path) -> None:
    """History works over a reader without the log's lock, beside the process that writes."""
    with Log.open(tmp_path, clock=SimulatedClock(0)) as log:
        log.append(Frames.of([heard(1, 0, 5, 2.0)])).wait(20)
        history = History(tmp_path, log=LogReader(tmp_path), begin=Decoder, decoder="v1")
        assert points(history.samples("Pump", 1, [0], 0, 10)[0]) == [(5, 2.0)]
        log.append(Frames.of([heard(1, 0, 6, 3.0)])).wait(20)
        assert points(history.samples("Pump", 1, [0], 0, 10)[0]) == [(5, 2.0), (6, 3.0)]
