"""The filter of a twin finds what nobody measures, and its intervals hold what they claim."""

import numpy as np
import pytest
from numpy.typing import NDArray

import pollux as px
from pollux.clock import DAY, HOUR
from pollux.columns.layout import layout_of
from pollux.errors import ModelError, NotFound, SimulationError
from pollux.model.schema import schema_of
from pollux.predict import Believed, Estimator, Learning, Observation, interval, score

F64 = NDArray[np.float64]


class Tank(px.Twin):
    """Water that leaks at a rate of its own; the level is measured, the leak is not."""

    level = px.sensor("m", low=0, high=10, noise=0.1, start=px.normal(5, 0.5))
    leak = px.parameter("1/s", px.lognormal(1e-5, 0.5))

    @px.rate(level)
    def falls(self):
        return -self.leak * (self.level - px.quantity(1, "m"))


SCHEMA = schema_of(Tank)
LAYOUT = layout_of(SCHEMA)
LEVEL, LEAK = LAYOUT.place("level"), LAYOUT.place("leak")


def advance(columns: F64, start: int, end: int) -> F64:
    """The exact solution of the leaking tank."""
    after = columns.copy()
    after[LEVEL] = 1 + (columns[LEVEL] - 1) * np.exp(-columns[LEAK] * (end - start) / 1e9)
    return after


def follow(seed: int, *, learning: Learning | None = None) -> tuple[Believed, F64]:
    """A tank drawn from the prior, followed for two days with a reading each hour; the belief and the truth."""
    rng = np.random.default_rng(seed)
    truth = LAYOUT.start(1, rng)
    estimator = Estimator(SCHEMA, learning or Learning(members=60), advance)
    belief = estimator.begin(LAYOUT.start(1)[:, 0], 0, rng)
    for hour in range(1, 49):
        truth = advance(truth, (hour - 1) * HOUR, hour * HOUR)
        measured = float(truth[LEVEL, 0] + 0.1 * rng.standard_normal())
        belief = estimator.absorb(belief, hour * HOUR, {"level": Observation("level", measured)}, rng)
    return belief, truth[:, 0]


def covered(seeds: range) -> tuple[float, float]:
    """The p-values of the claim that 90 % intervals of leak and level hold the truth in 90 % of the cases."""
    runs = [follow(seed) for seed in seeds]
    results = []
    for slot in (LEAK, LEVEL):
        low, median, high = interval(np.stack([b.columns[slot] for b, _ in runs]))
        results.append(score(low, median, high, np.array([t[slot] for _, t in runs])).p_value)
    return results[0], results[1]


def test_the_leak_is_learnt_from_the_level() -> None:
    """After two days the leak, which nobody measures, is known several times better than before."""
    belief, truth = follow(1)
    spread = np.log(belief.columns[LEAK]).std()
    assert spread < 0.5 / 3
    assert abs(np.log(np.median(belief.columns[LEAK]) / truth[LEAK])) < 4 * spread
    assert belief.strain == pytest.approx(1.0, abs=0.6)
    assert belief.updates == 48


def test_intervals_hold_what_they_claim() -> None:
    """Over ten tanks the claim of 90 % is not rejected at 1 %."""
    assert min(covered(range(10))) > 0.01


@pytest.mark.soak
def test_intervals_hold_what_they_claim_over_many_seeds() -> None:
    """Over 200 tanks the claim of 90 % is not rejected at 1 %."""
    assert min(covered(range(200))) > 0.01


def test_without_readings_belief_only_spreads() -> None:
    """Drift widens what is believed of a parameter; nothing measured narrows it."""
    estimator = Estimator(SCHEMA, Learning(members=200, drift={"leak": 1.0}), advance)
    rng = np.random.default_rng(2)
    before = estimator.begin(LAYOUT.start(1)[:, 0], 0, rng)
    after = estimator.absorb(before, DAY, {}, rng)
    ratio = np.log(after.columns[LEAK]).std() / np.log(before.columns[LEAK]).std()
    assert ratio == pytest.approx(np.sqrt(2), rel=0.15)


def test_a_model_that_is_wrong_is_surprised() -> None:
    """Readings that the model cannot explain show in the strain."""
    rng = np.random.default_rng(3)
    estimator = Estimator(SCHEMA, Learning(members=60), advance)
    belief = estimator.begin(LAYOUT.start(1)[:, 0], 0, rng)
    for hour in range(1, 25):
        wrong = 5 + 2 * (-1) ** hour
        belief = estimator.absorb(belief, hour * HOUR, {"level": Observation("level", wrong)}, rng)
    assert belief.strain > 20


def test_members_that_fail_are_replaced_and_counted() -> None:
    """A few failed members are drawn anew; too many stop the filter with a clear error."""

    def some(columns: F64, start: int, end: int, share: float) -> F64:
        after = columns.copy()
        after[LEVEL, : int(share * columns.shape[1])] = np.nan
        return after

    rng = np.random.default_rng(4)
    estimator = Estimator(SCHEMA, Learning(members=20), lambda c, s, e: some(c, s, e, 0.2))
    belief = estimator.absorb(estimator.begin(LAYOUT.start(1)[:, 0], 0, rng), HOUR, {}, rng)
    assert belief.replaced == 4
    assert np.isfinite(belief.columns[LEVEL]).all()
    broken = Estimator(SCHEMA, Learning(members=20), lambda c, s, e: some(c, s, e, 0.9))
    with pytest.raises(SimulationError, match="18 of 20"):
        broken.absorb(broken.begin(LAYOUT.start(1)[:, 0], 0, rng), HOUR, {}, rng)


