"""Emulated devices come through the real door, follow the site's clock, and carry out what they are told."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.castor.plants import Bellows, Forge, Kiln

import pollux as px
from pollux.clock import SECOND, instant, iso
from pollux.columns.frames import Frames
from pollux.errors import SetupError
from pollux.site.live import LiveSite

START = instant("2026-03-01T00:00:00Z")


class Yard:
    """An open site in simulated time with kilns on it."""

    def __init__(self, folder: Path) -> None:
        self.site = px.Site()
        self.kilns = self.site.fleet(Kiln)
        self.live: LiveSite = self.site.open(folder, act=True, clock=px.SimulatedClock(START))

    def later(self, seconds: int) -> None:
        """Let time pass."""
        self.live.advance_to(self.live.clock.now() + seconds * SECOND)

    def stated(self, order: Any, state: str) -> str:
        """Wait until a device's word on an order has come; the state then."""
        order.wait(state, timeout=20)
        return str(order.state)


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """An open site, closed at the end."""
    yard = Yard(tmp_path)
    with yard.live:
        yield yard


def test_on_entering_every_twin_can_be_read(yard: Yard) -> None:
    """The first reading of each device is acknowledged before the context begins."""
    with px.emulate(yard.kilns, 5, actuators={Kiln.burner: 250}) as kilns:
        assert kilns.ids == ("K-1", "K-2", "K-3", "K-4", "K-5")
        assert sorted(one.id for one in yard.kilns) == list(kilns.ids)
        now = yard.kilns.now
        assert np.asarray(now.burner).tolist() == [250.0] * 5
        assert np.asarray(now.heat) == pytest.approx(293.15, abs=3)
        assert np.asarray(now.heat.age).max() == 0.0


def test_the_mirror_shows_what_is_true(yard: Yard) -> None:
    """After ten minutes each twin's heat is that of its thing within the noise, at the moment of its last cycle."""
    with px.emulate(yard.kilns, 3, every="10 s", actuators={Kiln.burner: 300}, seed=4) as kilns:
        yard.later(600)
        heats = np.array([float(yard.kilns[id_].now.heat) for id_ in kilns.ids])  # rows stand in order of arrival
        assert heats == pytest.approx(kilns.truth(Kiln.heat), abs=5 * 0.5)
        assert heats.min() > 330
        assert float(yard.kilns["K-1"].now.heat.age) == 0.0


def test_each_sensor_reads_at_its_own_interval(yard: Yard) -> None:
    """The draught, declared every 30 s, is older than the heat when 20 s have passed."""
    with px.emulate(yard.kilns, 1, every="10 s"):
        yard.later(50)
        now = yard.kilns["K-1"].now
        assert (float(now.heat.age), float(now.draught.age)) == (0.0, 20.0)


def test_an_order_is_accepted_at_once_and_done_when_the_slew_allows(yard: Yard) -> None:
    """From 0 to 200 W at 10 W/s takes 20 s: accepted before time passes, not done half-way, done at the end."""
    with px.emulate(yard.kilns, 1, every="5 s"):
        order = yard.kilns["K-1"].set({Kiln.burner: 200.0}, reason="more heat")
        assert yard.stated(order, "accepted") == "accepted"
        yard.later(15)
        assert order.state == "accepted"
        assert 0 < float(yard.kilns["K-1"].now.burner) <= 150.0
        yard.later(15)
        assert yard.stated(order, "done") == "done"
        assert float(yard.kilns["K-1"].now.burner) == pytest.approx(200.0)


def test_an_order_that_is_overtaken_fails(yard: Yard) -> None:
    """A second setting of the same actuator ends the first one."""
    with px.emulate(yard.kilns, 1, every="5 s"):
        first = yard.kilns["K-1"].set({Kiln.burner: 900.0}, reason="more heat")
        yard.stated(first, "accepted")
        yard.later(5)
        second = yard.kilns["K-1"].set({Kiln.burner: 10.0}, reason="less heat")
        yard.stated(second, "accepted")
        yard.later(30)
        assert (yard.stated(first, "failed"), yard.stated(second, "done")) == ("failed", "done")


