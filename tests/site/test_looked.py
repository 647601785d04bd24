"""Who looked at a person, in the log of a real site."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.site.plants import device, site

from pollux.errors import StorageFailed
from pollux.guard import Identity
from pollux.remember import Note
from pollux.site import LiveSite

EVE = Identity("", "eve", "person", frozenset({"viewer"}), ("*",))


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveSite]:
    """An open site with a person on it, and its page."""
    plant, _, _ = site()
    with plant.open(tmp_path, insecure=True, http="127.0.0.1:0") as live:
        with device(live, "Person/anna") as scale:
            scale.send(weight=71.5)
        yield live


def looks(live: LiveSite) -> list[tuple[str, str]]:
    """Who looked at what, as it stands on the disk."""
    notes = [record.entry for record in live.log.read() if isinstance(record.entry, Note)]
    return [(note.body["who"], note.body["target"]) for note in notes if note.kind == "looked"]


def asked(live: LiveSite, token: str) -> tuple[int, Any]:
    """What whoever has a token is answered about anna."""
    assert live.server is not None
    url = f"{live.server.url.rstrip('/')}/api/v1/twins/Person/anna"
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"}), timeout=20
        ) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def reader(live: LiveSite, name: str) -> str:
    live.accounts.add(name, kind="person", roles={"clinician"}, twins=["*"])
    return live.accounts.issue(name).secret


def test_the_entry_is_on_the_disk_before_the_answer(live: LiveSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk takes nothing nobody is answered; when it does, the entry stands there with the answer."""
    token, go, write = reader(live, "eve"), threading.Event(), live.log._writer.write

    def slow(drafts: Any) -> None:
        assert go.wait(20)
        write(drafts)

    monkeypatch.setattr(live.log._writer, "write", slow)
    answers: list[tuple[int, Any]] = []
    asking = threading.Thread(target=lambda: answers.append(asked(live, token)))
    asking.start()
    asking.join(0.5)
    assert answers == []
    go.set()
    asking.join(20)
    assert answers[0][1]["values"]["weight"]["value"] == 71.5
    assert looks(live) == [("eve", "Person/anna")]


def test_one_entry_a_minute_is_one_for_all_who_ask(live: LiveSite) -> None:
    """Asked again within the minute the same entry is waited for; somebody else has one of her own."""
    first = live.rooms.audit.looked(EVE, "Person/anna")
    assert live.rooms.audit.looked(EVE, "Person/anna") is first
    assert asked(live, reader(live, "ann"))[0] == 200
    assert first.wait(10)
    assert looks(live) == [("eve", "Person/anna"), ("ann", "Person/anna")]


def test_a_failed_disk_shows_nobody(live: LiveSite) -> None:
    """However often they ask: an entry that failed is no entry, and the next one is not passed over."""
    token, waiting = reader(live, "eve"), live.rooms.audit.looked(EVE, "Person/anna")
    assert waiting.wait(10)
    live.log._committer.fail(StorageFailed("the disk failed"))
    other = reader(live, "ann")
    for _ in range(2):
        status, problem = asked(live, other)
        assert (status, "weight" in json.dumps(problem)) == (503, False)
    assert asked(live, token)[0] == 200  # this look is on the disk
