"""Ensembles: the same luck for every option, whatever else is in the table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulate.models import Decay, Words

from pollux.columns import layout_of
from pollux.errors import NotFound, SimulationError
from pollux.model.schema import schema_of
from pollux.simulate import ensemble, luck

LAYOUT = layout_of(schema_of(Decay))
K = LAYOUT.place("k")
U = LAYOUT.place("u")


def _made(ids=("A", "B"), members=50, options=({"u": 0.0}, {"u": 1.0}), **more):
    made = ensemble(LAYOUT, LAYOUT.start(len(ids)), ids=ids, members=members, options=options, **more)
    return made.reshape(LAYOUT.width, len(ids), len(options), members)


def test_options_meet_the_same_luck():
    """Member i has the same parameters in every option, and what the option says."""
    made = _made()
    assert np.array_equal(made[K, :, 0], made[K, :, 1])
    assert np.all(made[U, :, 0] == 0.0)
    assert np.all(made[U, :, 1] == 1.0)


def test_twins_and_signals_have_luck_of_their_own():
    """Two twins, and two signals of one twin, do not draw the same numbers."""
    made = _made()
    assert not np.any(made[K, 0, 0] == made[K, 1, 0])
    assert not np.any(luck(0, "A", "k", 100) == luck(0, "A", "x", 100))
    assert not np.any(luck(0, "A", "k", 100) == luck(1, "A", "k", 100))


@given(st.integers(1, 60), st.integers(1, 4), st.integers(0, 2**63))
def test_a_member_is_the_same_in_any_company(members, options, seed):
    """The number of members, of options and of other twins does not change who member i is."""
    few = _made(ids=("B",), members=members, options=({},) * options, seed=seed)
    many = _made(ids=("A", "B", "C"), members=60, seed=seed)
    assert np.array_equal(few[K, 0, 0], many[K, 1, 0, :members])


def test_priors_are_followed():
    """Drawn parameters have the distribution of their prior, in quantiles."""
    values = np.sort(_made(ids=("A",), members=4000, options=({},))[K, 0, 0])
    expected = 0.5 + 1.5 * (np.arange(4000) + 0.5) / 4000
    assert np.abs(values - expected).max() < 0.05


def test_what_is_known_is_drawn_around_its_value():
    """A standard deviation beats the prior; positive parameters stay positive, and nothing else moves."""
    layout = layout_of(schema_of(Words))
    names = [s.name for s in layout.schema.signals]
    columns = layout.start(1)
    columns[layout.place("b")] = 0.5
    sigma = np.zeros((len(names), 1))
    sigma[names.index("b")], sigma[names.index("x")] = 0.05, 0.2
    made = ensemble(layout, columns, ids=("A",), members=20_000, sigma=sigma)
    b, x = made[layout.place("b")], made[layout.place("x")]
    assert np.mean(b) == pytest.approx(0.5, rel=0.02)
    assert np.std(b) == pytest.approx(0.05, rel=0.05)
    assert b.min() > 0
    assert np.mean(x) == pytest.approx(0.3, abs=0.01)
    assert np.std(x) == pytest.approx(0.2, rel=0.05)
    assert np.all(made[layout.place("y")] == 0.7)


def test_wrong_shapes_and_names_are_refused():
    """Columns for other twins, deviations of another shape and options about nothing are refused."""
    with pytest.raises(SimulationError, match="expected columns of shape"):
        ensemble(LAYOUT, LAYOUT.start(2), ids=("A",), members=3)
    with pytest.raises(SimulationError, match="expected standard deviations of shape"):
        ensemble(LAYOUT, LAYOUT.start(1), ids=("A",), members=3, sigma=np.zeros((1, 1)))
    with pytest.raises(NotFound, match="nowhere"):
        ensemble(LAYOUT, LAYOUT.start(1), ids=("A",), members=3, options=({"nowhere": 1.0},))
