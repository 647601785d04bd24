"""A filter with an unknown: what follows from a residual is measured, and the state behind it is found."""

import numpy as np
from numpy.typing import NDArray

import pollux as px
from pollux.clock import HOUR
from pollux.columns.layout import layout_of
from pollux.model.schema import schema_of
from pollux.predict import Believed, Estimator, Evidence, Learning, Observation

F64 = NDArray[np.float64]


class Basin(px.Twin):
    """A basin empties through a hole; the flow is measured, the level is not."""

    level = px.hidden("m", low=0, start=px.normal(4, 1))
    flow = px.sensor("m**3/h", noise=0.05, start=1)
    area = px.parameter("m**2", 10)
    hole = px.parameter("m**2.5/h", 1)

    @px.rate(level)
    def falls(self):
        return -self.flow / self.area

    @px.algebraic(flow)
    def balances(self):
        return self.hole**2 * self.level - self.flow * abs(self.flow)


SCHEMA = schema_of(Basin)
LAYOUT = layout_of(SCHEMA)
LEVEL, FLOW, AREA, HOLE = (LAYOUT.place(name) for name in ("level", "flow", "area", "hole"))


def advance(columns: F64, start: int, end: int) -> F64:
    """The exact solution: the root of the level falls evenly."""
    after, hours = columns.copy(), (end - start) / HOUR
    root = np.maximum(np.sqrt(columns[LEVEL]) - columns[HOLE] * hours / (2 * columns[AREA]), 0.0)
    after[LEVEL], after[FLOW] = root**2, columns[HOLE] * root
    return after


def test_the_state_behind_a_measured_unknown_is_found():
    """The flow alone tells the level, whose interval shrinks and holds the truth; both stay consistent."""
    rng = np.random.default_rng(3)
    truth = LAYOUT.start(1, rng)
    estimator = Estimator(SCHEMA, Learning(members=80), advance)
    assert estimator.watches == {"flow"}
    belief: Believed = estimator.begin(LAYOUT.start(1)[:, 0], 0, rng)
    for hour in range(1, 13):
        truth = advance(truth, (hour - 1) * HOUR, hour * HOUR)
        measured = float(truth[FLOW, 0] + 0.05 * rng.standard_normal())
        belief = estimator.absorb(belief, hour * HOUR, {"flow": Observation("flow", measured)}, rng)
    levels, flows = belief.columns[LEVEL], belief.columns[FLOW]
    assert levels.std() < 0.3
    assert abs(levels.mean() - truth[LEVEL, 0]) < 4 * levels.std()
    np.testing.assert_allclose(flows, np.sqrt(levels), atol=0.05)


def test_evidence_of_an_unknown_moves_the_state():
    """One flow that was measured once, without any time passing, moves the level along."""
    rng = np.random.default_rng(5)
    estimator = Estimator(SCHEMA, Learning(members=200), advance)
    belief = estimator.begin(LAYOUT.start(1)[:, 0], 0, rng)
    belief.columns[FLOW] = np.sqrt(belief.columns[LEVEL])
    flow = SCHEMA.signal("flow")
    one = Evidence(flow.name, 1.5, sigma=0.05)
    after = estimator.believe(belief, [one], lambda columns, names: columns[[FLOW]], rng)
    assert abs(after.columns[LEVEL].mean() - 1.5**2) < 0.3
    assert after.columns[LEVEL].std() < 0.4
