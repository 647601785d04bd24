"""Options are compared on the same luck, priced in one money, and kept out by gates without being hidden."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import pollux as px
from pollux.decide import Futures, Gate, Option, accrue, always, chance, each, ever, final, options
from pollux.errors import ModelError, SimulationError, UnitError
from pollux.model.evaluate import evaluate
from pollux.model.graph import Expr

DAY = 86_400.0


class Motor(px.Twin):
    speed = px.actuator("rpm", low=0, high=3000, safe=0)
    temp = px.sensor("K", start=300)
    heating = px.parameter("K/s/rpm", 0.001)

    @px.rate(temp)
    def heats(self):
        return self.heating * self.speed

    @px.event
    def burns(self):
        return self.temp >= px.quantity(400, "K")


@dataclass
class Table:
    """Futures given as numbers that stand still: every signal is constant in each member."""

    values: dict[str, NDArray[np.float64]]
    happened: NDArray[np.float64]
    failed: NDArray[np.bool_]
    span: float = DAY

    @property
    def shape(self) -> tuple[int, int]:
        return self.failed.shape

    @property
    def times(self) -> NDArray[np.int64]:
        return np.array([0, 1], np.int64)

    def path(self, name: str) -> NDArray[np.float64]:
        still = self.values.get(name, np.zeros(self.shape))
        return np.repeat(still[:, None, :], 2, axis=1)

    def final(self, expr: Expr) -> NDArray[np.float64]:
        return np.broadcast_to(evaluate(expr, lambda leaf: self.values[str(leaf.data)]), self.shape).astype(float)

    def integral(self, expr: Expr) -> NDArray[np.float64]:
        return self.final(expr) * self.span

    def count(self, event: str) -> NDArray[np.float64]:
        return self.happened

    def first(self, event: str) -> NDArray[np.float64]:
        return np.where(self.happened > 0, 0.0, np.nan)


def futures(speeds: list[float], happened: list[list[float]], failed: list[list[bool]] | None = None) -> Futures:
    """One option a speed, as many members as columns of what happened."""
    counts = np.array(happened, float)
    table = Table(
        {
            "speed": np.repeat(np.array(speeds)[:, None], counts.shape[1], axis=1),
            "temp": 300.0 + np.array(speeds)[:, None] / 100 + np.arange(counts.shape[1]),
        },
        counts,
        np.zeros(counts.shape, bool) if failed is None else np.array(failed),
    )
    return Futures("Motor/M-1", 0, options({Motor.speed: speeds}), table)


PROFIT = accrue(px.money("0.4 EUR/day/rpm") * Motor.speed)
TWO = [[0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 2.0, 0.0]]


def test_probabilities_answer_by_the_chosen_value() -> None:
    """The chance of an event for each chosen speed, and of a condition at some moment."""
    of = futures([1000, 2000], TWO)
    assert of.probability(Motor.burns) == {1000: 0.0, 2000: 0.5}
    assert of.probability(Motor.temp > 320) == {1000: 0.0, 2000: 0.75}
    low, share, high = of.chances(Motor.burns)[1]
    assert 0 < low < share == 0.5 < high < 1
    assert of.chances(Motor.temp > 320)[0][1] == 0.0


def test_what_is_so_from_the_beginning_counts() -> None:
    """A motor that burns already does not begin to: its chance is one all the same."""
    of = futures([1000, 2000], TWO)
    assert isinstance(of.samples, Table)
    of.samples.values["burns"] = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    assert of.probability(Motor.burns) == {1000: 0.25, 2000: 0.5}


def test_a_rate_per_day_counts_days() -> None:
    """0.4 EUR a day and rpm is 400 EUR for one day at 1000 rpm."""
    assert futures([1000, 2000], TWO).expected(PROFIT) == pytest.approx({1000: 400.0, 2000: 800.0})
    assert str(PROFIT.unit) == "EUR"


def test_a_rate_over_time_is_told_in_the_plain_unit_of_what_it_adds_up_to() -> None:
    """Kelvins per second add up to kelvins, a pure number to seconds."""
    heated = accrue(Motor.heating * Motor.speed)
    assert str(heated.unit) == "K"
    assert str(accrue(Motor.temp / Motor.temp).unit) == "s"


def test_an_event_costs_once_or_every_time() -> None:
    """As a chance an event counts once a future, with each every time."""
    of = futures([1000, 2000], TWO)
    assert of.expected(chance(Motor.burns))[2000] == 0.5
    assert of.expected(each(Motor.burns))[2000] == 0.75


def test_ever_and_always_watch_the_whole_run() -> None:
    """A condition that holds in some members has its share as chance, at some moment and at every one."""
    of = futures([1000, 2000], TWO)
    assert of.expected(chance(ever(Motor.temp > 322)))[2000] == 0.25
    assert of.expected(chance(always(Motor.temp > 300)))[1000] == 1.0
    assert of.expected(final(Motor.temp))[1000] == pytest.approx(311.5)


def test_the_best_option_has_the_greatest_net_gain() -> None:
    """A dearer event turns the choice; every option stays in the ranking with its chances."""
    of = futures([1000, 2000], TWO)
    bold = of.best(gain=PROFIT, loss={Motor.burns: px.money("500 EUR")})
    shy = of.best(gain=PROFIT, loss={Motor.burns: px.money("5000 EUR")})
    assert (bold.values, shy.values) == ((("speed", 2000.0),), (("speed", 1000.0),))
    assert [w.chances for w in shy.ranked] == [(("burns", 0.0),), (("burns", 0.5),)]
    assert [w.net for w in shy.ranked] == pytest.approx([400.0, 800.0 - 2500.0])
    assert "ranked first under these assumptions" in str(shy)


def test_a_gate_keeps_an_option_from_being_recommended_not_from_being_seen() -> None:
    """A closed or unknown gate puts an option after the free ones, with its reason; with none free, none is advised."""
    of = futures([1000, 2000], [[0.0], [0.0]])

    def gate(option: Option) -> list[Gate]:
        return [Gate("unknown", "bearing not inspected")] if option.key == 2000 else []

    advice = of.best(gain=PROFIT, gates=gate)
    assert advice.values == (("speed", 1000.0),)
    assert advice.ranked[1].gate.reason == "bearing not inspected"
    assert "[unknown: bearing not inspected]" in str(advice)
    none = of.best(gain=PROFIT, gates=lambda _: [Gate("closed", "guard is open"), Gate("unknown", "who knows")])
    assert none.values == ()
    assert none.reason == "nothing may be recommended: guard is open"


def test_members_that_failed_are_left_out_of_every_option() -> None:
    """A member that failed under one option does not count under another either, and is reported."""
    of = futures([1000, 2000], TWO, [[False, True, False, False], [False] * 4])
    assert of.failures == 1
    assert of.probability(Motor.burns)[2000] == pytest.approx(2 / 3)
    with pytest.raises(SimulationError):
        futures([1000], [[0.0]], [[True]]).best(gain=PROFIT)


def test_bands_are_quantiles_over_members() -> None:
    """The band of a signal holds its median and central interval on the grid."""
    band = futures([1000], [[0.0] * 5]).band(Motor.temp, level=0.5)
    assert (band.low[0, 0], band.median[0, 0], band.high[0, 0]) == (310.5, 312.0, 313.5)


def test_several_choices_make_a_grid_and_a_list_is_taken_as_it_is() -> None:
    """A mapping of two names gives every pair; a list gives its own plans; nothing gives the twin as it is."""
    grid = options({Motor.speed: [1000, 2000], Motor.heating: [0.001, 0.002]})
    assert [o.key for o in grid] == [(1000, 0.001), (1000, 0.002), (2000, 0.001), (2000, 0.002)]
    assert [o.values for o in options([{Motor.speed: 1500}])] == [(("speed", 1500.0),)]
    assert [str(o) for o in options(None)] == ["as it is"]


def test_senseless_questions_are_refused() -> None:
    """Money and kelvin do not add, sensors cannot be chosen, limits hold, a condition is not an event."""
    with pytest.raises(UnitError):
        PROFIT + final(Motor.temp)
    with pytest.raises(ModelError, match="actuator or a parameter"):
        options({Motor.temp: [300.0]})  # type: ignore[dict-item]
    with pytest.raises(ModelError, match="0 to 3000"):
        options({Motor.speed: [4000]})
    with pytest.raises(ModelError, match="event"):
        each(Motor.temp > 3)


@given(st.lists(st.lists(st.sampled_from([0.0, 1.0]), min_size=3, max_size=3), min_size=2, max_size=5))
def test_a_dearer_event_never_makes_a_riskier_choice(happened: list[list[float]]) -> None:
    """Raising the price of an event never raises its chance under the advised option."""
    of = futures([500.0 * (n + 1) for n in range(len(happened))], happened)
    risk = [
        dict(of.best(gain=PROFIT, loss={Motor.burns: px.money(f"{price} EUR")}).first.chances)["burns"]
        for price in (0, 100, 1000, 100_000)
    ]
    assert risk == sorted(risk, reverse=True)


class Tap(px.Twin):
    flow = px.actuator("m**3/h", low=0, high=10, safe=0)
    level = px.sensor("m", start=1)
    area = px.parameter("m**2", 2)
    speed = px.parameter("m/s", 3)
    heat = px.parameter("kW", 5)

    @px.rate(level)
    def fills(self):
        return self.flow / self.area


@pytest.mark.parametrize(
    ("rate", "unit", "expected"),
    [
        (Tap.flow, "m**3", 24 * 4.0),
        (Tap.flow / Tap.area, "m", 24 * 2.0),
        (Tap.speed, "m", DAY * 3.0),
        (Tap.heat, "kW*s", DAY * 5.0),
        (Tap.level, "m*s", DAY * 49.0),
        (px.money("2 EUR/m**3") * Tap.flow, "EUR", 24 * 8.0),
    ],
)
def test_a_rate_accrues_in_its_own_time(rate, unit, expected):
    """What is told per hour adds up in hours, per second in seconds; what is told per no time is times seconds."""
    objective = accrue(rate)
    still = {name: np.full((1, 2), value) for name, value in TAP.items()}
    table = Table(still, np.zeros((1, 2)), np.zeros((1, 2), bool))
    assert objective.unit.symbol == unit
    assert objective.of(table) == pytest.approx(np.full((1, 2), expected))


TAP = {"flow": 4.0, "level": 49.0, "area": 2.0, "speed": 3.0, "heat": 5.0}
