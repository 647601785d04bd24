"""What is taken aside before the log: once, in order, and never in the way of the others."""

from pathlib import Path
from typing import Any

import pytest
from tests.connect.field.paper import Kept, Ticket

from pollux.columns.batch import Refusal
from pollux.columns.frames import Frames, Message, Origin
from pollux.errors import DataRefused, Overloaded
from pollux.site.sieve import Sieve
from pollux.site.sparkplug.known import KnownNodes

GUEST = Origin("", "gw")


def frames(*topics: bytes) -> Frames:
    return Frames.of([Message(GUEST, topic, b"x", 7) for topic in topics])


class Digested:
    """Tells each message as one of a twin, and counts how often it was asked."""

    def __init__(self, *, told: bool = True) -> None:
        self.seen: list[bytes] = []
        self.told = told

    def __call__(self, aside: Frames) -> list[Message]:
        topics = [bytes(aside.topic(row)) for row in range(len(aside))]
        self.seen += topics
        return [Message(GUEST, b"twins/" + topic, b"y", 7) for topic in topics] if self.told else []


def made(sink: Any, digest: Digested, told: list[Refusal] | None = None) -> Sieve:
    return Sieve(sink, (b"sp/",), digest, (told if told is not None else []).append)


def topics(sink: Kept) -> list[bytes]:
    return [bytes(batch.topic(row)) for batch in sink.batches for row in range(len(batch))]


def test_a_batch_without_guests_passes_as_it_is() -> None:
    """The very same one, also where a topic begins with the same letter; an empty topic is nobody's."""
    sink, digest = Kept(), Digested()
    batch = frames(b"twins/a", b"speed/x", b"s", b"")
    assert isinstance(made(sink, digest)(batch), Ticket)
    assert sink.batches == [batch]
    assert digest.seen == []


def test_guests_are_told_otherwise_and_the_rest_goes_with_them() -> None:
    """In one batch of the log, so that one ticket answers for both."""
    sink, digest = Kept(), Digested()
    made(sink, digest)(frames(b"sp/1", b"twins/a", b"sp/2"))
    assert digest.seen == [b"sp/1", b"sp/2"]
    assert [topics(sink), len(sink.batches)] == [[b"twins/a", b"twins/sp/1", b"twins/sp/2"], 1]


def test_a_batch_that_finds_no_room_is_digested_once() -> None:
    """Offered again it says the same: a sequence number was counted already."""
    sink, digest = Kept(), Digested()
    sieve, batch = made(sink, digest), frames(b"sp/1")
    sink.refuses = Overloaded("full", retry_after=1.0, at="log")
    for _ in range(3):
        with pytest.raises(Overloaded):
            sieve(batch)
    sink.refuses = None
    sieve(batch)
    assert digest.seen == [b"sp/1"]
    assert topics(sink) == [b"twins/sp/1"]
    sieve(frames(b"sp/1"))
    assert digest.seen == [b"sp/1", b"sp/1"]


def test_what_may_not_be_kept_is_told_and_the_others_are_kept() -> None:
    """Message by message; without a guest in the batch it is the door's to divide."""
    kept, told, digest = Kept(), list[Refusal](), Digested()

    def sink(batch: Frames) -> Any:
        if any(b"erased" in batch.topic(row) for row in range(len(batch))):
            raise DataRefused("this person was erased", at="log")
        return kept(batch)

    made(sink, digest, told)(frames(b"sp/1", b"twins/erased", b"sp/erased", b"twins/b"))
    assert topics(kept) == [b"twins/b", b"twins/sp/1"]
    assert sorted(one.topic for one in told) == ["twins/erased", "twins/sp/erased"]
    with pytest.raises(DataRefused):
        made(sink, digest, told)(frames(b"twins/erased"))


def test_guests_that_tell_nothing_are_answered_at_once() -> None:
    """Nothing of them goes to the log."""
    sink, answered = Kept(), list[int]()
    made(sink, Digested(told=False))(frames(b"sp/1")).then(answered.append, 1)
    assert (answered, sink.batches) == ([1], [])


def test_known_nodes_are_kept_over_restarts_and_a_broken_file_is_none(tmp_path: Path) -> None:
    """By connection; what cannot be read costs only a rebirth."""
    known = KnownNodes(tmp_path / "field", "a")
    known.add("plant", "gw1")
    known.add("plant", "gw1")
    assert list(KnownNodes(tmp_path / "field", "a")) == [("plant", "gw1")]
    assert list(KnownNodes(tmp_path / "field", "b")) == []
    for path in (tmp_path / "field").iterdir():
        for broken in (b"{", b"7", b'[["a"]]'):
            path.write_bytes(broken)
            assert list(KnownNodes(tmp_path / "field", "a")) == []
