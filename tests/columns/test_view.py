import numpy as np
import pytest

from pollux.clock import SECOND
from pollux.columns import Block, Column, LiveReader, Quality, Reason, live_view
from pollux.errors import ModelError, NotFound, UnitError
from pollux.model.links import total
from pollux.model.quantities import quantity
from tests.columns.plants import Building, Heart, Pump, Room

PUMP = Pump.__pollux__
NOW = 100 * SECOND


def pumps() -> dict[str, Block]:
    block = Block(PUMP)
    block.add_many(["P-1", "P-2", "P-3"])
    block.put(
        PUMP.index["temp"],
        [0, 1],
        value=np.array([300.0, 340.0]),
        event_time=np.array([90, 95]) * SECOND,
        quality=Quality.GOOD,
        sigma=0.4,
    )
    block.put(PUMP.index["speed"], [0], value=900.0, event_time=99 * SECOND, quality=Quality.GOOD, sigma=0.0)
    block.want(PUMP.index["speed"], 0, value=1200.0, when=99 * SECOND)
    return {"Pump": block}


def one(blocks: dict[str, Block], row: int = 0) -> Pump:
    return live_view(Pump, LiveReader(blocks, "Pump", row, now=NOW))


def all_of(blocks: dict[str, Block]) -> Pump:
    return live_view(Pump, LiveReader(blocks, "Pump", np.arange(3), now=NOW))


def test_one_name_is_a_number_of_a_twin_and_an_array_of_a_fleet():
    """`p7.now.temp` has the shape (), `fleet.now.temp` one number per twin, NaN where nothing was told."""
    blocks = pumps()
    assert float(one(blocks).temp) == 300.0
    assert np.asarray(one(blocks).temp).shape == ()
    fleet = all_of(blocks).temp
    assert np.asarray(fleet)[:2].tolist() == [300.0, 340.0]
    assert np.isnan(np.asarray(fleet)[2])
    assert fleet.quality.tolist() == [Quality.GOOD, Quality.GOOD, Quality.MISSING]
    assert fleet.age[:2].tolist() == [10.0, 5.0]
    assert fleet.sigma[:2].tolist() == [0.4, 0.4]


def test_a_view_is_of_its_moment():
    """What a view was asked for does not change with the block."""
    blocks = pumps()
    temp = one(blocks).temp
    blocks["Pump"].put(PUMP.index["temp"], [0], value=1.0, event_time=NOW, quality=Quality.BAD)
    assert float(temp) == 300.0
    assert int(temp.quality) == Quality.GOOD


def test_live_numbers_are_reckoned_with_and_compared_in_their_unit():
    """Arithmetic keeps units, a bare number beside a value is in its unit, dimensions that differ are refused."""
    view = one(pumps())
    assert bool(view.temp > 299)
    assert not view.temp < 299
    assert float(view.temp - 10) == 290.0
    assert float(2 * view.temp) == 600.0
    assert float(view.temp + quantity(1, "K")) == 301.0
    assert float((view.temp**2) / view.temp) == 300.0
    assert bool((view.temp > 299) & ~(view.speed > 1000))
    with pytest.raises(UnitError):
        _ = view.temp + view.speed
    fleet = all_of(pumps())
    assert np.asarray(fleet.temp > np.array([299, 341, 0])).tolist() == [True, False, False]


def test_derived_values_and_events_are_reckoned_from_the_graph():
    """What the class derives is there live, with the quality of its worst operand and its deviation."""
    view = all_of(pumps())
    assert np.asarray(view.excess)[:2].tolist() == [7.0, 47.0]
    assert view.excess.sigma[:2] == pytest.approx([0.4, 0.4])
    assert view.excess.quality.tolist() == [Quality.GOOD, Quality.GOOD, Quality.MISSING]
    assert view.excess.age[:2].tolist() == [10.0, 5.0]
    assert np.asarray(view.hot).tolist() == [False, True, False]
    assert bool(live_view(Pump, LiveReader(pumps(), "Pump", 1, now=NOW)).hot)


def test_deviations_add_in_quadrature():
    """Independent operands spread their deviations as first order says."""
    view = one(pumps())
    assert float((view.temp + view.room).sigma) == pytest.approx(0.4)
    assert float((view.temp * view.temp).sigma) == pytest.approx(np.sqrt(2) * 300 * 0.4)
    assert float((3 * view.temp).sigma) == pytest.approx(1.2)


