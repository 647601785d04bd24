"""Which twins' states are published when: the newest values only, and nobody waits for ever."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.site.plants import Motor, site

import pollux as px
from pollux.columns.frames import Frames, Message, Origin
from pollux.errors import Overloaded
from pollux.site import LiveSite
from pollux.site import states as states_module
from pollux.site.estate import Applied
from pollux.site.states import StatePublisher

TWINS = 30


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[LiveSite, px.Fleet[Motor]]]:
    plant, motors, _ = site()
    with plant.open(tmp_path, mqtt=None) as live:
        yield live, motors


def change(live: LiveSite, publisher: StatePublisher, *numbers: int, temp: float = 300.0) -> None:
    """These twins have measured something."""
    messages = [
        Message(Origin("", f"M-{n}"), f"twins/Motor/M-{n}/telemetry".encode(), b'{"temp": %f}' % temp, 0)
        for n in numbers
    ]
    live.sink(Frames.of(messages)).wait(10)
    estate = live.estate
    decoded = estate.reader().decode(Frames.of(messages))
    publisher.changed(Applied(batches=decoded.batches), estate)


def test_each_turn_takes_its_share_and_nobody_waits_for_ever(
    opened: tuple[LiveSite, px.Fleet[Motor]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All change again and again, and a turn has room for a third: three turns bring everybody once."""
    monkeypatch.setattr(states_module, "A_TURN", TWINS // 3)
    told: list[str] = []
    publisher = StatePublisher(lambda some: told.extend(topic.split("/")[2] for topic, _ in some))
    for turn in range(6):
        change(opened[0], publisher, *range(TWINS))
        publisher.flush()
        assert len(told) == (turn + 1) * TWINS // 3
    assert sorted(told[:TWINS]) == sorted(told[TWINS:]) == sorted(f"M-{n}" for n in range(TWINS))


def test_only_the_newest_values_leave(opened: tuple[LiveSite, px.Fleet[Motor]]) -> None:
    told: list[tuple[str, float]] = []
    publisher = StatePublisher(
        lambda some: told.extend((topic, json.loads(body)["temp"]["value"]) for topic, body in some)
    )
    for temp in (301.0, 302.0, 303.0):
        change(opened[0], publisher, 1, temp=temp)
    publisher.flush()
    publisher.flush()
    assert told == [("twins/Motor/M-1/state", 303.0)]


def test_what_is_not_taken_comes_next_time(
    opened: tuple[LiveSite, px.Fleet[Motor]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    room = [2]

    def publish(some: list[tuple[str, bytes]]) -> None:
        if not room[0]:
            raise Overloaded("no room", retry_after=1.0, at=some[0][0])
        room[0] -= 1
        told.extend(topic for topic, _ in some)

    monkeypatch.setattr(states_module, "AT_ONCE", 1)
    publisher = StatePublisher(publish)
    change(opened[0], publisher, 1, 2, 3)
    publisher.flush()
    assert len(told) == 2
    room[0] = 5
    publisher.flush()
    assert sorted(told) == [f"twins/Motor/M-{n}/state" for n in (1, 2, 3)]
