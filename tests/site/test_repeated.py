"""What a device sends again because it heard no answer is there once: in the state, and in the history."""

import json
from pathlib import Path

import pytest
from tests.site.plants import Motor, site

import pollux as px
from pollux.columns.frames import Frames, Message, Origin
from pollux.site import LiveSite

DEVICE = Origin("", "M-1")


@pytest.fixture
def opened(tmp_path: Path) -> tuple[px.Fleet[Motor], Path, px.Site]:
    plant, motors, _ = site()
    return motors, tmp_path, plant


def say(live: LiveSite, seq: int, temp: float, *, boot: str | None = None) -> None:
    """A message without a time of its own, through the sink of the doors."""
    body = {"temp": temp, "seq": seq} | ({"boot": boot} if boot else {})
    frames = Frames.of([Message(DEVICE, b"twins/Motor/M-1/telemetry", json.dumps(body).encode(), 0)])
    live.sink(frames).wait(10)


def values(motors: px.Fleet[Motor]) -> list[float]:
    return [float(value) for value in motors["M-1"].history(Motor.temp, "1 h").value]


def test_a_message_that_comes_again_is_in_the_history_once(opened: tuple[px.Fleet[Motor], Path, px.Site]) -> None:
    motors, folder, plant = opened
    with plant.open(folder, mqtt=None) as live:
        for seq, temp in ((1, 301.0), (2, 302.0), (1, 301.0), (2, 302.0), (3, 303.0)):
            say(live, seq, temp)
        assert values(motors) == [301.0, 302.0, 303.0]


def test_another_life_counts_anew(opened: tuple[px.Fleet[Motor], Path, px.Site]) -> None:
    motors, folder, plant = opened
    with plant.open(folder, mqtt=None) as live:
        for boot in ("a", "b"):
            say(live, 1, 301.0, boot=boot)
        assert values(motors) == [301.0, 301.0]


def test_a_message_that_comes_again_after_a_restart(opened: tuple[px.Fleet[Motor], Path, px.Site]) -> None:
    """The first copy was heard by the process before, and stands in the log."""
    motors, folder, plant = opened
    with plant.open(folder, mqtt=None) as live:
        say(live, 1, 301.0)
    with plant.open(folder, mqtt=None) as live:
        say(live, 1, 301.0)
        say(live, 2, 302.0)
        assert values(motors) == [301.0, 302.0]


def test_a_message_that_comes_again_after_many_restarts(opened: tuple[px.Fleet[Motor], Path, px.Site]) -> None:
    """Each start begins a segment; some have nothing of the device."""
    motors, folder, plant = opened
    with plant.open(folder, mqtt=None) as live:
        say(live, 1, 301.0)
    for _ in range(3):
        with plant.open(folder, mqtt=None):
            pass
    with plant.open(folder, mqtt=None) as live:
        say(live, 1, 301.0)
        assert values(motors) == [301.0]


def test_without_a_sequence_number_it_is_there_twice(opened: tuple[px.Fleet[Motor], Path, px.Site]) -> None:
    """At least once, as the contract says: a second reading of the same value is a reading."""
    motors, folder, plant = opened
    with plant.open(folder, mqtt=None) as live:
        for _ in range(2):
            frames = Frames.of([Message(DEVICE, b"twins/Motor/M-1/telemetry", b'{"temp": 301}', 0)])
            live.sink(frames).wait(10)
        assert values(motors) == [301.0, 301.0]
