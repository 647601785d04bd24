"""The compiled cutter takes what the Python readers take, and says the same of it; these tests need numba."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.check import Bounds, Decoder, mqtt, pack_block
from pollux.check.blockscan import BlockScanner
from pollux.check.cutter import compiled_cutter
from pollux.check.packed import MAGIC
from pollux.check.telling import Telling
from pollux.columns import Encoding, Frames
from tests.check.heads import ODD, WHOLE, blocks, good, written
from tests.check.wire import NOW, as_bytes, decoder, frame, native
from tests.columns.plants import Pump

pytest.importorskip("numba")

MAPPINGS = (
    mqtt("f/{id}", units={Pump.temp: "degF"}, ignore=["rssi"]),
    mqtt("p/{id}/{signal}"),
    mqtt("n/#", twin="id"),
)
TOPICS = ("twins/Pump/P-1/telemetry", "twins/Pump/P-2/telemetry/binary", "f/P-1", "f/P-2", "p/P-1/temp", "n/x")


class Taught:
    """A compiled decoder beside one without the kernels and one that reads every block by itself."""

    def __init__(self) -> None:
        self.compiled, self.plain, self.alone = (decoder(*MAPPINGS, ids=("P-1", "P-2")) for _ in range(3))
        assert self.compiled.compile()
        self.alone._packed = Leaves()  # type: ignore[assignment]

    def agree(self, frames: Frames) -> None:
        """What they say is the same to the bit, before the cutter was taught and after it."""
        expected = as_bytes(self.alone.decode(frames))
        assert as_bytes(self.plain.decode(frames)) == expected
        assert as_bytes(self.compiled.decode(frames)) == expected
        assert as_bytes(self.compiled.decode(frames)) == expected


class Leaves:
    """Takes no block together with others."""

    def scan(self, frames: Any, entry: Any, rest: Any, topics: Any, lives: Any) -> Any:
        """Leave all."""
        return [], rest


@pytest.fixture(scope="module")
def taught() -> Taught:
    """Decoders that go on learning from example to example."""
    return Taught()


encodings = st.sampled_from([Encoding.BINARY, Encoding.BINARY, Encoding.GUESS, Encoding.MSGPACK])
messages = st.lists(
    st.tuples(st.sampled_from(TOPICS), blocks() | st.just(b'{"temp": 300}'), encodings), min_size=1, max_size=6
)


@settings(max_examples=600, deadline=None)
@given(messages)
def test_the_cutter_says_what_the_others_say(taught, told):
    """Bit for bit, of heads in any order and width, with lies, of blocks that are spoilt, and of what is none."""
    taught.agree(
        Frames.of(
            [frame(topic, data, encoding=encoding, arrival=NOW + i) for i, (topic, data, encoding) in enumerate(told)]
        )
    )


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_flipped_bit_makes_a_difference(taught, data):
    """A block that is well known, of which a few bytes are changed."""
    signals, seq = data.draw(st.sampled_from([["temp"], ["temp", "oil", "running"]])), data.draw(st.integers(0, 300))
    sound = pack_block(signals, np.ones((len(signals), 3)), even=(NOW, 5), type="i2", seq=seq, boot="b")
    wrong = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 2))):
        wrong[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    taught.agree(Frames.of([native(sound), native(bytes(wrong)), native(sound)]))


def test_whatever_is_cut_short_is_refused_alike(taught):
    """Every beginning of a block, and of one whose head says that it ends where the bytes do."""
    sound = pack_block(["temp", "oil"], np.ones((2, 3)), even=(NOW, 5), type="f4", seq=300, boot="b")
    cut = [sound[:length] for length in range(len(sound))]
    lies = [MAGIC + max(len(one) - 8, 0).to_bytes(4, "little") + one[8:] for one in cut]
    taught.agree(Frames.of([native(sound), *map(native, cut), *map(native, lies)]))


@pytest.mark.parametrize("block", ODD.values(), ids=ODD.keys())
def test_what_is_odd_is_left(taught, block):
    """However well the device is known, and whatever Python makes of it."""
    frames = Frames.of([native(written(good())), native(block)])
    taught.agree(frames)
    assert taken(taught.compiled, frames) == [True, False]


@pytest.mark.parametrize("block", WHOLE.values(), ids=WHOLE.keys())
def test_what_devices_send_is_cut(taught, block):
    """In each form that is sound, from its second message on."""
    frames = Frames.of([native(block), frame("f/P-2", block), native(b'{"temp": 300}')])
    taught.agree(frames)
    assert taken(taught.compiled, frames) == [True, True, False]


def taken(made: Decoder, frames: Frames) -> list[bool]:
    """Which frames the cutter takes."""
    cutter, left = made._packed._cutter, np.ones(len(frames), np.bool_)
    assert cutter is not None
    cutter.cut(frames, made._located(frames, None, Telling(made._lives)), left, made._topics.columns, made._lives)
    return [not one for one in left]


def test_growth_and_restarts_change_nothing(monkeypatch):
    """Ever new columns and boots, and more of both than are remembered: what is known begins anew."""
    monkeypatch.setattr("pollux.check.taught._MOST_KEYS", 8)
    monkeypatch.setattr("pollux.check.lives._MOST", 20)
    made, plain = decoder(ids=("P-1",)), decoder(ids=("P-1",))
    assert made.compile()
    some = [["temp"], ["oil"], ["oil", "temp"], ["temp", "oil"], ["speed", "oil"], ["flow"], ["temp", "flow", "oil"]]
    for turn in range(40):
        told = [
            native(
                pack_block(signals, np.ones((len(signals), 2)), even=(NOW, 5), seq=turn, boot=f"b{(turn * 7 + k) % 60}")
            )
            for k, signals in enumerate(some[turn % 4 :])
        ]
        frames = Frames.of(told)
        assert as_bytes(made.decode(frames)) == as_bytes(plain.decode(frames))
    cutter = made._packed._cutter
    assert cutter is not None
    assert len(cutter._taught.known.signal) <= 8
    assert len(cutter._taught.known.boot) <= 25


def test_the_boots_of_forgotten_lives_are_forgotten(monkeypatch):
    """A boot that has another number since says so, also where nothing else was taught meanwhile."""
    monkeypatch.setattr("pollux.check.lives._MOST", 3)
    made, plain = decoder(ids=("P-1",)), decoder(ids=("P-1",))
    assert made.compile()
    block = native(pack_block(["temp"], [[1.0, 2.0]], seq=1, boot="b0"))
    others = [native({"temp": 300, "seq": 1, "boot": f"x{k}"}) for k in range(6)]
    for told in ([others[0], block], [block], others, [others[4], block], [block, others[5]]):
        frames = Frames.of(told)
        assert as_bytes(made.decode(frames)) == as_bytes(plain.decode(frames))


def test_a_seed_changes_no_result(taught):
    """Hashes are seeded so that nobody can choose columns that collide."""
    frames = Frames.of([native(block) for block in WHOLE.values()])
    expected = as_bytes(taught.plain.decode(frames))
    for seed in (0, 1, 2**64 - 1):
        made = decoder(*MAPPINGS, ids=("P-1", "P-2"))
        made._packed = BlockScanner(
            made.vocabularies, Bounds(), compiled_cutter(len(made.vocabularies), Bounds(), seed=seed)
        )
        assert [as_bytes(made.decode(frames)) for _ in range(2)] == [expected] * 2


def test_the_bounds_hold(taught):
    """A block with more samples or bytes than are allowed is refused, not cut."""
    bounds = Bounds(samples=3, payload=200)
    made, plain = decoder(bounds=bounds), decoder(bounds=bounds)
    assert made.compile()
    told = [
        pack_block(["temp"], np.ones((1, n)), type=kind) for n, kind in ((3, "i2"), (4, "i2"), (3, "f8"), (90, "f8"))
    ]
    for _ in range(2):
        frames = Frames.of([native(block) for block in told])
        assert as_bytes(made.decode(frames)) == as_bytes(plain.decode(frames))
    assert taken(made, frames) == [True, False, True, False]
