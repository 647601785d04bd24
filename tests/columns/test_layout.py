import numpy as np
import pytest

from pollux.columns import layout_of
from pollux.errors import NotFound
from pollux.model.equations import derived, rate
from pollux.model.functions import exp
from pollux.model.graph import Window
from pollux.model.roles import hidden, parameter
from pollux.model.settled import settled
from pollux.model.twin import Twin
from tests.columns.plants import Heart, Pump


class Slow(Twin):
    """Days above the beats of a heart, asked for two of its readings."""

    fluid = hidden("ml", start=5)
    stiffness = parameter("1/s", 2)
    leak = parameter("1/s", 1)

    @derived
    def spread(self):
        fast = settled(Heart, {Heart.stiffness: self.stiffness}, over="25 s")
        return fast.highest - fast.average

    @rate(fluid)
    def leaks(self):
        return -self.leak * self.spread * exp(0)


def test_every_number_of_a_twin_has_one_slot():
    """States, parameters, readings, choices and event memory stand in groups, each name once."""
    layout = layout_of(Pump.__pollux__)
    assert layout.names[layout.states] == ("temp",)
    assert "friction" in layout.names[layout.params]
    assert "temp" not in layout.names[layout.params]
    assert layout.names[layout.choices] == ("fuel",)
    assert len(set(layout.names)) == layout.width
    assert all(layout.slot[name] == place for place, name in enumerate(layout.names))
    numeric = [signal for signal in Pump.__pollux__.signals if signal.kind not in ("text", "position")]
    assert all(layout.names[layout.signal_slot[Pump.__pollux__.index[one.name]]] == one.name for one in numeric)


def test_equal_windows_share_their_memory_and_cycles_are_states():
    """A window used by two readings has one accumulator; a cycle's phase is a slot under its name."""
    layout = layout_of(Heart.__pollux__)
    assert layout.names[layout.states] == ("volume", "beat")
    assert layout.names[layout.readings] == ("highest", "average")
    assert [layout.names[one.out] for one in layout.windows] == ["window:highest:0:held", "window:average:0:held"]
    assert {one.expr.data.kind for one in layout.windows if isinstance(one.expr.data, Window)} == {"peak", "mean"}


def test_a_settled_model_keeps_its_own_column_once():
    """Two outputs of one run share the memory of the fast model, which begins where that model begins."""
    layout, fast = layout_of(Slow.__pollux__), layout_of(Heart.__pollux__)
    (run,) = layout.settled
    assert len(run.exprs) == 2
    assert layout.names[run.start + fast.slot["volume"]] == "settled:0:volume"
    assert layout.start(1)[run.start + fast.slot["volume"], 0] == 100.0


def test_a_twin_starts_at_its_means_and_with_nothing_remembered():
    """Without a generator priors stand at their mean, windows and events hold nothing."""
    layout = layout_of(Pump.__pollux__)
    start = layout.start(3)
    prior = Pump.__pollux__.signal("friction").prior
    assert prior is not None
    assert start.shape == (layout.width, 3)
    assert (start[layout.slot["friction"]] == prior.mean).all()
    assert (start[layout.slot["speed"]] == 600.0).all()
    hot = layout.events["hot"]
    assert np.isnan(start[[hot.previous, hot.first, hot.last]]).all()
    assert (start[hot.count] == 0).all()


def test_priors_are_sampled_from_the_generator_that_is_handed_over():
    """The same seed gives the same twins, another one others; what has no prior stays the same."""
    layout = layout_of(Pump.__pollux__)
    one, same, other = (layout.start(50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    friction = layout.slot["friction"]
    assert np.array_equal(one, same, equal_nan=True)
    assert not np.array_equal(one[friction], other[friction])
    assert np.ptp(one[layout.slot["room"]]) == 0.0
    assert 0.05 < np.std(np.log(one[friction])) < 0.2


def test_a_name_without_a_slot_is_named():
    """A text has no number, and asking for its slot says so."""
    with pytest.raises(NotFound, match="expected a slot of Pump, got 'line'"):
        layout_of(Pump.__pollux__).place("line")


def test_the_layout_of_a_schema_is_made_once():
    """All parts of the house share one table."""
    assert layout_of(Pump.__pollux__) is layout_of(Pump.__pollux__)
