"""The binary frames: equal to golden bytes, and read back as they were written."""

import contextlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.errors import DataRefused
from pollux.show.live.frames import HEADER, Frame, FrameKind, control, encode, read
from pollux.show.live.messages import Hello

GOLDEN = json.loads((Path(__file__).parent / "golden_frames.json").read_text())


def column(numbers: list[float | None] | None, kind: type) -> Any:
    return None if numbers is None else np.array([math.nan if x is None else x for x in numbers], kind)


def frame_of(said: dict[str, Any]) -> Frame:
    return Frame(
        FrameKind(said["kind"]),
        said["channel"],
        said["seq"],
        said["t0"],
        column(said["values"], np.float64 if said["wide"] else np.float32),
        dt=said["dt"],
        times=column(said["times"], np.float64),
        sigma=column(said["sigma"], np.float32),
        low=column(said["lo"], np.float32),
        high=column(said["hi"], np.float32),
        quality=column(said["quality"], np.uint8),
        cells=column(said.get("cells"), np.uint32),
    )


def equal(one: Frame, other: Frame) -> None:
    for name in ("kind", "channel", "seq", "t0", "dt", "flags"):
        assert getattr(one, name) == getattr(other, name)
    for name in ("values", "times", "sigma", "low", "high", "quality", "cells"):
        left, right = getattr(one, name), getattr(other, name)
        assert (left is None) == (right is None)
        if left is not None:
            np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("said", GOLDEN["frames"], ids=lambda said: said["name"])
def test_frames_equal_the_golden_bytes(said: dict[str, Any]) -> None:
    """Writing gives the bytes that were packed by hand, and reading them gives the frame."""
    golden = bytes.fromhex(said["bytes"])
    assert encode(frame_of(said)) == golden
    equal(read(golden), frame_of(said))


def test_the_page_is_held_to_the_same_bytes() -> None:
    """The page's own tests read and write the golden bytes of this folder."""
    page = Path(__file__).parents[2] / "web" / "tests" / "frames.test.ts"
    assert "tests/show/golden_frames.json" in page.read_text()


def test_a_control_message_equals_the_golden_bytes() -> None:
    """Hello is four zero bytes and MessagePack, tagged by `is`."""
    hello = Hello(protocol=1, now=1763894536.25, speed=1.0, version="0.1.0", resumed=False)
    assert control(hello).hex() == GOLDEN["controls"][0]["bytes"]


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    n = draw(st.integers(0, 20))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    wide = draw(st.booleans())

    def some(kind: Any) -> Any:
        return rng.normal(size=n).astype(kind) if draw(st.booleans()) else None

    low = some(np.float32)
    return Frame(
        draw(st.sampled_from([kind for kind in FrameKind if kind])),
        draw(st.integers(0, 2**16 - 1)),
        draw(st.integers(0, 2**64 - 1)),
        draw(st.floats(allow_nan=False)),
        rng.normal(size=n).astype(np.float64 if wide else np.float32),
        dt=draw(st.floats(allow_nan=False)),
        times=some(np.float64),
        sigma=some(np.float32),
        low=low,
        high=None if low is None else low + 1,
        quality=rng.integers(0, 6, n).astype(np.uint8) if draw(st.booleans()) else None,
        cells=rng.integers(0, 2**32, n).astype(np.uint32) if draw(st.booleans()) else None,
    )


@given(frames())
def test_what_is_written_is_read(frame: Frame) -> None:
    """Every frame comes back as it was, and each column begins where its own size allows."""
    equal(read(encode(frame)), frame)


@given(frames(), st.data())
def test_a_cut_frame_is_refused(frame: Frame, data: st.DataObject) -> None:
    """A frame that was cut anywhere raises DataRefused and nothing else."""
    whole = encode(frame)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        read(cut)
    except DataRefused:
        return
    assert len(cut) >= HEADER.size
    raise AssertionError("a cut frame was read")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(message: bytes) -> None:
    """Foreign bytes are a frame or refused."""
    with contextlib.suppress(DataRefused):
        assert read(message).kind


def test_columns_of_another_length_are_refused() -> None:
    """A frame whose columns disagree cannot be written."""
    frame = Frame(FrameKind.STATE, 1, 1, 0.0, np.zeros(2), times=np.zeros(3))
    with pytest.raises(DataRefused):
        encode(frame)
