"""What belongs to a person is answered once it is written down who looks, and not where that cannot be."""

import threading

import pytest

from pollux.errors import StorageFailed
from pollux.guard import Identity

from .client import Client
from .house import FakeHouse, FakeTenancy

API = "/api/v1"
PERSONAL = (
    "/twins/Patient/H-1",
    "/twins/Patient/H-1/view",
    "/twins/Patient/H-1/history?fields=pulse",
    "/twins/Patient/H-1/marks",
    "/twins/Patient/H-1/commands",
    "/twins/Patient/H-1/advice",
    "/twins?type=Patient&fields=pulse",
)


class Entry:
    """An entry of the audit trail that becomes durable when it is told to, or never will."""

    def __init__(self, failure: StorageFailed | None = None) -> None:
        self.durable, self._failure = threading.Event(), failure

    def then(self, *_: object) -> None:
        raise AssertionError("HTTP waits")

    def wait(self, timeout: float | None = None) -> bool:
        if self._failure:
            raise self._failure
        return self.durable.wait(timeout)


class Held:
    """An audit trail whose entries are all the same one."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.asked: list[tuple[str, str]] = []

    def looked(self, who: Identity, target: str) -> Entry:
        self.asked.append((who.name, target))
        return self.entry


def holding(plant: FakeTenancy, entry: Entry) -> Held:
    held = Held(entry)
    plant.audit = held  # type: ignore[assignment]
    return held


@pytest.mark.parametrize("path", PERSONAL)
def test_an_answer_waits_for_the_entry(client: Client, house: FakeHouse, plant: FakeTenancy, path: str) -> None:
    """Whoever asks is answered when it is on the disk, and not before."""
    entry = Entry()
    held = holding(plant, entry)
    threading.Timer(0.2, entry.durable.set).start()
    assert client.get(API + path, house.tokens["clinician"]).status == 200
    assert entry.durable.is_set()
    assert ("clinician", "Patient/H-1") in held.asked


@pytest.mark.parametrize("path", PERSONAL)
def test_what_cannot_be_written_down_is_not_shown(
    client: Client, house: FakeHouse, plant: FakeTenancy, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that takes too long is 429, one that failed 503; the person's data are in neither answer."""
    monkeypatch.setattr("pollux.show.api.seen.NOTED_WITHIN", 0.02)
    for entry, status in ((Entry(), 429), (Entry(StorageFailed("the disk failed")), 503)):
        holding(plant, entry)
        answer = client.get(API + path, house.tokens["clinician"])
        assert (answer.status, b"70" in answer.body, b"Anna" in answer.body) == (status, False, False)


def test_things_are_shown_whatever_the_log_does(client: Client, house: FakeHouse, plant: FakeTenancy) -> None:
    """Reads of what belongs to nobody go on, and nobody writes them down."""
    held = holding(plant, Entry(StorageFailed("the disk failed")))
    assert client.get(f"{API}/twins/Pump/P-1", house.tokens["viewer"]).status == 200
    assert held.asked == []
