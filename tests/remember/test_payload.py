"""The bytes of entries."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.columns.frames import Frames, Message, Origin
from pollux.errors import DataRefused
from pollux.remember import notes, payload
from pollux.remember.notes import Note
from tests.remember.fakes import batches, message, rows


def _again(frames: Frames) -> Frames:
    parts = payload.parts_of(payload.checked(frames))
    return payload.assemble([payload.unpack(payload.pack(part), part.tenant) for part in parts])


@given(batches())
def test_any_frames_come_back(frames: Frames) -> None:
    """Whatever frames are given, the same come back in the same order."""
    assert rows(_again(frames)) == rows(frames)


@given(batches())
def test_parts_hold_one_tenant_and_one_subject(frames: Frames) -> None:
    """No record mixes tenants or persons, and together the parts are the whole batch."""
    parts = payload.parts_of(frames)
    for part in parts:
        own = {(origin.tenant, origin.subject) for origin in (part.frames.sender(i) for i in range(len(part.frames)))}
        assert own <= {(part.tenant, part.subject)}
    assert sum(len(part.frames) for part in parts) == len(frames)


@given(st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=10))
def test_foreign_bytes_of_the_arena_are_not_written(secrets: list[bytes]) -> None:
    """What lies in the arena beside the frames, as packets of others do, is not in the payload."""
    pieces = [(b"SECRET" + secret, b"t/%d" % i, b"value %d" % i) for i, secret in enumerate(secrets)]
    arena, index = b"", []
    for secret, topic, body in pieces:
        start = len(arena) + len(secret)
        index.append((start, len(topic), start + len(topic) + len(secret), len(body)))
        arena += secret + topic + secret + body
    n = len(index)
    frames = Frames(
        arena,
        np.array(index, np.int32),
        np.zeros(n, np.int32),
        (Origin("", "d"),),
        np.zeros(n, np.int64),
        np.zeros(n, np.uint8),
        np.zeros(n, np.uint8),
    )
    packed = payload.pack(payload.parts_of(frames)[0])
    assert b"SECRET" not in packed
    assert rows(_again(frames)) == rows(frames)


@given(batches(), st.data())
def test_what_frames_carried_stays_with_them(frames: Frames, data: st.DataObject) -> None:
    """What a door wrote beside a frame comes back with that frame: cut by person, selected, joined, or made compact."""
    wanted = data.draw(st.sets(st.integers(0, len(frames) - 1))) if len(frames) else set()
    carried = replace(frames, said={row: b"%d" % row for row in wanted})
    again = _again(carried)
    assert dict(again.said) == dict(carried.said)
    kept = np.array([row % 2 == 0 for row in range(len(frames))], np.bool_)
    half = again.select(kept)
    assert half.said == {row // 2: b"%d" % row for row in wanted if row % 2 == 0}
    assert Frames.join([half, again]).said == {
        **half.said,
        **{len(half) + row: content for row, content in again.said.items()},
    }
    assert half.compact().said == half.said


def test_columns_that_do_not_change_take_no_room() -> None:
    """A thousand frames of one device at one instant cost little more than their bytes."""
    origin = Origin("", "d1")
    frames = Frames.of(Message(origin, b"t", b"%03d" % i, 2**60, 1, 1) for i in range(1000))
    assert len(payload.pack(payload.parts_of(frames)[0])) < 4000 + 100


@pytest.mark.parametrize("column", ["index", "origin", "arrival"])
def test_frames_that_cannot_be_written_are_refused(column: str) -> None:
    """An index outside the arena, an unknown origin or columns of different lengths raise before anything is queued."""
    good = Frames.of([message(1), message(2)])
    wrong = {
        "index": good.index + np.array([0, 0, 0, 1000], np.int32),
        "origin": good.origin + np.int32(9),
        "arrival": good.arrival[:1],
    }
    columns = {
        name: getattr(good, name) for name in ("arena", "index", "origin", "origins", "arrival", "encoding", "qos")
    }
    with pytest.raises(DataRefused):
        payload.checked(Frames(**{**columns, column: wrong[column]}))


def test_an_offset_near_the_limit_is_refused() -> None:
    """The sum of offset and length is taken in 64 bits: it does not wrap round into the arena."""
    good = Frames.of([message(1)])
    index = np.array([[2**31 - 1, 2**31 - 1, 0, 1]], np.int32)
    with pytest.raises(DataRefused):
        payload.checked(Frames(good.arena, index, good.origin, good.origins, good.arrival, good.encoding, good.qos))


@pytest.mark.parametrize("body", [{"a": object()}, {"a": 2**70}, {1: 2}, {"a": np.float64(1)}])
def test_a_note_that_cannot_be_written_is_refused(body: dict[str, object]) -> None:
    """A body that MessagePack cannot write, or could not give back, is refused with a hint."""
    with pytest.raises(DataRefused, match="hint"):
        notes.pack(Note("odd", body))