@pytest.mark.parametrize(
    ("name", "params", "expires"),
    [("set", {"burner": 2000}, ""), ("set", {"soot": 1}, ""), ("explode", {"burner": 1}, ""), ("set", {}, ""),
     ("set", {"burner": 5}, iso(START - SECOND))],
)  # fmt: skip
def test_a_command_that_cannot_be_is_rejected(yard: Yard, name: str, params: dict[str, float], expires: str) -> None:
    """Beyond the limits, not an actuator, an unknown command, an empty one, one that came too late."""
    told = Told(yard)
    with px.emulate(yard.kilns, 1):
        told.command({"id": "c-1", "name": name, "params": params, "expires_at": expires})
        assert told.answers(1) == [("c-1", "rejected")]


def test_a_command_that_comes_twice_is_carried_out_once(yard: Yard) -> None:
    """The same id again is answered again and changes nothing, whatever happened meanwhile."""
    told = Told(yard)
    with px.emulate(yard.kilns, 1):
        for value in (1.0, 0.0):
            told.command({"id": f"flap-{value:g}", "name": "set", "params": {"flap": value}})
            told.answers(1)
            yard.later(2)
            told.answers(1)
        told.command({"id": "flap-1", "name": "set", "params": {"flap": 1.0}})
        assert told.answers(1) == [("flap-1", "done")]
        yard.later(2)
        assert float(yard.kilns["K-1"].now.flap) == 0.0


class Told:
    """Commands from nobody's desk, and what the device says to them, as it stands in the log."""

    def __init__(self, yard: Yard) -> None:
        self._yard = yard
        self._seen = 0

    def command(self, body: dict[str, Any]) -> None:
        """Publish a command."""
        self._yard.live.publish("twins/Kiln/K-1/commands", json.dumps(body).encode())

    def answers(self, count: int) -> list[tuple[str, str]]:
        """Wait for so many further answers; the last of them."""
        waiting = threading.Event()
        said: list[tuple[str, str]] = []
        for _ in range(1000):
            said = self._said()
            if len(said) >= self._seen + count:
                break
            waiting.wait(0.01)
        fresh, self._seen = said[self._seen :], len(said)
        return fresh

    def _said(self) -> list[tuple[str, str]]:
        found = []
        for record in self._yard.live.log.reader.read():
            frames = record.entry
            if isinstance(frames, Frames):
                for index in range(len(frames)):
                    if bytes(frames.topic(index)).endswith(b"/commands/ack"):
                        body = json.loads(bytes(frames.payload(index)))
                        found.append((body["id"], body["state"]))
        return found


def test_what_is_asked_for_is_measured_at_once(yard: Yard) -> None:
    """Between two cycles, and with no time passing: the heat of that very moment arrives, then the device is done."""
    with px.emulate(yard.kilns, 2, every="60 s", actuators={Kiln.burner: 900}) as kilns:
        yard.later(60)
        yard.later(20)
        assert float(yard.kilns["K-2"].now.heat.age) == 20.0
        order = yard.kilns["K-2"].ask(Kiln.look, {"at": "heat"}, reason="is it so hot?")
        assert order.wait("done", "rejected", "failed", timeout=20) == "done"
        now = yard.kilns["K-2"].now
        assert (float(now.heat.age), float(now.draught.age)) == (0.0, 20.0)
        assert float(yard.kilns["K-1"].now.heat.age) == 20.0
        read = float(now.heat)
        yard.later(10)
        before, after = kilns.truth(Kiln.heat)[1] - 60, kilns.truth(Kiln.heat)[1]
        assert before < read < after
        assert [step.state for step in order.order.steps][-2:] == ["accepted", "done"]


def test_what_is_asked_for_changes_nothing_else(tmp_path: Path) -> None:
    """The things and what their sensors read when they are due are the same, bit for bit, asked or not."""
    ends = []
    for asked in (False, True):
        yard = Yard(tmp_path / str(asked))
        with yard.live, px.emulate(yard.kilns, 1, every="60 s", actuators={Kiln.burner: 900}, seed=3) as kilns:
            for _ in range(4):
                yard.later(45)
                if asked:
                    order = yard.kilns["K-1"].ask(Kiln.look, {"at": "heat"}, reason="why not")
                    assert yard.stated(order, "done") == "done"
            yard.later(60)
            ends.append((kilns.truth(Kiln.heat).tolist(), float(yard.kilns["K-1"].now.heat)))
    assert ends[0] == ends[1]


