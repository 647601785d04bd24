"""What was measured once narrows what it determines, exactly where that is known, and leaves the rest."""

import numpy as np
import pytest
from numpy.typing import NDArray

import pollux as px
from pollux.columns.layout import layout_of
from pollux.errors import ModelError, NotFound
from pollux.model.schema import schema_of
from pollux.predict import Believed, Estimator, Evidence, Learning, score
from pollux.predict.score import interval

F64 = NDArray[np.float64]


class Pair(px.Twin):
    """Two numbers of which sums and powers may be measured, and one that nothing tells of."""

    first = px.parameter("m", px.normal(2, 1))
    second = px.parameter("m", px.normal(-1, 2))
    alone = px.parameter("m", px.normal(0, 1))

    @px.derived
    def total(self):
        return self.first + 2 * self.second

    @px.derived
    def grown(self):
        return px.exp(self.first / px.quantity(1, "m"))


SCHEMA = schema_of(Pair)
LAYOUT = layout_of(SCHEMA)
ROWS = [LAYOUT.place(name) for name in ("first", "second", "alone")]


def read(columns: F64, names: tuple[str, ...]) -> F64:
    """What the type computes."""
    first, second, alone = columns[ROWS]
    known = {"total": first + 2 * second, "grown": np.exp(first), "first": first, "alone": alone}
    return np.stack([known[name] for name in names])


def believed(evidence: list[Evidence], seed: int, members: int) -> Believed:
    """The priors and the evidence."""
    rng = np.random.default_rng(seed)
    estimator = Estimator(SCHEMA, Learning(members=members), lambda columns, start, end: columns)
    return estimator.believe(estimator.begin(LAYOUT.start(1)[:, 0], 0, rng), evidence, read, rng)


def test_a_linear_gaussian_case_has_its_known_posterior() -> None:
    """Two measurements of a linear model: mean and covariance are those of Kalman's formula."""
    evidence = [Evidence(Pair.total, 3.0, sigma=0.5), Evidence("first", 1.0, 1.0)]
    H, R, P = np.array([[1.0, 2.0, 0], [1.0, 0, 0]]), np.diag([0.25, 1.0]), np.diag([1.0, 4.0, 1.0])
    K = P @ H.T @ np.linalg.inv(H @ P @ H.T + R)
    mean = np.array([2.0, -1, 0]) + K @ (np.array([3.0, 1.0]) - H @ np.array([2.0, -1, 0]))
    members = believed(evidence, 1, 20_000).columns[ROWS]
    assert members.mean(axis=1) == pytest.approx(mean, abs=0.05)
    assert np.cov(members) == pytest.approx(P - K @ H @ P, abs=0.05)


def test_a_curved_case_is_followed() -> None:
    """Of the exponential of a number, 20 to within 1, the number is known: its logarithm, to within a twentieth."""
    members = believed([Evidence("grown", 20.0, 1.0)], 2, 400).columns[ROWS[0]]
    assert members.mean() == pytest.approx(np.log(20.0), abs=0.1)
    assert members.std() < 0.2


def test_what_evidence_cannot_determine_stays_as_wide_as_its_prior() -> None:
    """Over many ensembles of 48 the spread of what nothing tells of is that of its prior, and the intervals cover."""
    ends, truths, spreads = [], [], []
    for seed in range(200):
        rng = np.random.default_rng([5, seed])
        truth = LAYOUT.start(1, rng)
        seen = float(read(truth, ("total",))[0, 0] + 0.5 * rng.standard_normal())
        members = believed([Evidence("total", seen, 0.5)], seed, 48).columns[ROWS]
        ends.append(interval(members))
        truths.append(truth[ROWS, 0])
        spreads.append(members.std(axis=1, ddof=1))
    low, median, high = np.array(ends).transpose(1, 2, 0)
    scores = [score(*one) for one in zip(low, median, high, np.array(truths).T, strict=True)]
    assert all(one.p_value > 0.01 for one in scores)
    assert np.mean(spreads, axis=0)[2] == pytest.approx(1.0, abs=0.05)
    assert np.mean(spreads, axis=0)[1] < 0.4 * 2.0


def test_senseless_evidence_is_refused() -> None:
    """A name that the type does not compute, a deviation of zero and a value that is no number are refused."""
    with pytest.raises(NotFound, match="totl"):
        believed([Evidence("totl", 1.0, 1.0)], 1, 8)
    for value, sigma in ((1.0, 0.0), (float("nan"), 1.0), (1.0, float("inf"))):
        with pytest.raises(ModelError):
            Evidence("total", value, sigma)


def test_no_evidence_changes_nothing() -> None:
    """An empty list leaves the belief as it was."""
    assert np.array_equal(believed([], 3, 8).columns[ROWS], believed([], 3, 8).columns[ROWS])
