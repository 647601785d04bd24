"""A system of linked twins behind the interface for everything that can be stepped."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from tests.simulate.coupled.models import SECOND, bodies, house

from pollux.columns import layout_of
from pollux.errors import DataRefused, NotFound
from pollux.simulate import Connection, CoSimulation, CoupledPhysics, CoupledRun, Part, couple
from pollux.testing.physics import check_physics


def _made(groups, **more):
    return CoupledPhysics(groups, longest_step=10 * SECOND, backend="numpy", **more)


def test_a_coupled_system_passes_the_exam():
    """States, events, windows and what goes along links are saved and loaded with their whole future."""
    kept = check_physics(lambda: _made(house(3)), span=100 * SECOND, steps=2, poison="Room.0.mass")
    assert len(kept) == 9


def test_values_go_in_and_out_by_type_twin_and_name():
    """Stepping is what a run does; derived values are read along links."""
    one = _made(house(2))
    one.set({"Heater.0.target": [296.0, 292.0], "Room.1.loss": 0.0})
    assert one.get("Room.0.gain") == pytest.approx([1.2, 1.2])
    one.step(100 * SECOND)
    groups = house(2)
    groups[1].start[_row(groups[1], "target"), 0] = [296.0, 292.0]
    groups[0].start[_row(groups[0], "loss"), 1] = 0.0
    run = couple(CoupledRun(groups, 0, 100 * SECOND, 10 * SECOND, backend="numpy"))
    assert np.array_equal(one.get("Room.0.temp"), run["Room"].final[0, 0])
    assert one.time == 100 * SECOND


def test_steps_are_what_a_run_keeps():
    """Windows, events and readings stand in the columns as after a run of the same steps."""
    one = _made(house(2))
    for _ in range(4):
        one.step(150 * SECOND)
    run = couple(CoupledRun(house(2), 0, 600 * SECOND, 10 * SECOND, backend="numpy"))
    other = _made(tuple(replace(group, start=run[group.schema.name].final) for group in house()), t0=600 * SECOND)
    assert msgspec.msgpack.decode(one.save()) == msgspec.msgpack.decode(other.save())
    assert np.isfinite(one.get("Room.0.highest")).all()


def _row(group, name):
    return layout_of(group.schema).place(name)


def test_a_coupled_system_is_a_part_of_a_co_simulation():
    """A kernel of many twins beside another: names go through, and time passes for both."""
    rooms, row = _made(house()), _made((bodies(1, 3),))
    both = CoSimulation(
        {"house": Part(rooms), "row": Part(row)},
        [Connection("house.Heater.0.power", "row.Body.0.source", 1e-4)],
        step=50 * SECOND,
    )
    both.step(100 * SECOND)
    assert both.get("row.Body.0.source") == pytest.approx(1e-4 * both.get("house.Heater.0.power"))
    assert rooms.time == row.time == 100 * SECOND


def test_strangers_are_refused():
    """Types, twins and names that are not there, states that are set, and what another system saved."""
    one = _made(house())
    for name in ("Wall.0.temp", "Room.7.temp", "Room.x.temp", "Room.0.nothing", "Room"):
        with pytest.raises(NotFound):
            one.get(name)
    with pytest.raises(NotFound, match="expected an input"):
        one.set({"Room.0.temp": 1.0})
    with pytest.raises(DataRefused, match="of these types, twins and members"):
        one.load(_made(house(2)).save())
