"""Ways of sampling: uniform, even, the same for everybody; and better than chance where the integrand is smooth."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.models import Decay

from pollux.columns import layout_of
from pollux.errors import SimulationError
from pollux.model.schema import schema_of
from pollux.simulate import ensemble, levels
from pollux.simulate.sampling import latin, sobol
from pollux.simulate.sampling.directions import BITS, DIMENSIONS, continued, directions

WORDS = ("plain", "latin", "sobol")
NAMES = [f"x{k}" for k in range(6)]


@pytest.mark.parametrize("word", WORDS)
def test_each_number_is_uniform_over_seeds(word):
    """The first and the last member of a design are uniform when the seed varies: no design leans anywhere."""
    drawn = np.array([levels(word, NAMES[:2], 7, seed=seed)[:, [0, -1]].ravel() for seed in range(2000)])
    assert np.all((drawn > 0.0) & (drawn < 1.0))
    # 15.09 is the 99 % quantile of chi-squared with 5 degrees of freedom; the seeds are fixed.
    for column in drawn.T:
        counts = np.histogram(column, 6, (0.0, 1.0))[0]
        assert ((counts - 2000 / 6) ** 2 / (2000 / 6)).sum() < 15.09


@pytest.mark.parametrize("word", WORDS)
def test_signals_are_not_correlated(word):
    """Between any two signals the correlation is within what 4,096 independent members show."""
    drawn = levels(word, NAMES, 4096, seed=3)
    others = np.asarray(np.corrcoef(drawn))[np.triu_indices(len(NAMES), 1)]
    assert np.abs(others).max() < 4.0 / math.sqrt(4096)


@given(st.integers(1, 300), st.integers(0, 2**64))
@settings(max_examples=40)
def test_a_latin_hypercube_has_one_member_in_each_stratum(members, seed):
    """Each of as many equal strata as there are members holds one."""
    assert sorted(np.floor(latin(seed, "A", "k", members) * members)) == list(range(members))


@given(st.integers(0, DIMENSIONS - 1), st.integers(0, 8), st.integers(0, 5), st.integers(0, 2**64))
@settings(max_examples=60, deadline=None)
def test_sobol_points_fall_one_into_each_stratum(dimension, power, block, seed):
    """Any 2^m points from a multiple of 2^m on have one number in each of 2^m strata of every dimension."""
    n = 2**power
    points = sobol(seed, "A", "k", dimension, n, first=block * n)
    assert sorted(np.floor(points * n)) == list(range(n))


def test_sobol_points_are_even_in_two_dimensions():
    """The first two dimensions are a (0, m, 2) net: one of 64 points in each box of every 2^a x 2^(6-a) division."""
    x, y = levels("sobol", ["x", "y"], 64, seed=11)
    for a in range(7):
        boxes = np.floor(x * 2**a) * 2 ** (6 - a) + np.floor(y * 2 ** (6 - a))
        assert sorted(boxes) == list(range(64))


def test_direction_numbers_follow_the_published_recursion():
    """x^3 + x + 1 with 1, 3, 7 goes on with 5 and 7 (the example of their notes); all are odd and below 2^k."""
    assert continued(0b1011, [1, 3, 7])[:5] == [1, 3, 7, 5, 7]
    for dimension in range(DIMENSIONS):
        numbers = [int(one) >> (BITS - 1 - k) for k, one in enumerate(directions(dimension))]
        assert all(one % 2 == 1 and one < 2 ** (k + 1) for k, one in enumerate(numbers))


def test_the_sequence_is_that_of_scipy():
    """Without scrambling all 256 dimensions are the ones which SciPy draws."""
    qmc = pytest.importorskip("scipy.stats.qmc")
    theirs = qmc.Sobol(DIMENSIONS, scramble=False, bits=BITS).random(64)
    index, gray = np.arange(64), np.arange(64) ^ (np.arange(64) >> 1)
    for dimension in range(DIMENSIONS):
        numbers = directions(dimension)
        bits = np.zeros(64, np.uint64)
        for k in range(6):
            bits ^= np.where((gray >> k) & 1, numbers[k], np.uint64(0))
        assert np.array_equal(bits * 2.0**-BITS, theirs[index, dimension])


@pytest.mark.parametrize("word", ["plain", "sobol"])
def test_a_member_is_the_same_however_many_there_are(word):
    """The first members of a large design are those of a small one; a Latin hypercube is another one."""
    assert np.array_equal(levels(word, NAMES, 1000, seed=5)[:, :37], levels(word, NAMES, 37, seed=5))
    assert not np.array_equal(levels("latin", NAMES, 1000, seed=5)[:, :37], levels("latin", NAMES, 37, seed=5))


def _smooth(levels_):
    """A product whose integral over the cube is 1."""
    return np.prod(1.0 + 0.5 * (np.exp(levels_) - (math.e - 1.0)), axis=0)


def _error(word, members):
    """The root mean square error of the mean over 40 seeds."""
    means = [_smooth(levels(word, NAMES[:4], members, seed=seed)).mean() for seed in range(40)]
    return math.sqrt(np.mean((np.array(means) - 1.0) ** 2))


def test_sobol_converges_faster_than_chance():
    """For a smooth integrand the error falls faster than 1/n where chance falls like its root, and is far smaller."""
    few, many = 64, 4096
    orders = {word: -math.log(_error(word, many) / _error(word, few)) / math.log(many / few) for word in WORDS}
    assert 0.3 < orders["plain"] < 0.7
    assert orders["sobol"] > 1.1
    assert _error("sobol", many) < _error("latin", many) / 5 < _error("plain", many) / 10


@pytest.mark.parametrize("word", WORDS)
def test_options_meet_the_same_luck_however_it_is_drawn(word):
    """Member i has the same parameters in every option, and another twin has other ones."""
    layout = layout_of(schema_of(Decay))
    options = ({"u": 0.0}, {"u": 1.0})
    start = layout.start(2)
    made = ensemble(layout, start, ids=("A", "B"), members=32, options=options, seed=4, sampling=word)
    k = made.reshape(layout.width, 2, 2, 32)[layout.place("k")]
    assert np.array_equal(k[:, 0], k[:, 1])
    assert not np.any(k[0, 0] == k[1, 0])
    alone = ensemble(layout, start[:, 1:], ids=("B",), members=32, seed=4, sampling=word)
    assert np.array_equal(alone[layout.place("k")], k[1, 0])


def test_what_cannot_be_sampled_is_refused():
    """Another word, and more dimensions than there are direction numbers."""
    with pytest.raises(SimulationError, match='expected "plain", "latin" or "sobol"'):
        levels("halton", ["x"], 3)  # type: ignore[arg-type]
    with pytest.raises(SimulationError, match="expected at most 256 uncertain signals"):
        sobol(0, "A", "x", DIMENSIONS, 3)
