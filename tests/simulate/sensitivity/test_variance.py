"""Sobol indices: published values, intervals that hold, failures left out, words that say it."""

import json

import numpy as np
import pytest
from tests.simulate.sensitivity.functions import (
    G_FIRST,
    G_TOTAL,
    ISHIGAMI,
    ISHIGAMI_FIRST,
    ISHIGAMI_TOTAL,
    PLANE,
    PLANE_SHARES,
    G,
)

from pollux.errors import NotFound, SimulationError
from pollux.model.priors import uniform
from pollux.simulate.sensitivity import sobol_indices, study


def test_the_ishigami_function_has_its_published_indices():
    """First and total indices within 0.01, and within their intervals."""
    found = sobol_indices(ISHIGAMI, base=4096)
    assert found.first[0] == pytest.approx(ISHIGAMI_FIRST, abs=0.01)
    assert found.total[0] == pytest.approx(ISHIGAMI_TOTAL, abs=0.01)
    assert np.all((found.first_low[0] <= ISHIGAMI_FIRST) & (found.first_high[0] >= ISHIGAMI_FIRST))
    assert found.sigma[0] == pytest.approx(3.7208, rel=0.01)
    assert found.mean[0] == pytest.approx(3.5, rel=0.01)
    assert found.runs == 4096 * 5


def test_the_g_function_has_its_analytic_indices():
    """Eight inputs from decisive to irrelevant."""
    found = sobol_indices(G, base=4096, seed=1)
    assert found.first[0] == pytest.approx(G_FIRST, abs=0.01)
    assert found.total[0] == pytest.approx(G_TOTAL, abs=0.01)


def test_a_plane_has_no_interplay_and_an_input_without_effect_has_none():
    """First and total indices agree with the slopes; what does not stand in the formula gets exactly zero."""
    found = sobol_indices(PLANE, base=1024)
    for row in range(2):
        assert found.first[row] == pytest.approx(PLANE_SHARES, abs=0.02)
        assert found.total[row] == pytest.approx(PLANE_SHARES, abs=0.02)
        assert found.first[row, 3] == found.total[row, 3] == found.first_high[row, 3] == 0.0


def test_intervals_hold_as_often_as_they_say():
    """90 % bootstrap intervals of plain designs hold the truth of every index in 169 to 190 of 200 seeds."""
    hits = np.zeros((2, 2), int)
    for seed in range(200):
        found = sobol_indices(PLANE, base=256, sampling="plain", seed=seed, resamples=200)
        for row, part in enumerate(("first", "total")):
            low, high = getattr(found, f"{part}_low")[0, :2], getattr(found, f"{part}_high")[0, :2]
            hits[row] += (low <= PLANE_SHARES[:2]) & (PLANE_SHARES[:2] <= high)
    print(f"hits of 200: first {hits[0].tolist()}, total {hits[1].tolist()}")
    assert np.all((hits >= 169) & (hits <= 190)), hits


def test_failed_runs_take_their_rows_with_them():
    """A few runs that are no numbers are counted, and the indices stay those of the others."""

    def broken(x):
        values = 3.0 * x[:, 0] + x[:, 1]
        values[[5, 700, 1500]] = np.nan
        return values

    found = sobol_indices(study(broken, {"a": uniform(0, 1), "b": uniform(0, 1)}), base=512)
    assert found.failed == 3
    assert found.first[0] == pytest.approx([0.9, 0.1], abs=0.03)
    assert "3 failed and left out" in str(found)


def test_an_output_that_does_not_vary_has_no_shares():
    """A constant is said to be one; its shares are unknown, and null in JSON."""
    found = sobol_indices(study(lambda x: np.full(len(x), 3.7), {"a": uniform(0, 1)}), base=64)
    assert found.words() == "output does not vary"
    assert np.isnan(found.first).all()
    assert found.as_json()["outputs"][0]["inputs"][0]["first"] is None


def test_it_says_who_matters():
    """The sentence ranks inputs by their share and names those without any; the table and JSON agree with it."""
    found = sobol_indices(ISHIGAMI, base=2048)
    assert found.words("y") == (
        "of the spread of y (3.72) x1 explains 31 % (56 % with others), x2 explains 44 % "
        "and x3 explains 0 % (24 % with others)"
    )
    assert str(found).splitlines()[1].split() == ["input", "alone", "90%", "in", "all", "90%"]
    told = json.loads(json.dumps(found.as_json()))
    assert [one["name"] for one in told["outputs"][0]["inputs"]] == ["x1", "x2", "x3"]
    assert told["outputs"][0]["inputs"][1]["total"] == pytest.approx(0.44, abs=0.01)
    with pytest.raises(NotFound, match="expected one of y, got 'z'"):
        found.words("z")


def test_the_same_seed_gives_the_same_bits():
    """Reproducible bit for bit; another seed is another design."""
    one, same, other = (sobol_indices(G, base=64, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one.total_high, same.total_high)
    assert not np.array_equal(one.total, other.total)


def test_too_little_is_refused():
    """Too few rows, and a model that fails everywhere."""
    with pytest.raises(SimulationError, match="expected a base of at least 8"):
        sobol_indices(G, base=4)
    with pytest.raises(SimulationError, match="sound rows"):
        sobol_indices(study(lambda x: x[:, 0] * np.nan, {"a": uniform(0, 1)}))
