"""Orders that pass the agent: checked once more beside the actuator, and safe values when nobody watches."""

import json
from pathlib import Path

import pytest

import pollux as px
from pollux.clock import SECOND, SimulatedClock, iso
from pollux.edge.driving import Driven, Driving
from pollux.edge.orders import Orders
from tests.doors.rig import until
from tests.edge.plant import free_port

START = 1_800_000_000 * SECOND


class Fan(px.Twin):
    """A fan whose speed can be set."""

    speed = px.actuator("rpm", low=600, high=3000, slew="100 rpm/s", safe=600)
    heat = px.actuator("degC", low=10, high=60, safe=20)
    bare = px.actuator("1", low=0, high=1)


class Bench:
    """The actuators of a fan, and orders by hand."""

    def __init__(self, deadman=5.0):
        self.clock = SimulatedClock(START)
        self.set: list[tuple[str, float]] = []
        self.told: list[dict[str, float]] = []
        self.broken = False
        functions = {"speed": self._write("speed"), "heat": self._write("heat")}
        self.driving = Driving(Driven(Fan.__pollux__, "F-1", functions, deadman), self.clock, self.told.append)
        self.orders = Orders([], [self.driving], self.clock)

    def _write(self, name):
        def write(value):
            if self.broken:
                raise OSError("no answer")
            self.set.append((name, value))

        return write

    def order(self, params, *, id="o1", name="set", expires=60):
        told = {"id": id, "name": name, "params": params}
        if expires is not None:
            told["expires_at"] = iso(self.clock.now() + expires * SECOND)
        answers = self.orders.hear("twins/Fan/F-1/commands", json.dumps(told).encode())
        return [(body["state"], body["reason"]) for body in (json.loads(payload) for _, payload in answers)]


def test_an_order_within_the_limits_is_set_once_and_told_to_the_twin():
    """Accepted, done, set in the declared unit; the same order again is answered and not carried out."""
    bench = Bench()
    assert [state for state, _ in bench.order({"speed": 2000, "heat": 35})] == ["accepted", "done"]
    assert [state for state, _ in bench.order({"speed": 2000, "heat": 35})] == ["done"]
    assert bench.set == [("speed", 2000.0), ("heat", 35.0)]
    assert bench.told == [{"speed": 2000.0, "heat": 35.0}]


@pytest.mark.parametrize(
    ("params", "options", "words"),
    [
        ({"speed": 3001}, {}, "speed: expected 600 to 3000 rpm, got 3001"),
        ({"heat": 61}, {}, "heat: expected 10 to 60 degC, got 61"),
        ({"speed": 700, "heat": 5}, {}, "heat: expected 10 to 60 degC, got 5"),
        ({"bare": 1}, {}, "bare: not an actuator of this agent"),
        ({"speed": "fast"}, {}, "expected numbers for actuators, got speed"),
        ({"speed": True}, {}, "expected numbers for actuators, got speed"),
        ({}, {}, "got nothing"),
        ({"speed": 700}, {"expires": -1}, "its time is over"),
        ({"speed": 700}, {"expires": None}, "expected a time at which it is over"),
    ],
)
def test_what_is_out_of_bounds_or_late_is_rejected_although_the_site_sent_it(params, options, words):
    """Nothing of such an order is carried out, and the answer says why."""
    bench = Bench()
    ((state, reason),) = bench.order(params, **options)
    assert state == "rejected"
    assert words in reason
    assert not bench.set
    assert not bench.told


def test_no_number_is_no_setting():
    """Neither NaN nor infinity reaches a machine, whatever they are compared with."""
    bench = Bench()
    for value in (float("nan"), float("inf")):
        assert bench.driving.obey({"speed": value})[0] == "rejected"
    assert not bench.set


def test_the_rate_of_change_holds_from_one_order_to_the_next():
    """100 rpm/s: 300 rpm take three seconds."""
    bench = Bench()
    bench.order({"speed": 1000})
    bench.clock.advance_to(START + 2 * SECOND)
    assert "faster than allowed" in bench.order({"speed": 1300}, id="o2")[0][1]
    bench.clock.advance_to(START + 3 * SECOND)
    assert bench.order({"speed": 1300}, id="o3")[-1][0] == "done"