def test_states_stay_within_their_bounds() -> None:
    """An analysis that would drain the tank below zero is held at the bound."""
    rng = np.random.default_rng(5)
    estimator = Estimator(SCHEMA, Learning(members=40), advance)
    belief = estimator.begin(LAYOUT.start(1)[:, 0], 0, rng)
    after = estimator.absorb(belief, HOUR, {"level": Observation("level", -30.0, 100)}, rng)
    assert after.columns[LEVEL].min() >= 0


def followed(levels: list[float]) -> list[Believed]:
    """The beliefs after readings each hour of a tank that was known well after two days."""
    belief, _ = follow(7)
    estimator, rng = Estimator(SCHEMA, Learning(members=60), advance), np.random.default_rng(7)
    beliefs = [belief]
    for level in levels:
        told = {"level": Observation("level", level)}
        beliefs.append(estimator.absorb(beliefs[-1], beliefs[-1].time + HOUR, told, rng))
    return beliefs


def test_an_outlier_moves_little_and_a_push_is_followed() -> None:
    """One reading far out is held for an outlier; at the second on its side the level is believed to have moved."""
    before, once, twice = followed([8.0, 8.0])
    assert abs(once.columns[LEVEL].mean() - before.columns[LEVEL].mean()) < 0.5
    assert twice.columns[LEVEL].mean() == pytest.approx(8.0, abs=0.3)
    assert [one.far for one in twice.foreseen] == [1]


def test_outliers_on_both_sides_are_no_push() -> None:
    """Readings far out on one side and then on the other are two outliers."""
    before, _, twice = followed([8.0, 0.0])
    assert abs(twice.columns[LEVEL].mean() - before.columns[LEVEL].mean()) < 1.0


def test_a_push_teaches_nothing() -> None:
    """What moved the level unforeseen leaves what is learnt of the leak nearly as it was."""
    _, once, twice = followed([8.0, 8.0])
    change = np.log(twice.columns[LEAK]).mean() - np.log(once.columns[LEAK]).mean()
    assert abs(change) < 0.2 * np.log(once.columns[LEAK]).std()


def test_what_was_foreseen_is_remembered() -> None:
    """A belief says what it expected of the last reading before it took it in, and how surely."""
    _, after = followed([4.0])
    (seen,) = after.foreseen
    assert (seen.signal, seen.measured) == ("level", 4.0)
    assert seen.sigma > 0.1
    assert abs(seen.mean - 4.0) > abs(after.columns[LEVEL].mean() - 4.0)


def test_readings_are_compared_with_the_moment_they_were_made_at() -> None:
    """The mean of readings made over an interval is no reading of its end: with its time there is no bias."""
    rng = np.random.default_rng(8)
    estimator = Estimator(SCHEMA, Learning(members=60), advance)
    start = LAYOUT.start(60)
    start[LEVEL], start[LEAK] = 7 + 0.8 * rng.standard_normal(60), 1e-4
    middle = float(advance(start, 0, HOUR // 2)[LEVEL].mean())
    told = estimator.absorb(Believed(start, 0), HOUR, {"level": Observation("level", middle, 60, HOUR // 2)}, rng)
    untold = estimator.absorb(Believed(start, 0), HOUR, {"level": Observation("level", middle, 60)}, rng)
    truth = float(advance(start, 0, HOUR)[LEVEL].mean())
    assert abs(told.columns[LEVEL].mean() - truth) < 0.1
    assert abs(untold.columns[LEVEL].mean() - truth) > 0.5


def test_a_belief_begins_as_surely_as_the_sensor_measures() -> None:
    """A measured state without a prior begins with the noise of its sensor, and is not told what it began with."""

    class Bath(px.Twin):
        heat = px.sensor("K", noise=0.5, start=300)

        @px.rate(heat)
        def cools(self):
            return -px.quantity(1e-9, "K/s")

    rng = np.random.default_rng(9)
    schema = schema_of(Bath)
    estimator = Estimator(schema, Learning(members=400), lambda columns, start, end: columns)
    begun = estimator.begin(layout_of(schema).start(1)[:, 0], HOUR, rng)
    assert begun.columns[0].std() == pytest.approx(0.5, rel=0.15)
    old = estimator.absorb(begun, 2 * HOUR, {"heat": Observation("heat", 300.4, time=HOUR // 2)}, rng)
    assert np.array_equal(old.columns, begun.columns)
    assert not old.foreseen


def test_the_same_luck_gives_the_same_belief() -> None:
    """Equal seeds give equal ensembles, bit for bit."""
    assert np.array_equal(follow(6)[0].columns, follow(6)[0].columns, equal_nan=True)


@pytest.mark.parametrize(
    "learning", [{"members": 3}, {"drift": {"leak": -1.0}}, {"drift": {"level": 0.1}}, {"drift": {"leek": 0.1}}]
)
def test_senseless_learning_is_refused(learning: dict[str, object]) -> None:
    """Too few members, a negative drift, a drift of what is not learnt and a misspelt name are refused."""
    with pytest.raises((ModelError, NotFound)):
        Estimator(SCHEMA, Learning(**learning), advance)  # type: ignore[arg-type]
