"""A compiled type behind the interface for everything that can be stepped."""

import numpy as np
import pytest
from tests.simulate.models import SECOND, Decay, Oscillator, Slow, Tank

from pollux.columns import layout_of
from pollux.errors import DataRefused, NotFound
from pollux.model.schema import schema_of
from pollux.simulate import KernelPhysics, Settling
from pollux.testing.physics import check_physics


def _made(kind, members=4, **more):
    start = layout_of(schema_of(kind)).start(members, np.random.default_rng(1))
    return KernelPhysics(schema_of(kind), start, backend="numpy", **more)


@pytest.mark.parametrize(
    ("kind", "poison", "more"),
    [
        (Decay, "k", {"longest_step": SECOND // 20}),
        (Oscillator, "w", {"longest_step": SECOND // 20}),
        (Tank, "inflow", {"longest_step": SECOND // 20}),
        (Slow, "c", {"longest_step": SECOND, "settling": Settling(every=SECOND, step=SECOND // 50)}),
    ],
)
def test_compiled_types_pass_the_exam(kind, poison, more):
    """States, events, windows and settled fast models are saved and loaded with their whole future."""
    kept = check_physics(lambda: _made(kind, **more), span=SECOND, poison=poison)
    assert "a load has the same future" in kept
    assert len(kept) == 9


def test_values_go_in_and_out_by_name():
    """Inputs are set for one and for all, states and outputs are read, and time moves."""
    one = _made(Decay, longest_step=SECOND // 100)
    one.set({"k": 0.0, "u": [0.0, 1.0, 2.0, 3.0]})
    one.step(2 * SECOND)
    assert one.time == 2 * SECOND
    assert np.allclose(one.get("x"), 1 + 2 * np.arange(4))
    assert np.allclose(_made(Oscillator).get("square"), 1.0)


def test_names_it_does_not_know_are_refused():
    """A state cannot be set, and nothing is set when one of several names is wrong."""
    one = _made(Decay)
    before = one.get("k")
    with pytest.raises(NotFound, match="expected an input"):
        one.set({"k": 9.0, "x": 1.0})
    assert np.array_equal(one.get("k"), before)


def test_a_state_of_another_type_is_refused():
    """What another type saved is not loaded."""
    with pytest.raises(DataRefused, match="another type"):
        _made(Decay).load(_made(Tank).save())
