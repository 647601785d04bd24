"""Where samples come from: lines, files that grow and are rotated, callbacks, serial ports, brokers."""

import os
import threading
from contextlib import contextmanager

import numpy as np
import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

import pollux as px
from pollux.check import pack_block
from pollux.clock import SECOND, Clock, WallClock
from pollux.edge.feeder import Feeder
from pollux.edge.samples import Samples
from pollux.edge.sources.lines import Even, Lines
from pollux.edge.sources.source import AbstractSource, Need
from tests.doors.rig import until

START = 1_800_000_000 * SECOND

# -- lines ------------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-1e6, 1e6), max_size=30), st.integers(1, 40))
def test_lines_are_the_same_wherever_the_bytes_are_cut(values, size):
    """A line that comes in pieces is read once, when it is whole."""
    text = "".join(f"{START + i},{one!r}\n" for i, one in enumerate(values)).encode()
    lines, found = Lines(("v",), ("t", "v")), []
    for at in range(0, len(text), size):
        samples = lines.feed(text[at : at + size], now=START)
        assert samples.unread == 0
        found += list(zip(samples.times.tolist(), samples.values[:, 0].tolist(), strict=True))
    assert found == [(START + i, one) for i, one in enumerate(values)]


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data):
    """What is no line is counted, and the next good line is read."""
    lines = Lines(("v",), ("v",))
    lines.feed(data, now=START)
    lines.feed(b"\n", now=START)
    assert lines.feed(b"1.5\n", now=START).values.tolist() == [[1.5]]


def test_objects_headers_and_plain_numbers_are_read_by_what_they_are():
    """A JSON object by names, cells by the header, numbers alone in the order that was asked for."""
    lines = Lines(("a", "b"))
    assert lines.feed(b'{"b": 2, "a": 1, "c": 3}\n{"b": 4}\n', now=0).values.tolist()[0] == [1, 2]
    assert Lines(("a", "b")).feed(b"b,x,a\n2,9,1\n", now=0).values.tolist() == [[1, 2]]
    twice = Lines(("a", "b")).feed(b"b,a\n2,1\na,b\n1,2\nc,d\n", now=0)
    assert (twice.values.tolist(), twice.unread) == ([[1, 2], [1, 2]], 1)
    assert Lines(("a", "b")).feed(b"1,2\r\n\r\n3,4\r\n", now=0).values.tolist() == [[1, 2], [3, 4]]
    lacking = Lines(("a", "b")).feed(b'{"b": 4}\n', now=0).values
    assert np.isnan(lacking[0, 0])


def test_a_line_that_never_ends_fills_no_memory_and_costs_itself_only():
    """It is one unread line, however long it is."""
    lines = Lines(("a",))
    unread = sum(lines.feed(b"1" * 1000, now=0).unread for _ in range(100))
    assert unread == 1
    assert len(lines._rest) <= 4096
    assert lines.feed(b"\n7\n", now=0).values.tolist() == [[7]]


def test_lines_without_a_time_have_come_evenly_since_the_last_ones():
    """Two reads a second apart: what came in between is spread over it."""
    lines = Lines(("a",))
    lines.feed(b"0\n", now=START)
    assert lines.feed(b"1\n2\n3\n4\n", now=START + 4).times.tolist() == [START + 1, START + 2, START + 3, START + 4]


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(-3, 3)), min_size=1, max_size=30))
def test_times_of_a_device_that_hands_over_many_rise_evenly(blocks):
    """As long as blocks come about when they are due, no step differs from the others."""
    even, now, found = Even(10), START, []
    for count, late in blocks:
        now += 10 * count
        found += even.times(count, now=now + late).tolist()
    assert set(np.diff(found).tolist()) <= {10}


# -- files ------------------------------------------------------------------------------------------------------------


@contextmanager
def fed(source, *signals, after=0):
    feeder = Feeder(source, signals, clock=WallClock(), wake=lambda: None, name="test")
    feeder.start(after=after)
    try:
        yield Taken(feeder)
    finally:
        feeder.stop()


class Taken:
    """What a feeder has given so far."""

    def __init__(self, feeder):
        self.feeder, self.times, self.values = feeder, [], []
        self.missed = self.unread = 0

    def look(self):
        for samples in self.feeder.take():
            self.times += samples.times.tolist()
            self.values += samples.values[:, 0].tolist()
            self.missed += samples.missed
            self.unread += samples.unread
        return self.values


