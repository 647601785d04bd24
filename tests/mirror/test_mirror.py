import json
from typing import Any

import numpy as np
import pytest

from pollux.clock import SECOND, instant
from pollux.columns import NEVER, VACANT, Frames, Message, Origin, Quality, Reason
from pollux.errors import DataRefused, NotFound, PolluxError
from pollux.mirror import Presence, state_document
from tests.columns.plants import Pump
from tests.mirror.live import Live

NOW = instant("2026-11-23T10:00:00Z")
SCHEMA = Pump.__pollux__
TEMP = SCHEMA.index["temp"]


def say(payload: object, *, topic: str = "twins/Pump/P-1/telemetry", at: int = 0, device: str = "d1") -> Message:
    written = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Message(Origin("", device), topic.encode(), written, NOW + at * SECOND)


def test_a_sample_becomes_the_last_value_with_its_worth():
    """Value, deviation, times and quality are those of the newest sample; the twin is new."""
    live = Live()
    effects = live.hear([say({"temp": 300.5, "t": NOW - SECOND})])
    assert effects.newcomers == (("Pump", "P-1"),)
    assert live.value("temp") == 300.5
    assert live.told("sigma", "temp") == 0.4
    assert live.told("event_time", "temp") == NOW - SECOND
    assert live.told("arrival", "temp") == NOW
    assert live.told("quality", "temp") == Quality.GOOD
    changes = effects.changes["Pump"]
    assert changes.changed() == [(0, TEMP)]
    assert effects.counts.samples == effects.counts.messages == effects.counts.frames == 1


def test_late_data_is_kept_but_does_not_overwrite():
    """An older sample comes out with the batch, marked late, and changes no value."""
    live = Live()
    live.hear([say({"temp": 300, "t": NOW})])
    effects = live.hear([say({"temp": 299, "t": NOW - 5 * SECOND})])
    changes = effects.changes["Pump"]
    assert changes.late.tolist() == [True]
    assert changes.current.tolist() == [False]
    assert changes.batch.value.tolist() == [299.0]
    assert changes.changed() == []
    assert live.value("temp") == 300.0
    assert effects.counts.late == 1


def test_a_message_that_comes_twice_counts_once():
    """Its samples are not in the batch again; its sender is heard."""
    live = Live()
    live.hear([say({"temp": 300, "seq": 7})])
    effects = live.hear([say({"temp": 301, "seq": 7}, at=5), say({"temp": 302, "seq": 8}, at=6)])
    assert effects.changes["Pump"].batch.value.tolist() == [302.0]
    assert effects.counts.duplicates == 1
    assert effects.heard["Pump"].tolist() == [0]
    assert live.value("temp") == 302.0


def test_of_two_values_of_one_arrival_the_later_heard_counts():
    """What carries no time is ordered by the log."""
    live = Live()
    live.hear([say({"temp": 301}), say({"temp": 300})])
    assert live.value("temp") == 300.0
    live.hear([say({"temp": 299})])
    assert live.value("temp") == 299.0


def test_what_is_set_aside_is_shown_beside_the_last_value():
    """A bad number, and one of an impossible time, change neither value nor watermark; page and history see them."""
    live = Live()
    live.hear([say({"temp": 300, "t": NOW})])
    watermark = live.mirror.populations["Pump"].rhythm.watermark[0]
    for payload, reason in (({"temp": 999}, Reason.RANGE), ({"temp": 310, "t": "2100-01-01T00:00:00Z"}, Reason.CLOCK)):
        effects = live.hear([say(payload, at=9)])
        assert live.value("temp") == 300.0
        assert live.told("quality", "temp") == Quality.GOOD
        assert live.told("aside", "temp") == payload["temp"]
        assert live.told("aside_time", "temp") == NOW + 9 * SECOND
        assert live.told("aside_reason", "temp") == reason
        assert effects.changes["Pump"].batch.reason.tolist() == [reason]
        assert [signal for _, signal in effects.changes["Pump"].changed()] == [TEMP]
        assert effects.counts.aside == 1
    assert live.mirror.populations["Pump"].rhythm.watermark[0] == watermark == NOW