def test_what_nobody_can_measure_is_refused(yard: Yard) -> None:
    """The soot has no sensor: rejected with its name. A sensor that is off reads nothing: failed."""
    off = px.Sensor("eye", "10 s", (px.Channel("heat"),), gaps=((START + SECOND, START + 99 * SECOND),))
    with px.emulate(yard.kilns, 1, every="10 s", sensors=[off]):
        yard.later(20)
        soot = yard.kilns["K-1"].ask(Kiln.look, {"at": "soot"}, reason="try")
        assert yard.stated(soot, "rejected") == "rejected"
        assert soot.order.steps[-1].reason == "expected a signal that is measured here, got soot"
        heat = yard.kilns["K-1"].ask(Kiln.look, {"at": "heat"}, reason="try")
        assert yard.stated(heat, "failed") == "failed"
        assert heat.order.steps[-1].reason == "nothing could be read of heat"


def test_moved_time_waits_for_what_was_asked(yard: Yard) -> None:
    """However far time is moved at once, the reading is of the moment at which it was asked for."""
    with px.emulate(yard.kilns, 1, every="60 s"):
        yard.later(20)
        order = yard.kilns["K-1"].ask(Kiln.look, {"at": "draught"}, reason="try")
        yard.later(3600)
        samples, _ = yard.live.estate.recent["Kiln"].of(0, Kiln.__pollux__.index["draught"], 0)
        assert order.state == "done"
        assert START + 20 * SECOND in samples.event_time.tolist()


def test_afterwards_no_token_is_left(yard: Yard) -> None:
    """When the devices have left, what they were given opens no door any more."""
    with px.emulate(yard.kilns, 2):
        assert [one.ended for one in yard.live.accounts.issued("emulated:Kiln:K-1")] == [None]
    assert all(one.ended is not None for one in yard.live.accounts.issued("emulated:Kiln:K-1"))
    yard.later(60)
    assert float(yard.kilns["K-1"].now.heat.age) == 60.0


def test_a_running_clock_is_followed(tmp_path: Path) -> None:
    """Under a clock that runs a thousand times faster readings keep coming by themselves."""
    site = px.Site()
    kilns = site.fleet(Kiln)
    clock = px.ScaledClock(START, speed=1000)
    with site.open(tmp_path, clock=clock), px.emulate(kilns, 2, every="10 s", actuators={Kiln.burner: 500}):
        waiting = threading.Event()
        for _ in range(1000):
            if float(kilns["K-1"].now.heat) > 310:
                break
            waiting.wait(0.01)
        assert float(kilns["K-1"].now.heat) > 310
        assert float(kilns["K-1"].now.heat.age) < 60 * 1000


def test_senseless_fleets_are_refused(yard: Yard) -> None:
    """Ids twice, a count that is not that of the ids, none at all, too many, and a setting beyond its limits."""
    with pytest.raises(SetupError, match="different ids"):
        px.emulate(yard.kilns, ids=["a", "a"])
    with pytest.raises(SetupError, match="expected 3 ids"):
        px.emulate(yard.kilns, 3, ids=["a", "b"])
    with pytest.raises(SetupError):
        px.emulate(yard.kilns, ids=[])
    with pytest.raises(SetupError):
        px.emulate(yard.kilns, 100_000)
    with pytest.raises(SetupError, match="burner"):
        px.emulate(yard.kilns, 1, actuators={Kiln.burner: -5})


DRAUGHT = px.Sensor("gauge", "30 s", (px.Channel("draught"),))
GLOW = px.Sensor("eye", "10 s", (px.Channel("heat"),))


def test_things_may_obey_another_model_in_units_of_its_own(yard: Yard) -> None:
    """A kiln's twin shows what a forge does, told in the kiln's units; what only the forge has is in the truth."""
    with px.emulate(yard.kilns, 1, every="10 s", obeys=Forge, actuators={Forge.burner: 0.2}, sensors=[GLOW]) as kilns:
        yard.later(600)
        now = yard.kilns["K-1"].now
        expected = 293.15 + 100 * (1 - np.exp(-600 / 250))
        assert float(now.heat) == pytest.approx(expected, abs=1e-3)
        assert float(now.burner) == pytest.approx(200.0)
        assert np.isnan(float(now.draught)) or float(now.draught) == 3.0  # nobody measures it: as declared
        assert kilns.truth(Kiln.heat) == pytest.approx(expected, abs=1e-3)
        assert kilns.truth("margin") == pytest.approx(expected - 293.15, abs=1e-3)
        assert kilns.truth("draught").tolist() == pytest.approx([2.0])