def test_an_actuator_shows_what_it_was_asked_for():
    """Reported, desired and their difference stand side by side; other signals are not asked for."""
    view = one(pumps())
    speed, temp = view.speed, view.temp
    assert isinstance(speed, Column)
    assert isinstance(temp, Column)
    assert (float(speed), float(speed.desired), float(speed.difference)) == (900.0, 1200.0, 300.0)
    with pytest.raises(ModelError, match="expected an actuator"):
        _ = temp.desired


def test_facts_that_are_no_numbers_are_words():
    """Texts, choices and positions are told as they are, and compared with ==."""
    blocks = pumps()
    block = blocks["Pump"]
    block.texts[PUMP.index["line"]][0] = "l1"
    block.put(PUMP.index["fuel"], [0], value=1.0, event_time=5, quality=Quality.GOOD)
    block.memory.places[:, 0] = (52.0, 4.0, 1.0)
    view = one(blocks)
    assert str(view.line) == "l1"
    assert bool(view.line == "l1")
    assert view.line != "l2"
    assert str(view.fuel) == "oil"
    assert np.asarray(view.here).item() == (52.0, 4.0, 1.0)
    assert np.asarray(all_of(blocks).line == "l1").tolist() == [True, False, False]
    assert not one(blocks, 1).line
    with pytest.raises(ModelError, match="got a text"):
        _ = view.line + 1


def test_a_value_shows_number_unit_age_and_doubt():
    """What is printed says how far to trust it."""
    blocks = pumps()
    assert repr(one(blocks).temp) == "300 K (good, 10 s old)"
    blocks["Pump"].reason[PUMP.index["temp"], 0] = Reason.STUCK
    blocks["Pump"].quality[PUMP.index["temp"], 0] = Quality.UNCERTAIN
    assert repr(one(blocks).temp) == "300 K (uncertain: has not moved for too long, 10 s old)"
    assert "3 twins" in repr(all_of(blocks).temp)
    assert f"{one(blocks).temp:.2f}" == "300.00"


def test_an_array_has_no_truth():
    """A fleet's comparison asks which of them."""
    with pytest.raises(ModelError, match="expected one value, got 3"):
        bool(all_of(pumps()).temp > 1)


def test_totals_gather_along_links():
    """A derived total, and a total on the view, sum what belongs to each twin."""
    rooms, buildings = Block(Room.__pollux__), Block(Building.__pollux__)
    rooms.add_many([f"r{i}" for i in range(4)])
    rooms.put(
        0,
        [0, 1, 2, 3],
        value=np.array([1.0, 10.0, 100.0, 1000.0]),
        event_time=90 * SECOND,
        quality=Quality.GOOD,
        sigma=3.0,
    )
    rooms.quality[0, 2] = Quality.UNCERTAIN
    buildings.add_many(["b0", "b1", "b2"])
    buildings.links["rooms"].set(0, [0, 2])
    buildings.links["rooms"].set(2, [3, 1])
    blocks = {"Room": rooms, "Building": buildings}
    view = live_view(Building, LiveReader(blocks, "Building", np.arange(3), now=NOW))
    assert np.asarray(view.load).tolist() == [101.0, 0.0, 1010.0]
    assert view.load.quality.tolist() == [Quality.UNCERTAIN, Quality.GOOD, Quality.GOOD]
    assert view.load.sigma == pytest.approx([np.sqrt(18), 0.0, np.sqrt(18)])
    assert np.asarray(view.density).tolist() == pytest.approx([5.05, 0.0, 50.5])
    assert np.asarray(total(view.rooms.power * 2)).tolist() == [202.0, 0.0, 2020.0]
    single = live_view(Building, LiveReader(blocks, "Building", 2, now=NOW))
    assert float(single.load) == 1010.0
    assert float(total(single.rooms.power)) == 1010.0
    with pytest.raises(ModelError, match="linked twins"):
        total(view.load)


def test_cycles_and_readings_show_what_is_remembered():
    """A phase is that of the column; a reading nobody told yet is missing."""
    block = Block(Heart.__pollux__)
    block.add("h1")
    block.values[block.layout.slot["beat"], 0] = 0.25
    view = live_view(Heart, LiveReader({"Heart": block}, "Heart", 0, now=NOW))
    assert float(view.beat.phase) == 0.25
    assert float(view.beat.elapsed) == 0.25
    assert int(view.highest.quality) == Quality.MISSING


def test_a_name_that_is_not_there_is_refused():
    """The reader of a view names the type and what is near."""
    with pytest.raises(NotFound, match="expected a signal of Pump, got 'tmp'"):
        LiveReader(pumps(), "Pump", 0, now=NOW).read("tmp")