def row(number):
    return f"{START + number * SECOND},{number}\n"


def test_a_file_that_is_rotated_and_cut_is_read_without_a_gap_or_a_double(tmp_path):
    """Renamed away with lines still coming, replaced, then cut and written anew."""
    path = tmp_path / "log.csv"
    path.write_text(row(1) + row(2))
    with fed(px.tail(path, columns=["t", "v"]), "v") as taken:
        assert until(lambda: taken.look() == [1, 2])
        with path.open("a") as old:
            path.rename(tmp_path / "log.1")
            old.write(row(3))
            old.flush()
            assert until(lambda: taken.look() == [1, 2, 3])
            path.write_text(row(4) + row(5) + row(6))
            assert until(lambda: taken.look() == [1, 2, 3, 4, 5, 6])
        os.truncate(path, 0)
        with path.open("a") as cut:
            cut.write(row(7))
        assert until(lambda: taken.look() == [1, 2, 3, 4, 5, 6, 7])


def test_with_times_a_file_is_read_from_where_the_agent_had_come(tmp_path):
    """After a restart what was taken is passed over, and what was written meanwhile is not lost."""
    path = tmp_path / "log.csv"
    path.write_text("".join(row(number) for number in range(1, 9)))
    with fed(px.tail(path, columns=["t", "v"]), "v", after=START + 5 * SECOND) as taken:
        assert until(lambda: taken.look() == [6, 7, 8])


def test_without_times_a_file_is_read_from_its_end_and_one_that_comes_later_from_its_beginning(tmp_path):
    """What stood in it before has no time that could be told."""
    (tmp_path / "old.csv").write_text("1\n2\n")
    with fed(px.tail(tmp_path / "old.csv"), "v") as old, fed(px.tail(tmp_path / "new.csv"), "v") as new:
        threading.Event().wait(0.3)
        for path in ("old.csv", "new.csv"):
            with (tmp_path / path).open("a") as file:
                file.write("3\noops,\n4\n")
        assert until(lambda: old.look() == [3, 4] and new.look() == [3, 4])
        assert old.unread == 1


# -- callbacks --------------------------------------------------------------------------------------------------------


class Stepping(Clock):
    """A clock that moves when somebody waits."""

    def __init__(self):
        self.time = START

    def now(self):
        return self.time

    def pause(self, seconds):
        self.time += max(round(seconds * SECOND), 0)
        return False


def test_samples_bear_the_time_at_which_they_were_due_and_those_that_were_not_taken_are_counted():
    """Between two samples there is a multiple of the period, and what is missing is what was missed."""
    clock = Stepping()
    calls = []

    def read():
        calls.append(clock.time)
        clock.time += 3_500_000 if len(calls) == 40 else 1000  # once it takes three and a half periods
        return float(len(calls))

    samples = px.every("1 ms", read).samples(Need(("v",), 0, clock, clock.pause))
    found = [next(samples) for _ in range(3)]
    times = np.concatenate([one.times for one in found])
    assert set((times % 1_000_000).tolist()) == {0}
    assert sorted(set(np.diff(times).tolist())) == [1_000_000, 3_000_000]
    assert sum(one.missed for one in found) == 2
    assert np.concatenate([one.values for one in found])[:, 0].tolist() == [float(i + 1) for i in range(len(times))]


def test_a_reader_that_fails_costs_no_sample_that_was_read_before():
    """What was taken until then is handed over, then the error says what it was."""
    clock, calls = Stepping(), []

    def read():
        calls.append(1)
        if len(calls) == 8:
            raise OSError("bus error")
        return 1.0

    samples = px.every("1 ms", read).samples(Need(("v",), 0, clock, clock.pause))
    assert len(next(samples)) == 7
    with pytest.raises(OSError, match="bus error"):
        next(samples)


def test_a_device_that_keeps_samples_hands_over_ten_thousand_a_second():
    """Each call gives what was kept; times go on evenly, several signals side by side."""
    clock = Stepping()
    samples = px.every("100 ms", lambda: np.ones((1000, 2)), step="100 us").samples(
        Need(("a", "b"), 0, clock, clock.pause)
    )
    found = [next(samples) for _ in range(3)]
    times = np.concatenate([one.times for one in found])
    assert len(times) == 3000
    assert set(np.diff(times).tolist()) == {100_000}
    assert found[0].values.shape == (1000, 2)


