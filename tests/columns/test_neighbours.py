"""Live views through links to one twin."""

import numpy as np
import pytest

import pollux as px
from pollux.clock import SECOND
from pollux.columns import Block, LiveReader, Quality, live_view
from pollux.columns.links import Links
from pollux.model.schema import schema_of

NOW = 100 * SECOND


class Pipe(px.Twin):
    end = px.link("Tank", gives={"pressure": "kPa", "level": "cm"})
    flow = px.sensor("l/s")

    @px.derived
    def loss(self):
        return px.where(px.present(self.end), self.end.pressure, px.quantity(1, "bar"))

    @px.derived
    def depth(self):
        return self.end.level


class Tank(px.Twin):
    west = px.link()
    level = px.sensor("m", noise=0.1)
    weight = px.parameter("Pa/m", 9810)

    @px.derived
    def pressure(self):
        return self.level * self.weight

    @px.derived
    def step(self):
        return self.level - self.west.level

    @px.derived
    def two_away(self):
        return self.west.west.pressure


def _blocks():
    tanks, pipes = Block(schema_of(Tank)), Block(schema_of(Pipe))
    tanks.add_many(["a", "b", "c"])
    levels = np.array([1.0, 2.0, 4.0])
    tanks.put(1 - 1, [0, 1, 2], value=levels, event_time=90 * SECOND, quality=Quality.GOOD, sigma=0.3)
    tanks.links["west"].set(1, [0])
    tanks.links["west"].set(2, [1])
    pipes.add_many(["p", "q"])
    pipes.links["end"].set(1, [2])
    return {"Tank": tanks, "Pipe": pipes}


def test_a_neighbour_is_read_through_its_link():
    """Of a fleet one number per twin, missing where the link leads nowhere; of one twin one number."""
    blocks = _blocks()
    fleet = live_view(Tank, LiveReader(blocks, "Tank", np.arange(3), now=NOW))
    assert np.asarray(fleet.west.level) == pytest.approx([np.nan, 1.0, 2.0], nan_ok=True)
    assert np.asarray(fleet.step) == pytest.approx([np.nan, 1.0, 2.0], nan_ok=True)
    assert fleet.west.level.quality.tolist() == [Quality.MISSING, Quality.GOOD, Quality.GOOD]
    assert fleet.step.sigma[1:] == pytest.approx([np.hypot(0.3, 0.3)] * 2)
    assert np.asarray(fleet.two_away) == pytest.approx([np.nan, np.nan, 9810.0], nan_ok=True)
    assert np.asarray(px.present(fleet.west)).tolist() == [False, True, True]
    last = live_view(Tank, LiveReader(blocks, "Tank", 2, now=NOW))
    assert float(last.west.west.pressure) == 9810.0
    assert float(last.step) == 2.0
    first = live_view(Tank, LiveReader(blocks, "Tank", 0, now=NOW))
    assert np.isnan(float(first.west.level))
    assert not px.present(first.west)


def test_what_a_later_type_gives_is_read_from_it():
    """A promised name may be any value of the type, here a derived one."""
    pipes = live_view(Pipe, LiveReader(_blocks(), "Pipe", np.arange(2), now=NOW))
    assert np.asarray(pipes.loss) == pytest.approx([100.0, 4 * 9.810])
    assert np.asarray(pipes.depth) == pytest.approx([np.nan, 400.0], nan_ok=True)
    assert np.asarray(pipes.end.pressure) == pytest.approx([np.nan, 4 * 9810.0], nan_ok=True)


def test_the_first_target_of_many_rows_at_once():
    """Rows without a target, also beyond the last source, have none."""
    links = Links()
    links.set(1, [4])
    links.set(3, [7, 2])
    assert links.first(np.array([0, 1, 2, 3, 9])).tolist() == [-1, 4, -1, 7, -1]
