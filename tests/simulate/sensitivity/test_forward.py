"""Sensitivity equations: the derivatives of closed forms; refused where they would be wrong."""

import numpy as np
import pytest
from tests.simulate.models import SECOND, Decay, Oscillator, Words

import pollux as px
from pollux.columns.layout import layout_of
from pollux.model.schema import schema_of
from pollux.simulate import Run, run
from pollux.simulate.sensitivity import sensitive


def test_sensitivities_of_a_decay_are_those_of_its_formula():
    """x' = u - k x: by k, by the start and by u, from states run beside the model."""
    wide = sensitive(schema_of(Decay), ["k", "x", "u"])
    assert wide is not None
    layout = layout_of(wide.schema)
    start = layout.start(1)
    k, u = 1.3, 0.5
    start[layout.place("k")], start[layout.place("u")] = k, u
    names = tuple(wide.name("x", by) for by in ("k", "x", "u"))
    found = run(Run(wide.schema, start, 0, SECOND, step=SECOND // 200, record=names, backend="numpy")).values[:, -1, 0]
    gone = np.exp(-k)
    assert found == pytest.approx([-u / k**2 * (1 - gone) - (1 - u / k) * gone, gone, (1 - gone) / k], rel=1e-8)


def test_units_of_sensitivities_are_those_of_quotients():
    """A state over an input: what is no such quotient is refused by the graph."""
    wide = sensitive(schema_of(Lorry), ["mass", "drag"])
    assert wide is not None
    assert str(wide.schema.signal("speed by mass").unit) == "m/kg/s"
    assert {one.name for one in wide.schema.signals} >= {"place by drag", "speed by drag"}


@pytest.mark.parametrize("kind", [Oscillator, Words])
def test_types_that_would_need_more_are_left_to_differences(kind):
    """Windows, cycles and jumps hold values of other moments: no sensitivities, rather than wrong ones."""
    assert sensitive(schema_of(kind), ["w" if kind is Oscillator else "b"]) is None


class Lorry(px.Twin):
    """A lorry that coasts to a stop."""

    place = px.hidden("m")
    speed = px.hidden("m/s", start=20)
    mass = px.parameter("kg", px.normal(10_000, 1000))
    drag = px.parameter("N*s/m", px.lognormal(500, 0.1))

    @px.rate(place, speed)
    def coasts(self):
        return self.speed, -self.drag * self.speed / self.mass

    @px.event
    def slow(self):
        return self.speed < px.quantity(5, "m/s")


def test_local_sensitivity_is_exact_where_the_type_allows_it():
    """Ends and integrals of a what-if have exact slopes that agree with differences; an event has none."""
    study = px.prototype(Lorry).study(
        "20 s", {"speed": Lorry.speed, "way": 2.0 * px.accrue(Lorry.speed), "slow": Lorry.slow}
    )
    found = px.local_sensitivity(study)
    assert found.names == ("mass", "drag")
    assert found.exact.tolist() == [[True, True], [True, True], [False, False]]
    gone = np.exp(-1.0)  # drag * time / mass is 1
    assert found.derivative[0] == pytest.approx([20 * gone / 10_000, -20 * gone / 500], rel=1e-5)
    way = 2 * 20 * 10_000 / 500 * (1 - gone)
    by_mass = way / 10_000 - 2 * 20 / 500 * gone
    by_drag = -way / 500 + 2 * 20 * 20 / 500 * gone
    assert found.derivative[1] == pytest.approx([by_mass, by_drag], rel=1e-4)
    assert np.all(found.doubt[:2] < 1e-3 * np.abs(found.derivative[:2]))
    assert found.as_json()["outputs"][0]["inputs"][0]["exact"] is True


def test_starts_that_are_varied_have_slopes_too():
    """The derivative by a state at the start is how much of it is left."""
    study = px.prototype(Lorry).study("20 s", {"speed": Lorry.speed}, {Lorry.speed: px.normal(20, 1)})
    found = px.local_sensitivity(study)
    assert found.exact.all()
    assert found.derivative[0, 0] == pytest.approx(np.exp(-1.0), rel=1e-4)