def test_a_reader_of_another_shape_is_said_with_both_shapes():
    """One number where two are asked for is a mistake of the declaration."""
    clock = Stepping()
    samples = px.every("100 ms", lambda: 1.0).samples(Need(("a", "b"), 0, clock, clock.pause))
    with pytest.raises(px.SetupError, match="expected 2 numbers a sample"):
        next(samples)
    with pytest.raises(px.SetupError, match="a step of at most that"):
        px.every("1 ms", lambda: 1.0, step="2 ms")


class Flood(AbstractSource):
    """A source that gives far more than anybody takes, and fails at first."""

    rate, step = 100.0, 0

    def __init__(self):
        self.tries = 0

    def samples(self, need):
        self.tries += 1
        if self.tries == 1:
            raise OSError("no such port")
        for at in range(50):
            times = np.arange(100) + 100 * at
            yield Samples(times, times[:, None].astype(float))
        need.pause(60)


def test_what_nobody_takes_is_bounded_and_counted_and_a_source_that_fails_is_tried_again():
    """Every sample is either handed over or counted as missed."""
    source = Flood()
    with fed(source, "v") as taken:
        assert until(lambda: taken.feeder.trouble == "no such port")
        assert until(lambda: source.tries == 2 and taken.feeder._missed + taken.feeder._count == 5000)
        assert len(taken.look()) + taken.missed == 5000
        assert len(taken.values) == 1000
        assert taken.feeder.trouble == ""


# -- serial -----------------------------------------------------------------------------------------------------------


def test_a_serial_line_is_read_through_a_terminal():
    """The other end of a pseudo-terminal writes lines, a broken one among them, and goes away."""
    leader, follower = os.openpty()
    with fed(px.serial_line(os.ttyname(follower), columns=["v"]), "v") as taken:
        threading.Event().wait(0.3)
        os.write(leader, b"1.5\n2.5\r\n?!\n3.")
        os.write(leader, b"5\n")
        assert until(lambda: taken.look() == [1.5, 2.5, 3.5])
        assert taken.unread == 1
        os.close(follower)
        os.close(leader)
        assert until(lambda: taken.feeder.trouble)


def test_a_serial_line_that_is_none_says_so(tmp_path):
    """A speed that no terminal has at once, a file when it is read."""
    with pytest.raises(px.SetupError, match="a speed of a terminal"):
        px.serial_line("/dev/ttyUSB0", baud=12345)
    (tmp_path / "file").write_text("1\n")
    source = px.serial_line(str(tmp_path / "file"))
    with pytest.raises(OSError, match="is no serial port"):
        next(source.samples(Need(("v",), 0, WallClock(), lambda seconds: False)))


# -- a broker ---------------------------------------------------------------------------------------------------------


class Probe(px.Twin):
    v = px.sensor("1")


def test_messages_of_a_broker_beside_the_device_are_samples(tmp_path):
    """Numbers, objects, several lines and packed blocks, here from our own endpoint; what is none is counted."""
    house = px.Site("local")
    house.fleet(Probe)
    with house.open(tmp_path, insecure=True) as live:
        assert live.endpoint is not None
        live.accounts.add("ear", kind="service", roles={"administrator"}, twins=["*"])
        (tmp_path / "token").write_text(live.accounts.issue("ear").secret)
        address = px.Address(f"mqtt://127.0.0.1:{live.endpoint.port}", account="ear", token_file=tmp_path / "token")
        with fed(px.heard(address, "twins/Probe/p/telemetry", "twins/Probe/p/telemetry/binary"), "v") as taken:
            device = paho.Client(CallbackAPIVersion.VERSION2, client_id="p", protocol=paho.MQTTv5)
            device.username_pw_set("p")
            device.connect("127.0.0.1", live.endpoint.port)
            device.loop_start()
            threading.Event().wait(0.5)
            block = pack_block(["v"], [[3.0, 4.0]], even=(START, SECOND), type="f4")
            for topic, payload in (
                ("twins/Probe/p/telemetry", b'{"v": 1}'),
                ("twins/Probe/p/telemetry", b"[nothing"),
                ("twins/Probe/p/telemetry/binary", block),
            ):
                device.publish(topic, payload, qos=1)
            assert until(lambda: taken.look() == [1, 3, 4])
            assert taken.times[1:] == [START, START + SECOND]
            assert until(lambda: taken.look() and taken.unread == 1)
            device.disconnect()
            device.loop_stop()