def test_a_doubt_comes_and_goes_with_what_is_known_of_the_neighbours():
    """A jump is doubted; when a late sample explains it, the last value is believed after all."""
    live = Live()
    live.hear([say({"temp": 300, "t": NOW - 10 * SECOND})])
    effects = live.hear([say({"temp": 325, "t": NOW})])
    assert effects.changes["Pump"].batch.reason.tolist() == [Reason.RATE]
    assert live.told("reason", "temp") == Reason.RATE
    assert live.told("quality", "temp") == Quality.UNCERTAIN
    assert live.value("temp") == 325.0
    late = live.hear([say({"temp": 324, "t": NOW - SECOND})])
    assert live.told("quality", "temp") == Quality.GOOD
    assert live.told("reason", "temp") == Reason.NONE
    assert [signal for _, signal in late.changes["Pump"].changed()] == [TEMP]
    assert late.changes["Pump"].current.tolist() == [False]


def test_a_standstill_is_found_and_ends():
    """The same number for as long as agreed is doubted until another comes."""
    live = Live()
    for second in range(8):
        live.hear([say({"temp": 300, "t": NOW + second * SECOND}, at=second)])
    assert live.told("reason", "temp") == Reason.STUCK
    live.hear([say({"temp": 300.5, "t": NOW + 8 * SECOND}, at=8)])
    assert live.told("reason", "temp") == Reason.NONE


def test_a_batch_of_columns_is_judged_sample_by_sample():
    """A spike inside a column is doubted, its neighbours are not."""
    live = Live()
    payload = {"t": [NOW + i * SECOND for i in range(6)], "vibration": [1, 1, 1, 1, 9, 1]}
    effects = live.hear([say(payload)])
    assert effects.changes["Pump"].batch.reason.tolist() == [0, 0, 0, 0, Reason.SPIKE, 0]
    assert live.told("quality", "vibration") == Quality.GOOD


def test_topics_tell_facts_once():
    """The line and the floor of a topic become facts of the twin; said again, they change nothing."""
    live = Live()
    first = live.hear([say({"temp": 300}, topic="plant/l1/3/P-1/telemetry")])
    assert live.blocks["Pump"].texts[SCHEMA.index["line"]] == ["l1"]
    assert live.value("floor") == 3.0
    assert {SCHEMA.signals[i].name for _, i in first.changes["Pump"].changed()} == {"temp", "line", "floor"}
    again = live.hear([say({"temp": 301}, topic="plant/l1/3/P-1/telemetry", at=1)])
    assert {SCHEMA.signals[i].name for _, i in again.changes["Pump"].changed()} == {"temp"}
    moved = live.hear([say({"temp": 301}, topic="plant/l2/3/P-1/telemetry", at=2)])
    assert live.blocks["Pump"].texts[SCHEMA.index["line"]] == ["l2"]
    assert moved.changes["Pump"].texts.value == ("l2",)
    refused = live.hear([say({"line": "l9"}, topic="plant/l2/3/P-1/telemetry", at=3)])
    assert [one.reason for one in refused.refusals] == [Reason.WRONG_ROLE]


def test_a_fact_that_a_person_sets_is_overruled_by_the_topic_that_tells_it():
    """Who speaks under a topic belongs where the topic says, also after a restart."""
    live = Live()
    live.hear([say({"temp": 300}, topic="plant/l1/3/P-1/telemetry")])
    live.mirror.tell("Pump", "P-1", "line", "elsewhere", when=NOW + SECOND)
    assert live.blocks["Pump"].texts[SCHEMA.index["line"]] == ["elsewhere"]
    live.hear([say({"temp": 300}, topic="plant/l1/3/P-1/telemetry", at=2)])
    assert live.blocks["Pump"].texts[SCHEMA.index["line"]] == ["l1"]


