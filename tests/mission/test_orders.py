"""Rows of the mission about acting, each shown end to end."""

from pathlib import Path

from tests.mission.promises import shows
from tests.site.clinic import START
from tests.site.plants import Motor, device, site

import pollux as px
from pollux.clock import HOUR, MINUTE, SECOND, SimulatedClock


def slower(motors: px.Fleet[Motor]) -> px.StandingOrder:
    """Try three speeds on a fork, and ask for the one that pays."""
    futures = motors["M-1"].fork(seed=1).run("2 h", {Motor.speed: [600.0, 1500.0, 2700.0]}, members=100)
    profit = px.accrue(px.money("1 EUR/h/rpm") * Motor.speed)
    advice = futures.best(gain=profit, loss={Motor.burns: px.money("50000 EUR")})
    assert 0 < futures.probability(Motor.burns)[2700.0] <= 1
    return motors["M-1"].apply(advice)


@shows("F2", state="works", command="docs/concepts/orders.md")
def test_what_was_foreseen_is_compared_with_what_happened(tmp_path: Path) -> None:
    """A motor is forked, the speed that pays is tried, set, and its warmth two hours later lies where it was foreseen;
    a motor that only says it obeyed is found out.
    """
    clock = SimulatedClock(START)
    plant, motors, _ = site()
    with plant.open(tmp_path / "honest", insecure=True, act=True, clock=clock) as live:
        with px.emulate(motors, 1, every="1 min", actuators={Motor.speed: 600}, seed=3):
            live.advance_to(START + HOUR)
            order = slower(motors)
            assert dict(order.order.params) == {"speed": 1500.0}
            (effect,) = order.order.predicted
            assert (effect.signal, effect.due) == ("temp", START + 3 * HOUR)
            assert effect.before + 10 < effect.low < effect.median < effect.high
            live.advance_to(START + HOUR + 5 * MINUTE)
            assert order.state == "done"
            live.advance_to(START + 3 * HOUR + 2 * MINUTE)
        (outcome,) = order.outcomes
        assert (order.state, outcome.verdict) == ("verified", "inside")
        assert abs(outcome.at - effect.due) <= 12 * MINUTE
    clock = SimulatedClock(START)
    plant, motors, _ = site()
    with (
        plant.open(tmp_path / "liar", insecure=True, act=True, clock=clock) as live,
        device(live, "Motor/M-1", lambda _: "done") as liar,
    ):
        liar.send(temp=345.0, speed=600, t=START / SECOND)
        order = slower(motors)
        assert order.wait("done") == "done"
        live.advance_to(START + 2 * HOUR)
        liar.send(temp=345.2, speed=600, t=(START + 2 * HOUR) / SECOND)
        live.advance_to(START + 2 * HOUR + MINUTE)
        assert (order.state, order.outcomes[0].verdict) == ("ineffective", "outside")
