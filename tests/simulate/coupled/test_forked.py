"""A live plant forked as a whole."""

import numpy as np
import pytest
from tests.simulate.coupled.models import SECOND

import pollux as px
from pollux.columns import Block, Quality
from pollux.errors import SimulationError
from pollux.model.schema import schema_of
from pollux.simulate import CoupledRun, couple, forked


class Source(px.Twin):
    heat = px.sensor("W", noise=5)


class Body(px.Twin):
    near = px.link()
    sources = px.links(Source)
    temp = px.sensor("K", noise=0.5)
    mass = px.parameter("J/K", px.lognormal(100, 0.2))

    @px.rate(temp)
    def warms(self):
        gained = px.where(px.present(self.near), px.quantity(2, "W/K") * (self.near.temp - self.temp), 0)
        return (gained + px.total(self.sources.heat)) / self.mass


def _blocks():
    sources, bodies = Block(schema_of(Source)), Block(schema_of(Body))
    sources.add_many(["s", "gone", "t"])
    bodies.add_many(["a", "lost", "b"])
    sources.put(0, [0, 2], value=np.array([10.0, 20.0]), event_time=SECOND, quality=Quality.GOOD, sigma=1.0)
    bodies.put(0, [0, 2], value=np.array([300.0, 320.0]), event_time=SECOND, quality=Quality.GOOD, sigma=0.5)
    bodies.links["near"].set(0, [2])
    bodies.links["near"].set(2, [0])
    bodies.links["sources"].set(2, [2, 0])
    for block, id_ in ((sources, "gone"), (bodies, "lost")):
        block.remove(id_)
    return [sources, bodies]


def test_a_plant_is_forked_with_its_links():
    """Vacant rows are left out and links lead to the same twins; running ahead leaves the blocks alone."""
    blocks = _blocks()
    sources, bodies = forked(blocks)
    assert (sources.ids, bodies.ids) == (("s", "t"), ("a", "b"))
    assert bodies.links["near"].first(np.array([0, 1])).tolist() == [1, 0]
    assert bodies.links["sources"].of(1).tolist() == [1, 0]
    run = CoupledRun((sources, bodies), SECOND, 10 * SECOND, SECOND, record={"Body": ("temp",)}, backend="numpy")
    temp = couple(run)["Body"]["temp"][:, :, 0]
    mass = bodies.start[1, :, 0]
    assert (mass * (temp[-1] - temp[0])).sum() == pytest.approx(10 * (10 + 20))
    assert temp[-1, 0] > 300.0
    assert blocks[1].values[0, 0] == 300.0


def test_members_of_a_plant_have_their_own_luck():
    """What is uncertain is drawn for every twin; the same seed gives the same members."""
    sources, bodies = forked(_blocks(), members=200, seed=3)
    assert bodies.start.shape[1:] == sources.start.shape[1:] == (2, 200)
    assert bodies.start[0].std(axis=1) == pytest.approx([0.5, 0.5], rel=0.2)
    assert sources.start[0].mean(axis=1) == pytest.approx([10.0, 20.0], abs=0.3)
    assert abs(np.corrcoef(bodies.start[0])[0, 1]) < 0.3
    assert np.array_equal(forked(_blocks(), members=200, seed=3)[1].start, bodies.start, equal_nan=True)


def test_a_block_that_is_left_out_is_missed():
    """A plant is forked as a whole: twins that read others need these too."""
    with pytest.raises(SimulationError, match="expected the twins of Source too"):
        couple(CoupledRun(forked(_blocks()[1:]), SECOND, SECOND, SECOND))