def test_the_declared_sensors_are_those_of_another_model_too(yard: Yard) -> None:
    """Without sensors of its own the forge is read as a kiln is: every signal, noise and interval as declared."""
    with px.emulate(yard.kilns, 2, every="10 s", obeys=Forge):
        yard.later(60)
        assert np.asarray(yard.kilns.now.draught) == pytest.approx([2.0, 2.0])
        assert np.asarray(yard.kilns.now.heat) == pytest.approx([293.15] * 2, abs=3)


def test_orders_move_the_other_model(yard: Yard) -> None:
    """Set in watts at the kiln's twin, the forge burns with as many; what a forge does not have it rejects."""
    with px.emulate(yard.kilns, 1, every="5 s", obeys=Forge) as kilns:
        order = yard.kilns["K-1"].set({Kiln.burner: 500.0}, reason="more heat")
        yard.stated(order, "accepted")
        yard.later(5)
        assert yard.stated(order, "done") == "done"
        assert kilns.truth(Kiln.burner) == pytest.approx([500.0])
        assert kilns.truth(Forge.heat).tolist() == [293.15]  # it began at this very moment
        flap = yard.kilns["K-1"].set({Kiln.flap: 1.0}, reason="open it")
        assert yard.stated(flap, "rejected") == "rejected"


def test_life_comes_from_outside_for_each_thing(yard: Yard) -> None:
    """Coal on one of two forges from the second minute on: its heat rises, the other's does not."""

    def life(start: int, end: int) -> dict[str, px.Course]:
        return {"coal": px.level([START, START + 60 * SECOND], np.array([[0.0, 0.0], [0.0, 1.0]]))}

    with px.emulate(yard.kilns, 2, every="10 s", obeys=Forge, life=life, sensors=[GLOW, DRAUGHT]) as kilns:
        yard.later(60)
        assert kilns.truth(Forge.heat).tolist() == [293.15, 293.15]
        yard.later(60)
        cold, warm = kilns.truth(Forge.heat).tolist()
        assert cold == 293.15
        assert warm == pytest.approx(293.15 + 25 * (1 - np.exp(-60 / 250)), rel=1e-6)
        assert float(yard.kilns["K-2"].now.draught) == pytest.approx(4.0)


def test_things_are_made_as_they_are_told(yard: Yard) -> None:
    """Parameters and states at the beginning: one value for all, or one each, in declared units."""
    made: dict[Any, Any] = {Kiln.loss: 3.0, Kiln.heat: [20.0, 120.0]}
    with px.emulate(yard.kilns, 2, parameters=made) as kilns:
        assert kilns.truth(Kiln.loss).tolist() == [3.0, 3.0]
        assert kilns.truth(Kiln.heat) == pytest.approx([293.15, 393.15])


def test_what_is_worn_reads_on_its_own_beat_and_is_sent_together(yard: Yard) -> None:
    """Sent once a minute, each reading with the moment of its own: ten-second readings, all in the log."""
    with px.emulate(yard.kilns, 1, every="1 min", obeys=Forge, actuators={Forge.burner: 0.5}, sensors=[GLOW]):
        yard.later(120)
        assert float(yard.kilns["K-1"].now.heat.age) == 0.0
    told = [body for body in _telemetry(yard) if "heat" in body]
    assert [body["t"] for body in told] == [START + 10 * n * SECOND for n in range(13)]
    heats = [body["heat"] + 273.15 for body in told]
    assert heats == pytest.approx([293.15 + 250 * (1 - np.exp(-10 * n / 250)) for n in range(13)], rel=1e-5)


def test_a_sensor_in_a_gap_says_nothing_though_it_was_tried(yard: Yard) -> None:
    """Off from the beginning for a minute: the reading at the start, then none until the minute is over."""
    off = px.Sensor("eye", "10 s", (px.Channel("heat"),), gaps=((START, START + 60 * SECOND),))
    with px.emulate(yard.kilns, 1, every="10 s", obeys=Forge, sensors=[off]):
        yard.later(50)
        assert float(yard.kilns["K-1"].now.heat.age) == 50.0
        yard.later(20)
        assert float(yard.kilns["K-1"].now.heat.age) == 0.0


