"""Packed blocks cut out of a batch together say what they say one by one, whatever is in them."""

from typing import Any

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.check import mqtt, pack_block
from pollux.check.blockscan import BlockScanner
from pollux.check.decoder import Decoder
from pollux.columns import Encoding
from tests.check.wire import NOW, as_bytes, decoder, frame, heard, native, refusals, samples
from tests.columns.plants import Pump

MAPPINGS = (
    mqtt("f/{id}", units={Pump.temp: "degF"}, ignore=["rssi"]),
    mqtt("p/{id}/{signal}"),
    mqtt("r/#", read=lambda topic, payload: None),
)
TOPICS = ("twins/Pump/P-1/telemetry", "twins/Pump/P-2/telemetry/binary", "f/P-1", "p/P-1/temp", "r/x", "nowhere")


def one_by_one() -> Decoder:
    """A decoder that takes no block together with others."""
    made = decoder(*MAPPINGS, ids=("P-1", "P-2"))

    class Nothing:
        def scan(self, frames: Any, entry: Any, rest: Any, topics: Any, lives: Any) -> Any:
            return [], rest

    made._packed = Nothing()  # type: ignore[assignment]
    return made


NUMBERS = st.floats(width=32) | st.integers(-30_000, 30_000)
CLOCKS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.tuples(st.integers(-(2**63), 2**63), st.integers(-(2**62), 2**62)).map(lambda even: {"even": even}),
    st.tuples(st.integers(NOW - 10**12, NOW), st.integers(0, 10**9)).map(lambda even: {"even": even}),
    st.just({"each": True}),
)


@st.composite
def blocks(draw: st.DrawFn) -> bytes:
    """A block of a few signals, some of them unknown, ignored, texts or told twice; sometimes a head that lies."""
    names = st.sampled_from(["temp", "oil", "flow", "running", "rssi", "line", "wear", "nothing"])
    signals = draw(st.lists(names, min_size=0, max_size=3))
    n = draw(st.integers(0, 4))
    kind = draw(st.sampled_from(["f4", "f8", "i2", "i4"]))
    values = np.zeros((len(signals), n)) if kind[0] == "f" else np.ones((len(signals), n))
    values += draw(st.integers(-300, 300))
    clock = draw(CLOCKS)
    times = {"times": NOW + np.arange(n)} if clock.get("each") else {"even": clock["even"]} if "even" in clock else {}
    try:
        seq, boot = draw(st.integers(-1, 9)), draw(st.sampled_from(["", "b"]))
        data = pack_block(signals, values, type=kind, seq=seq, boot=boot, **times)
    except (OverflowError, msgspec.ValidationError):
        data = pack_block(signals, values, type=kind)
    lie = draw(st.integers(0, 9))
    return data[:-1] if lie == 0 else data + b"x" if lie == 1 else data[:4] + b"\xff" + data[5:] if lie == 2 else data


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(TOPICS), blocks() | st.just(b'{"temp": 300}'), st.booleans()), max_size=8))
def test_together_they_say_what_they_say_one_by_one(messages: list[tuple[str, bytes, bool]]) -> None:
    """Any mixture of blocks and other payloads, named or not: the same columns and refusals."""
    told = [
        frame(topic, data, encoding=Encoding.BINARY if named else Encoding.GUESS) for topic, data, named in messages
    ]
    together = heard(decoder(*MAPPINGS, ids=("P-1", "P-2")), *told)
    assert as_bytes(together) == as_bytes(heard(one_by_one(), *told))


def test_blocks_of_one_shape_are_taken_together() -> None:
    """None of them reaches the documents; what differs is their time, their count, and whose they are."""
    made = decoder(ids=("P-1", "P-2"))
    told = [
        native(pack_block(["temp", "oil"], [[1, 2], [3, 4]], even=(NOW, 5), seq=seq), f"P-{1 + seq % 2}")
        for seq in range(4)
    ]
    left: list[int] = []
    scanner = made._packed

    class Watched:
        def scan(self, *given: Any) -> Any:
            raws, rest = scanner.scan(*given)
            left.append(int(rest.sum()))
            return raws, rest

    made._packed = Watched()  # type: ignore[assignment]
    found = heard(made, *told)
    assert isinstance(scanner, BlockScanner)
    assert (left, refusals(found)) == ([0], [])
    assert samples(found)[:4] == [("temp", 1.0), ("temp", 2.0), ("oil", 276.15), ("oil", 277.15)]
    assert found.batches["Pump"].event_time.tolist() == [NOW, NOW + 5] * 8
    assert found.messages["Pump"].seq.tolist() == [0, 1, 2, 3]