def test_facts_are_set_and_forgotten_past_the_devices():
    """Every kind, with its kind checked; None makes it as if it had never been told."""
    live = Live()
    live.mirror.add("Pump", "P-1")
    told: dict[str, Any] = {
        "line": "l1",
        "fuel": "oil",
        "running": True,
        "floor": 2.0,
        "here": (1.0, 2.0, 3.0),
        "room": 295.0,
    }
    for signal, value in told.items():
        live.mirror.tell("Pump", "P-1", signal, value, when=NOW)
    document = state_document(live.blocks["Pump"], 0)
    assert {name: document[name]["value"] for name in told} == told
    for signal in told:
        live.mirror.tell("Pump", "P-1", signal, None, when=NOW)
    assert set(state_document(live.blocks["Pump"], 0)) == {"wear", "room", "cooling", "friction"}
    assert live.value("room") == 293.0
    for signal, value in (
        ("line", 5.0),
        ("fuel", "coal"),
        ("running", 1.0),
        ("floor", True),
        ("temp", 300.0),
        ("here", "x"),
    ):
        with pytest.raises(DataRefused):
            live.mirror.tell("Pump", "P-1", signal, value, when=NOW)


def test_a_removed_twin_is_gone_everywhere():
    """Values, counters, presence and links; its row begins anew with its next owner."""
    live = Live()
    for id in ("r1", "r2"):
        live.mirror.add("Room", id)
    live.mirror.add("Building", "b1")
    live.mirror.relate("Building", "b1", "rooms", ["r2", "r1"])
    live.mirror.remove("Room", "r1")
    assert live.blocks["Building"].links["rooms"].of(0).tolist() == [1]
    live.hear([say({"temp": 300, "seq": 1})])
    live.mirror.remove("Pump", "P-1")
    assert live.blocks["Pump"].ids == [VACANT]
    effects = live.hear([say({"vibration": 1, "seq": 1}, topic="twins/Pump/P-2/telemetry")])
    assert effects.counts.duplicates == 0
    assert live.told("event_time", "temp", "P-2") == NEVER
    assert live.mirror.populations["Pump"].rhythm.messages[0] == 1


def test_presence_follows_the_declared_interval():
    """The pump's flow is agreed for every ten seconds."""
    live = Live()
    live.hear([say({"temp": 300})])
    assert live.mirror.presence("Pump", now=NOW + 15 * SECOND).tolist() == [Presence.ONLINE]
    assert live.mirror.presence("Pump", now=NOW + 25 * SECOND).tolist() == [Presence.LATE]
    assert live.mirror.presence("Pump", np.array([0]), now=NOW + 101 * SECOND).tolist() == [Presence.OFFLINE]


def test_what_an_actuator_was_asked_for_is_part_of_the_state():
    """Desired beside reported, in the retained state too."""
    live = Live()
    live.hear([say({"speed": 900})])
    live.mirror.want("Pump", "P-1", "speed", 1200.0, when=NOW)
    document = state_document(live.blocks["Pump"], 0)
    assert document["speed"]["value"] == 900.0
    assert document["speed"]["desired"] == 1200.0


def test_the_retained_state_speaks_the_units_of_the_edge():
    """A signal declared in degC is kelvin in the columns and degC outside; what was never told is left out."""
    live = Live()
    live.hear([say({"oil": 80, "t": NOW})])
    assert live.value("oil") == 353.15
    document = state_document(live.blocks["Pump"], 0, [SCHEMA.index["oil"], TEMP])
    assert document == {
        "oil": {"value": pytest.approx(80.0), "quality": "good", "unit": "degC", "t": "2026-11-23T10:00:00.000Z"}
    }


def test_a_batch_is_applied_once():
    """A second application of the same announcement is refused before it changes anything."""
    live = Live()
    decoded = live.decoder.decode(Frames.of([say({"temp": 300})]))
    live.mirror.apply(decoded)
    with pytest.raises(PolluxError, match="expected new twins of Pump, got known ones"):
        live.mirror.apply(decoded)


def test_unknown_names_are_refused():
    """Types, twins, signals and links that are not there."""
    live = Live()
    live.mirror.add("Pump", "P-1")
    live.mirror.add("Building", "b1")
    for call in (
        lambda: live.mirror.add("Fan", "f1"),
        lambda: live.mirror.remove("Pump", "P-9"),
        lambda: live.mirror.tell("Pump", "P-1", "lime", "x", when=NOW),
        lambda: live.mirror.relate("Building", "b1", "halls", []),
        lambda: live.mirror.relate("Building", "b1", "rooms", ["r9"]),
    ):
        with pytest.raises(NotFound):
            call()
