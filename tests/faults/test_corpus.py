"""What once told ways of answering apart still does: nothing of it breaks a reader, and each is answered as before."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import pollux as px
from tests.faults.corpus import READERS, answered, kept
from tests.faults.target import TOKEN, Pump


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """A site whose page takes requests; its port."""
    site = px.Site("exam")
    site.fleet(Pump)
    with site.open(folder, http="127.0.0.1:0", insecure=True) as live:
        live.accounts.first_administrator(TOKEN)
        assert live.server is not None
        yield live.server.port


@pytest.mark.parametrize("kind", READERS)
def test_every_input_is_answered_as_before(kind: str) -> None:
    """A document, a packet, a message, or a reason; never anything else."""
    found = [(raw.hex(), READERS[kind](raw)[0], word) for raw, word in kept(kind)]
    assert len(found) > 10
    assert [one for one in found if one[1] != one[2]] == []


def test_every_request_is_answered_as_before(tmp_path: Path) -> None:
    """With the same status, and never with one that blames the site."""
    with opened(tmp_path) as port:
        found = [(raw, answered(port, raw), word) for raw, word in kept("http")]
    assert len(found) > 10
    assert [one for one in found if one[1] != one[2]] == []
    assert not any(status.startswith("5") for _, status, _ in found)