def test_what_the_machine_does_not_take_has_failed():
    """The device's own word is in the answer, and the twin is told nothing."""
    bench = Bench()
    bench.broken = True
    assert bench.order({"speed": 700}) == [("accepted", "limits checked at the device"), ("failed", "speed: no answer")]
    assert bench.told == []


def test_when_the_site_is_away_every_actuator_goes_to_its_safe_value_once():
    """At half the dead-man time, since a silent link is found broken only after the other half; also what no order of
    this life has set; and orders are obeyed again when the site is back.
    """
    bench = Bench()
    assert bench.driving.driven.limit + 2 * bench.driving.driven.keepalive < 5.0
    bench.order({"speed": 2000})
    bench.set.clear()
    bench.driving.watch(1.9)
    assert bench.set == []
    for away in (2.0, 3.0, 10.0):
        bench.driving.watch(away)
    assert bench.set == [("heat", pytest.approx(20.0)), ("speed", 600.0)]
    assert bench.told[-1] == {"heat": pytest.approx(20.0), "speed": 600.0}
    bench.driving.watch(0.0)
    bench.clock.advance_to(START + 60 * SECOND)
    assert bench.order({"speed": 2000}, id="o2")[-1][0] == "done"


def test_a_safe_value_that_cannot_be_set_is_tried_each_second():
    """Until it is set, and no longer."""
    bench = Bench()
    bench.broken = True
    bench.driving.watch(9.0)
    bench.broken = False
    bench.driving.watch(9.2)
    assert bench.set == []
    bench.clock.advance_to(START + SECOND)
    bench.driving.watch(10.0)
    bench.driving.watch(11.0)
    assert [name for name, _ in bench.set] == ["heat", "speed"]


def test_an_agent_that_ends_leaves_what_orders_have_set_safe():
    """Nobody watches what an agent had set that is not there any more."""
    bench = Bench()
    bench.order({"speed": 2000})
    bench.driving.end()
    assert bench.set == [("speed", 2000.0), ("speed", 600.0)]


def test_only_an_actuator_with_a_safe_value_can_be_driven():
    """What the class does not say cannot be known beside the device."""
    edge = px.Edge("F-1", to="mqtt://127.0.0.1")
    with pytest.raises(px.SetupError, match=r"an actuator with a safe value - at Fan\.bare"):
        edge.drive(Fan, "F-1", {Fan.bare: lambda value: None})
    with pytest.raises(px.SetupError, match="a dead-man time of 5 s at least"):
        edge.drive(Fan, "F-1", {Fan.speed: lambda value: None}, deadman="2 s")
    edge.drive(Fan, "F-1", {Fan.speed: lambda value: None})
    with pytest.raises(px.SetupError, match="got it twice"):
        edge.drive(Fan, "F-1", {Fan.heat: lambda value: None})


def test_an_order_of_a_site_is_carried_out_and_its_silence_makes_the_fan_safe(tmp_path: Path):
    """Signed at the site, set beside the device, told back; then the site goes away."""
    port = free_port()
    set_to: list[float] = []
    plant = px.Site("plant")
    fans = plant.fleet(Fan, policy=px.ApprovalPolicy())
    edge = px.Edge("F-1", to=f"mqtt://127.0.0.1:{port}", account="F-1")
    edge.drive(Fan, "F-1", {Fan.speed: set_to.append}, deadman="5 s")
    with edge.open(tmp_path / "edge") as agent:
        with plant.open(tmp_path / "site", insecure=True, act=True, mqtt=f"127.0.0.1:{port}"):
            assert until(lambda: not agent.standing.troubles)
            fans.add("F-1")
            set_to.clear()
            order = fans["F-1"].set({Fan.speed: 1500.0}, reason="warm")
            assert until(lambda: order.state in ("done", "verified")), order.state
            assert set_to == [1500.0]
            assert until(lambda: float(fans["F-1"].now.speed) == 1500.0)
        assert until(lambda: set_to[-1] == 600.0)
        assert set_to == [1500.0, 600.0]
