"""The walk of a parameter: as wide as it should be after any time, in one step or in many."""

import numpy as np
import pytest

import pollux as px
from pollux.clock import DAY
from pollux.errors import ModelError
from pollux.model.schema import schema_of
from pollux.predict import Learning, walked


class Pipe(px.Twin):
    """Scale that grows, and a valve that is pushed now and then."""

    scale = px.parameter("mm", px.lognormal(2, 0.5))
    push = px.parameter("1", px.normal(10, 3))


SCHEMA = schema_of(Pipe)
LEARNING = Learning(drift={"scale": 0.2, "push": 0.6}, fades={"push": "5 days"})


def spread(name, numbers):
    prior = SCHEMA.signal(name).prior
    assert prior is not None
    return prior.to_free(numbers).std()


@pytest.mark.parametrize("steps", [1, 8])
def test_without_fading_the_spread_grows_with_the_root_of_time(steps):
    """Four days of 0.2 a day are 0.4 prior spreads, however they are stepped."""
    rng, numbers = np.random.default_rng(1), np.full(20_000, 2.0)
    for _ in range(steps):
        numbers = walked(SCHEMA.signal("scale"), numbers, 4 * DAY // steps, LEARNING, rng)
    assert spread("scale", numbers) == pytest.approx(0.4, rel=0.03)


@pytest.mark.parametrize("steps", [1, 30])
def test_what_fades_stays_within_its_bounds_and_comes_back(steps):
    r"""After a long time the spread is :math:`q \sqrt{\tau / 2}`; a deviation falls to an e-th in `fades`."""
    rng, numbers = np.random.default_rng(2), np.full(20_000, 10.0)
    for _ in range(steps):
        numbers = walked(SCHEMA.signal("push"), numbers, 60 * DAY // steps, LEARNING, rng)
    assert spread("push", numbers) == pytest.approx(0.6 * np.sqrt(2.5), rel=0.03)
    later = walked(SCHEMA.signal("push"), np.full(20_000, 16.0), 5 * DAY, LEARNING, rng)
    assert later.mean() == pytest.approx(10 + 6 / np.e, abs=0.06)


def test_what_does_not_drift_uses_up_no_luck():
    """A parameter that stands still is handed back, and the next number of the generator is the first."""
    rng, numbers = np.random.default_rng(3), np.ones(4)
    assert walked(SCHEMA.signal("scale"), numbers, DAY, Learning(), rng) is numbers
    assert rng.random() == np.random.default_rng(3).random()


@pytest.mark.parametrize("fades", [{"push": "0 s"}, {"other": "5 days"}])
def test_what_fades_in_no_time_or_does_not_drift_is_refused(fades):
    """The error names the parameter."""
    with pytest.raises(ModelError, match=next(iter(fades))):
        Learning(drift={"push": 0.6}, fades=fades)