def test_a_late_reading_comes_with_the_moment_at_which_it_was_late(yard: Yard) -> None:
    """With seconds of jitter every reading is told once, none before its moment, none with a moment in the future."""
    late = px.Sensor("eye", "10 s", (px.Channel("heat"),), jitter="8 s")
    with px.emulate(yard.kilns, 1, every="10 s", obeys=Forge, sensors=[late]):
        yard.later(100)
        told = [body["t"] for body in _telemetry(yard) if "heat" in body]
    behind = [(moment - START) % (10 * SECOND) for moment in told[1:]]
    assert len(told) in (10, 11)
    assert max(behind) <= 8 * SECOND
    assert len(set(behind)) > 5


def test_a_fast_model_behind_the_devices_is_at_rest_from_the_first_reading_on(yard: Yard) -> None:
    """The draught of the bellows is read at once, settled at 10 Pa, and follows the wind."""
    with px.emulate(yard.kilns, 1, every="5 min", obeys=Bellows, sensors=[DRAUGHT]):
        assert float(yard.kilns["K-1"].now.draught) == pytest.approx(10.0, rel=0.01)
        yard.later(1800)
        assert float(yard.kilns["K-1"].now.draught) == pytest.approx(10 * np.exp(-1), rel=0.02)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"sensors": [px.Sensor("eye", "1 s", (px.Channel("haet"),))]}, "sensor or an actuator of Kiln, got 'haet'"),
        ({"sensors": [px.Sensor("eye", "1 s", (px.Channel("soot"),))]}, "sensor or an actuator of Kiln, got 'soot'"),
        ({"sensors": [px.Sensor("eye", "1 s", (px.Channel("heat", reads="flame"),))]}, "Forge has, got 'flame'"),
        ({"sensors": [px.Sensor("eye", "1 s", (px.Channel("heat", reads="coal"),))]}, "coal of Forge"),
        ({"life": lambda start, end: {"heat": px.level([START], [1.0])}}, "courses of parameters of Forge, got 'heat'"),
        ({"life": lambda start, end: {"burner": px.level([START], [1.0])}}, "courses of parameters of Forge"),
        ({"parameters": {Forge.wind: [1.0, 2.0, 3.0]}}, "one value or 1"),
        ({"parameters": {Forge.burner: 1.0}}, "a parameter or a state"),
    ],
)
def test_names_that_do_not_fit_are_refused_when_the_emulation_is_made(
    yard: Yard, wrong: dict[str, Any], says: str
) -> None:
    """Signals that the kiln does not have, truths that the forge does not have, units, courses of what is no input."""
    with pytest.raises(SetupError, match=says):
        px.emulate(yard.kilns, 1, obeys=Forge, **wrong)


def test_a_declared_sensor_that_the_other_model_does_not_have_is_refused(yard: Yard) -> None:
    """The bellows have no heat: who wants them behind a kiln says what is worn."""
    with pytest.raises(SetupError, match="Bellows has, got 'heat'"):
        px.emulate(yard.kilns, 1, obeys=Bellows)


def _telemetry(yard: Yard) -> list[dict[str, Any]]:
    """What the devices sent, in the order of the log."""
    found = []
    for record in yard.live.log.reader.read():
        frames = record.entry
        if isinstance(frames, Frames):
            for index in range(len(frames)):
                if bytes(frames.topic(index)).endswith(b"/telemetry"):
                    found.append(json.loads(bytes(frames.payload(index))))
    return found


def test_somebody_turns_a_knob_by_hand(yard: Yard) -> None:
    """An actuator that is adjusted on the spot moves as its slew allows, and no order is heard of."""
    with px.emulate(yard.kilns, 2, every="5 s") as kilns:
        kilns.adjust("K-2", {"burner": 100.0})
        yard.later(30)
        assert [float(yard.kilns[id_].now.burner) for id_ in kilns.ids] == [0.0, 100.0]
        assert list(yard.live.estate.orders) == []
        with pytest.raises(px.NotFound):
            kilns.adjust("K-3", {"burner": 100.0})
        with pytest.raises(SetupError):
            kilns.adjust("K-1", {"burner": 5000.0})
