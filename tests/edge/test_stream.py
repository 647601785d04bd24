"""A reading at work: windows, units, doubts, raw windows around events, and what a kill leaves of them."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pollux as px
from pollux.check import unpack_block
from pollux.clock import MINUTE, SECOND, SimulatedClock
from pollux.columns.quality import Reason
from pollux.edge.orders import Orders
from pollux.edge.queue import Queue
from pollux.edge.samples import Samples
from pollux.edge.stream import GRACE, Stream
from tests.edge.plant import Pump


class Other(px.Twin):
    level = px.sensor("m")


START = 1_800_000_000 * SECOND
STEP = 10_000_000


def declared(*summaries, capture=None, **options):
    edge = px.Edge("P-7", to="mqtt://127.0.0.1")
    source = px.every("10 ms", lambda: 0.0)
    edge.read(Pump, "P-7", source, *summaries, every="1 s", raw="30 s", capture=capture, **options)
    return edge.readings[0]


def uneven(summary):
    px.Edge("P-7", to="mqtt://127.0.0.1").read(Pump, "P-7", px.tail("log.csv"), summary)


class Bench:
    """A stream on a simulated clock, fed by hand."""

    def __init__(self, folder: Path, reading):
        self.folder, self.reading, self.clock = folder, reading, SimulatedClock(START)
        folder.mkdir(exist_ok=True)
        self._open()

    def _open(self):
        self.queue = Queue(self.folder / "queue", budget=1 << 20)
        self.stream = Stream(self.reading, self.queue, self.folder, self.clock)

    def feed(self, first, values, *, missed=0):
        """Samples from the n-th step after the start on."""
        values = np.asarray(values, float)
        times = START + STEP * np.arange(first, first + len(values))
        self.clock.advance_to(int(times[-1]))
        self.stream.take(Samples(times, values.reshape(len(values), -1), missed))
        self.stream.tick()

    def again(self):
        """As after a kill: nothing is closed in order, and everything is opened again."""
        self.queue.close()
        self._open()

    def silence(self, length):
        self.clock.advance_to(self.clock.now() + length)
        self.stream.tick()

    @property
    def messages(self):
        found, number = [], 0
        while (message := self.queue.after(number)) is not None:
            found.append(message)
            number = message.number
        return found

    @property
    def told(self):
        return [json.loads(one.payload) for one in self.messages if one.lane == "summary"]

    @property
    def blocks(self):
        return [unpack_block(one.payload) for one in self.messages if one.lane == "raw"]


def test_a_window_is_told_with_its_end_as_time_and_every_figure_under_its_signal(tmp_path):
    """Figures are those of numpy over the window, in the units of the signals."""
    summary = px.Summary(
        Pump.vibration,
        rms=Pump.vibration_rms,
        minimum=Pump.vibration_low,
        maximum=Pump.vibration_high,
        quantiles={0.99: Pump.vibration_p99},
        lines=[(Pump.tone, Pump.tone_rms)],
        count=Pump.samples,
    )
    bench = Bench(tmp_path / "e", declared(summary, missed=Pump.missed))
    values = 3 + np.sin(2 * np.pi * 12.5 * np.arange(250) / 100)
    bench.feed(0, values[:130], missed=4)
    bench.feed(130, values[130:])
    one, two = bench.told
    assert (one["t"], two["t"]) == (START + SECOND, START + 2 * SECOND)
    assert (one["seq"], two["seq"], one["boot"]) == (1, 2, two["boot"])
    assert (one["missed"], two["missed"]) == (4, 0)
    assert one["samples"] == 100
    assert one["vibration"] == pytest.approx(values[:100].mean())
    assert one["vibration_rms"] == pytest.approx(np.sqrt((values[:100] ** 2).mean()))
    assert (one["vibration_low"], one["vibration_high"]) == pytest.approx((values.min(), values.max()))
    assert one["vibration_p99"] == pytest.approx(np.sort(values[:100])[98])
    assert one["tone"] == pytest.approx(12.5, abs=0.05)
    assert one["tone_rms"] == pytest.approx(np.sqrt(0.5), rel=0.02)


def test_units_of_the_source_become_those_of_the_class(tmp_path):
    """A source in degF and one in g: levels move with their zero, spreads do not, raw samples are told as the site
    expects them.
    """
    temp = px.Summary(Pump.temp, unit="degF", doubts=[px.OutOfRange(high="60 degC")])
    shake = px.Summary(Pump.vibration, unit="g_0", deviation=Pump.vibration_rms)
    capture = px.Capture(Pump.temp > 36, before="100 ms", after="100 ms")
    bench = Bench(tmp_path / "e", declared(temp, shake, capture=capture))
    values = np.stack((np.full(150, 95.0), np.tile([1.0, 3.0], 75)), axis=1)
    values[60, 0] = 104.0
    bench.feed(0, values)
    one = bench.told[0]
    assert one["temp"] == pytest.approx(35.05)
    assert one["vibration"] == pytest.approx(2 * 9.80665)
    assert one["vibration_rms"] == pytest.approx(9.80665 * np.std([1, 3] * 50, ddof=1))
    (block,) = bench.blocks
    assert block.signals == ("temp", "vibration")
    assert block.times.tolist() == [START + STEP * at for at in range(50, 70)]
    assert block.values[0].tolist() == pytest.approx([35.0] * 10 + [40.0] + [35.0] * 9, abs=1e-4)
    assert block.values[1].tolist() == pytest.approx([9.80665, 3 * 9.80665] * 10)


def test_doubted_samples_are_counted_by_reason_and_left_out(tmp_path):
    """A spike and a reading out of range change no figure but the counts."""
    summary = px.Summary(
        Pump.vibration,
        maximum=Pump.vibration_high,
        doubts=[px.Spike(5.0)],
        doubted=Pump.doubted,
        because={"SPIKE": Pump.spikes},
        count=Pump.samples,
    )
    bench = Bench(tmp_path / "e", declared(summary))
    values = np.ones(150)
    values[20], values[50] = 90.0, -500.0
    bench.feed(0, values)
    one = bench.told[0]
    assert (one["vibration"], one["vibration_high"], one["samples"]) == (1, 1, 98)
    assert (one["doubted"], one["spikes"]) == (2, 1)
    assert bench.stream.doubted == {Reason.SPIKE: 1, Reason.RANGE: 1}
    bench.feed(150, np.full(150, np.nan))
    assert bench.told[1].keys() == {"t", "seq", "boot", "vibration", "vibration_high", "doubted", "spikes", "samples"}


def test_a_window_of_nothing_but_doubts_tells_the_counts_alone(tmp_path):
    """No mean is better than one of values that nobody believes."""
    bench = Bench(tmp_path / "e", declared(px.Summary(Pump.vibration, doubted=Pump.doubted)))
    bench.feed(0, np.full(101, np.nan))
    assert set(bench.told[0]) == {"t", "seq", "boot", "doubted"}


def test_a_source_that_falls_silent_has_its_window_told_by_the_clock(tmp_path):
    """Two seconds after its end, and not before; what comes later for it is late, and kept raw."""
    bench = Bench(tmp_path / "e", declared(Pump.vibration))
    bench.feed(0, np.ones(50))
    bench.silence(SECOND)
    assert bench.told == []
    bench.silence(SECOND + GRACE)
    assert [one["t"] for one in bench.told] == [START + SECOND]
    bench.stream.take(Samples(np.array([START + 60 * STEP]), np.array([[1.0]])))
    assert bench.stream.late == 1
    assert bench.stream.newest == START + 60 * STEP


def test_times_that_do_not_rise_are_late_and_a_clock_that_is_set_back_is_no_end(tmp_path):
    """One that comes again is left out; where the clock itself went back, what is of the future is let go."""
    bench = Bench(tmp_path / "e", declared(Pump.vibration))
    bench.feed(0, np.ones(50))
    bench.stream.take(Samples(np.array([START, START + 49 * STEP]), np.ones((2, 1))))
    assert bench.stream.late == 2
    bench.stream.take(Samples(np.array([START + 10 * MINUTE]), np.ones((1, 1))))
    bench.feed(50, np.ones(60))
    assert bench.stream.newest == START + 109 * STEP
    assert bench.stream.taken == 111


def test_after_the_clock_was_set_back_windows_are_told_also_after_a_restart(tmp_path):
    """What the queue has told lies in the future then: it is no reason to be silent until that comes."""
    capture = px.Capture(Pump.vibration > 20, before="100 ms", after="100 ms")
    bench = Bench(tmp_path / "e", declared(Pump.vibration, capture=capture))
    ahead = START + 3600 * SECOND
    times = ahead + STEP * np.arange(150)
    bench.clock.advance_to(int(times[-1]))
    bench.stream.take(Samples(times, np.where(np.arange(150) == 70, 50.0, 1.0)[:, None]))
    assert [one["t"] for one in bench.told] == [ahead + SECOND]
    assert len(bench.blocks) == 1
    bench.clock = SimulatedClock(START)
    bench.again()
    values = np.ones(250)
    values[120] = 50.0
    bench.feed(0, values)
    assert [one["t"] for one in bench.told[1:]] == [START + SECOND, START + 2 * SECOND]
    assert len(bench.blocks) == 2


def test_an_event_sends_the_window_around_it_once_and_then_rests(tmp_path):
    """From before the crossing until after it; a second crossing at once is within, one in the rest is not sent."""
    capture = px.Capture(Pump.vibration > 20, before="200 ms", after="300 ms", rest="2 s")
    bench = Bench(tmp_path / "e", declared(Pump.vibration, capture=capture))
    values = np.arange(600) / 1000
    for at in (100, 110, 250, 480):
        values[at] = 50.0
    for at in range(0, 600, 7):
        bench.feed(at, values[at : at + 7])
    assert [(int(one.times[0]), int(one.times[-1])) for one in bench.blocks] == [
        (START + 80 * STEP, START + 129 * STEP),
        (START + 460 * STEP, START + 509 * STEP),
    ]
    assert bench.blocks[0].values[0].tolist() == pytest.approx(values[80:130].tolist(), rel=1e-6)
    sizes = [len(one.payload) for one in bench.messages if one.lane == "raw"]
    assert max(sizes) < 4 * 50 + 150  # even steps are told as two numbers, values as float32


def test_a_doubt_can_be_an_event(tmp_path):
    """The samples around a spike are what an engineer wants to see."""
    summary = px.Summary(Pump.vibration, doubts=[px.Spike(5.0)])
    bench = Bench(tmp_path / "e", declared(summary, capture=px.Capture(before="50 ms", after="50 ms", doubted=True)))
    values = np.ones(100)
    values[40] = 90.0
    bench.feed(0, values)
    assert bench.blocks[0].times.tolist() == [START + STEP * at for at in range(35, 45)]


def test_an_order_sends_the_window_around_now_and_is_carried_out_once(tmp_path):
    """Accepted, then done; asked again it answers again; one that is over or meant for others changes nothing."""
    capture = px.Capture(before="100 ms", after="100 ms", command=Pump.capture)
    bench = Bench(tmp_path / "e", declared(Pump.vibration, capture=capture))
    orders = Orders([bench.stream], [], bench.clock)
    (topic,) = orders.topics
    assert topic == "twins/Pump/P-7/commands"
    bench.feed(0, np.ones(50))
    order = b'{"id": "o1", "name": "capture", "params": {}, "expires_at": "2100-01-01T00:00:00Z"}'
    states = [json.loads(body)["state"] for _, body in orders.hear(topic, order)]
    again = [json.loads(body)["state"] for _, body in orders.hear(topic, order)]
    late = orders.hear(topic, b'{"id": "o2", "name": "capture", "expires_at": "2001-01-01T00:00:00Z"}')
    assert (states, again) == (["accepted", "done"], ["done"])
    assert json.loads(late[0][1])["state"] == "rejected"
    for other in (b"{", b'{"id": "o3", "name": "set"}', b'{"id": "o4", "name": "capture", "expires_at": "soon"}'):
        assert orders.hear(topic, other) == []
    bench.stream.tick()
    bench.feed(50, np.ones(50))
    assert [one.times.tolist() for one in bench.blocks] == [[START + STEP * at for at in range(39, 59)]]


@settings(max_examples=25)
@given(
    st.lists(st.integers(1, 120), min_size=2, max_size=12),
    st.sets(st.integers(0, 11)),
    st.lists(st.integers(0, 700), max_size=4),
)
def test_kills_at_any_moment_change_nothing_of_what_is_told(tmp_path_factory, sizes, kills, spikes):
    """A stream that is killed between any two chunks tells the same windows and the same raw samples, once each, as
    one that is not.
    """
    values = np.round(np.sin(np.arange(sum(sizes)) / 10), 3)
    values[[at for at in spikes if at < len(values)]] = 50.0
    capture = px.Capture(Pump.vibration > 20, before="300 ms", after="400 ms", rest="500 ms")
    summary = px.Summary(
        Pump.vibration, maximum=Pump.vibration_high, count=Pump.samples, doubted=Pump.doubted, doubts=[px.Spike(9.0)]
    )
    reading = declared(summary, capture=capture)
    folder = tmp_path_factory.mktemp("kills")
    whole, killed = Bench(folder / "whole", reading), Bench(folder / "killed", reading)
    at = 0
    for number, size in enumerate(sizes):
        for bench in (whole, killed):
            bench.feed(at, values[at : at + size])
        if number in kills:
            killed.again()
        at += size
    for bench in (whole, killed):
        bench.silence(5 * SECOND)
        bench.silence(5 * SECOND)
    for one, other in zip(whole.told, killed.told, strict=True):
        assert one["seq"] == other["seq"]
        assert one.pop("vibration") == pytest.approx(other.pop("vibration"), abs=1e-6)
        assert one.pop("vibration_high") == pytest.approx(other.pop("vibration_high"), abs=1e-6)
        assert {**one, "boot": ""} == {**other, "boot": ""}
    raw = [np.concatenate([b.times for b in bench.blocks] or [np.empty(0)]) for bench in (whole, killed)]
    assert raw[0].tolist() == raw[1].tolist()
    for bench in (whole, killed):
        bench.queue.close()


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: declared(px.Summary(Pump.vibration, rms=Pump.temp)), "expected degC, got m/s"),
        (lambda: declared(px.Summary(Pump.vibration, unit="K")), "got K"),
        (lambda: declared(px.Summary(Pump.vibration, mean=Other.level)), "expected a signal of Pump"),
        (lambda: declared(px.Summary(Pump.vibration, count=Pump.vibration)), "got 1"),
        (lambda: px.Summary(Pump.vibration, because={"spikes": Pump.spikes}), "there are RANGE, RATE"),
        (lambda: px.Summary(Pump.vibration, quantiles={99: Pump.vibration_p99}), "from 0 to 1"),
        (lambda: declared(px.Summary(Pump.vibration, rms=Pump.vibration)), "a signal of its own"),
        (lambda: declared(Pump.vibration, capture=px.Capture(Pump.temp > 3)), "signals that are read here"),
        (lambda: declared(Pump.vibration, capture=px.Capture(Other.level > 3)), "a condition on Pump"),
        (
            lambda: declared(px.Summary(Pump.vibration, lines=[(Pump.tone, Pump.tone_rms)], resolution=0.5)),
            "a window of",
        ),
        (lambda: declared(px.Summary(Pump.vibration, lines=[(Pump.temp, Pump.tone_rms)])), "expected degC, got Hz"),
        (lambda: uneven(px.Summary(Pump.vibration, lines=[(Pump.tone, Pump.tone_rms)])), "a source with even steps"),
        (lambda: declared(), "expected a summary"),
        (lambda: px.Edge("e", to="mqtt://plant.example"), "mqtts:// beyond this machine"),
        (lambda: px.Edge("e", to="http://plant.example"), "mqtt:// or mqtts://"),
        (lambda: px.Edge("e", to="mqtts://h", certificate="c"), "certificate and key together"),
        (lambda: px.Edge("e", to="mqtts://h", disk="lots"), "expected a size"),
    ],
)
def test_a_wrong_declaration_is_refused_where_it_stands(build, words):
    """Units, classes, names and addresses are checked before anything runs."""
    with pytest.raises(px.PolluxError) as refused:
        build()
    assert words in str(refused.value)


def test_raw_samples_must_fit_the_disk():
    """Ten hours at 1,000/s are more than ten megabytes."""
    edge = px.Edge("e", to="mqtts://h", disk="10 MB")
    with pytest.raises(px.SetupError, match="raw samples that fit the disk"):
        edge.read(Pump, "P-7", px.every("1 ms", lambda: 0.0), Pump.vibration, raw="10 h")
    edge.read(Pump, "P-7", px.every("1 ms", lambda: 0.0), Pump.vibration, raw="5 min")
    with pytest.raises(px.SetupError, match="read once"):
        edge.read(Pump, "P-7", px.every("1 ms", lambda: 0.0), Pump.vibration, raw="1 min")
