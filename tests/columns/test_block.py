import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.columns import NEVER, VACANT, Block, BufferPool, Quality
from pollux.errors import NotFound
from pollux.model.roles import fact
from pollux.model.twin import Twin
from tests.columns.plants import Pump

SCHEMA = Pump.__pollux__
TEMP, SPEED, WEAR, FRICTION = (SCHEMA.index[name] for name in ("temp", "speed", "wear", "friction"))


def test_a_new_twin_knows_only_what_its_class_says():
    """Measured signals are missing, beliefs are estimates with their deviation, declared numbers are good."""
    block = Block(SCHEMA)
    row = block.add("P-7")
    assert block.quality[TEMP, row] == block.quality[SPEED, row] == Quality.MISSING
    assert block.quality[WEAR, row] == block.quality[FRICTION, row] == Quality.ESTIMATED
    assert block.quality[SCHEMA.index["room"], row] == Quality.GOOD
    prior = SCHEMA.signals[FRICTION].prior
    assert prior is not None
    assert block.sigma[FRICTION, row] == pytest.approx(prior.sigma)
    assert block.event_time[TEMP, row] == NEVER
    assert np.isnan(block.desired[0, row])


def test_a_fact_begins_as_its_class_says():
    """A text and a choice with a start are known from the first moment."""

    class Boiler(Twin):
        """A boiler."""

        maker = fact("text", "unknown maker")
        fuel = fact(["gas", "oil"], "oil")

    block = Block(Boiler.__pollux__)
    block.add("B")
    assert block.texts == {0: ["unknown maker"]}
    assert block.values[block.layout.slot["fuel"]].tolist() == [1.0]
    assert block.quality[:, 0].tolist() == [Quality.GOOD, Quality.GOOD]


def test_a_block_grows_without_losing_anything():
    """Doubling keeps every number of every row."""
    block = Block(SCHEMA)
    for i in range(100):
        row = block.add(f"P-{i}")
        block.put(TEMP, [row], value=float(i), event_time=i, quality=Quality.GOOD, sigma=0.5)
    slot = block.layout.slot["temp"]
    assert block.values[slot].tolist() == [float(i) for i in range(100)]
    assert block.event_time[TEMP].tolist() == list(range(100))
    assert len(block) == block.rows == 100
    assert block.row("P-42") == 42


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 12)), max_size=40))
def test_rows_are_handed_out_as_announced(steps):
    """`next_rows` says which rows new twins get, whatever was added and removed before; no two twins share one."""
    block = Block(SCHEMA)
    for add, number in steps:
        id = f"P-{number}"
        if add and id not in block.row_of:
            announced = block.next_rows(1)
            assert [block.add(id)] == announced
        elif not add and id in block.row_of:
            assert block.ids[block.remove(id)] == VACANT
    assert sorted(block.row_of.values()) == [row for row, id in enumerate(block.ids) if id != VACANT]
    assert all(block.ids[row] == id for id, row in block.row_of.items())


def test_a_removed_twin_leaves_nothing_to_the_next_owner_of_its_row():
    """A row that is used again holds nothing of the twin before."""
    block = Block(SCHEMA)
    row = block.add("old")
    block.put(TEMP, [row], value=333.0, event_time=5, quality=Quality.GOOD)
    block.texts[SCHEMA.index["line"]][row] = "secret"
    block.want(SPEED, row, value=2000.0, when=5)
    block.remove("old")
    assert block.add("new") == row
    fresh = Block(SCHEMA)
    fresh.add("new")
    assert block.texts[SCHEMA.index["line"]][row] is None
    for (_, old), (_, new) in zip(block.memory.arrays(1), fresh.memory.arrays(1), strict=True):
        assert np.array_equal(old, new, equal_nan=old.dtype.kind == "f")


def test_what_is_asked_for_stands_beside_what_is_reported():
    """A desired value changes nothing of the reported one."""
    block = Block(SCHEMA)
    row = block.add("P-7")
    block.put(SPEED, [row], value=900.0, event_time=5, quality=Quality.GOOD)
    block.want(SPEED, row, value=1200.0, when=9)
    assert block.values[block.layout.slot["speed"], row] == 900.0
    assert (block.desired[0, row], block.desired_time[0, row]) == (1200.0, 9)


def test_a_slice_is_a_copy_of_some_rows():
    """What happens to the block later does not reach a slice, and the reverse."""
    block = Block(SCHEMA)
    rows = [block.add(f"P-{i}") for i in range(5)]
    block.put(TEMP, rows, value=np.arange(300.0, 305.0), event_time=7, quality=Quality.GOOD, sigma=0.4)
    block.texts[SCHEMA.index["line"]][3] = "l1"
    slot = block.layout.slot["temp"]
    one, some, every = block.take(3), block.take([4, 1]), block.take()
    block.put(TEMP, rows, value=0.0, event_time=8, quality=Quality.BAD)
    assert one.ids == ("P-3",)
    assert one.values[slot].tolist() == [303.0]
    assert one.texts[SCHEMA.index["line"]] == ("l1",)
    assert some.values[slot].tolist() == [304.0, 301.0]
    assert some.ids == ("P-4", "P-1")
    assert every.values[slot].tolist() == [300.0, 301.0, 302.0, 303.0, 304.0]
    assert (every.sigma[TEMP] == 0.4).all()
    assert (every.event_time[TEMP] == 7).all()
    one.values[slot] = -1.0
    assert block.values[slot, 3] == 0.0


def test_a_slice_spreads_into_members_side_by_side():
    """Each twin is repeated as often as asked, in one array, from a pool or not."""
    block, pool = Block(SCHEMA), BufferPool()
    block.add_many(["a", "b"])
    block.put(TEMP, [0, 1], value=np.array([300.0, 310.0]), event_time=1, quality=Quality.GOOD)
    slot = block.layout.slot["temp"]
    for lent in (block.take().spread(3), block.take().spread(3, pool=pool)):
        assert lent.shape == (block.layout.width, 6)
        assert lent[slot].tolist() == [300.0] * 3 + [310.0] * 3
    assert np.array_equal(block.take(1).spread(2), block.take([1]).spread(2), equal_nan=True)


def test_a_pool_lends_the_same_memory_again_and_keeps_its_limit():
    """Large buffers come back warm; beyond the limit they are let go."""
    pool = BufferPool(limit=1 << 21)
    first, second = pool.borrow(64, 2048), pool.borrow(64, 2048)
    first_base = first.base
    pool.give_back(first)
    pool.give_back(second)
    assert pool.held == 2 * 64 * 2048 * 8
    pool.give_back(np.empty(1 << 20).reshape(1024, 1024))
    assert pool.held <= 1 << 21
    assert pool.borrow(2048, 64).base is not None
    assert pool.borrow(64, 2048).base is first_base


def test_unknown_twins_and_texts_are_refused():
    """Asking for a twin that is not there, or writing a number into a text, says so."""
    block = Block(SCHEMA)
    with pytest.raises(NotFound, match="expected a Pump, got 'P-9'"):
        block.row("P-9")
    with pytest.raises(NotFound, match="numeric signal"):
        block.put(SCHEMA.index["line"], [0], value=1.0, event_time=0, quality=Quality.GOOD)
