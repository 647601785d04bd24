import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.columns import Block, Quality, freeze, restore
from pollux.columns.parcel import pack, unpack
from pollux.errors import StorageError
from tests.columns.plants import Building, Heart, Pump

SCHEMA = Pump.__pollux__
TEMP, LINE, HERE = (SCHEMA.index[name] for name in ("temp", "line", "here"))


def filled(values: list[float]) -> Block:
    block = Block(SCHEMA)
    for i, value in enumerate(values):
        row = block.add(f"P-{i}")
        block.put(TEMP, [row], value=value, event_time=i, quality=Quality.GOOD, sigma=0.4)
        block.texts[LINE][row] = f"line {i}" if i % 2 else None
    return block


@settings(deadline=None)
@given(st.lists(st.floats(250, 420), min_size=1, max_size=20), st.data())
def test_a_block_comes_back_as_it_was(values, data):
    """Freezing what was restored gives the same bytes, vacant rows, texts and all."""
    block = filled(values)
    for id in data.draw(st.lists(st.sampled_from(block.ids), max_size=3, unique=True)):
        block.remove(id)
    frozen = freeze(block)
    other = Block(SCHEMA)
    other.add("somebody else")
    restore(other, frozen)
    assert freeze(other) == frozen
    assert other.row_of == block.row_of
    assert other.next_rows(3) == block.next_rows(3)
    assert other.texts == block.texts


def test_equal_states_give_equal_bytes_whatever_their_history():
    """Neither capacity nor the counter of changes is part of the state."""
    one, other = filled([300.0, 310.0]), Block(SCHEMA)
    other.memory.reserve(5000)
    other.add_many(["P-0", "P-1"])
    other.put(TEMP, [0, 1], value=1.0, event_time=9, quality=Quality.BAD)
    other.put(
        TEMP, [0, 1], value=np.array([300.0, 310.0]), event_time=np.array([0, 1]), quality=Quality.GOOD, sigma=0.4
    )
    other.texts[LINE][1] = "line 1"
    assert freeze(one) == freeze(other)


def test_links_are_part_of_a_snapshot():
    """Which twins belong to which comes back too."""
    block = Block(Building.__pollux__)
    block.add_many(["b1", "b2"])
    block.links["rooms"].set(1, [4, 2])
    other = Block(Building.__pollux__)
    restore(other, freeze(block))
    assert other.links["rooms"].of(1).tolist() == [4, 2]


def test_a_restored_block_tells_whoever_holds_it():
    """Rows may have other owners now: the epoch says so."""
    block = filled([300.0])
    before = block.epoch
    restore(block, freeze(block))
    assert block.epoch > before


def test_another_model_is_refused_and_nothing_changes():
    """A snapshot belongs to the model as it was declared."""
    block = Block(Heart.__pollux__)
    block.add("h1")
    with pytest.raises(StorageError, match="expected a snapshot of the model Heart"):
        restore(block, freeze(filled([300.0])))
    assert block.ids == ["h1"]


def test_a_newer_version_is_refused_with_a_way_out():
    """An older Pollux does not guess what a newer one wrote."""
    parcel = unpack("block", 1, freeze(filled([300.0])))
    newer = pack("block", 2, parcel.head, parcel.arrays)
    with pytest.raises(StorageError, match=r"version 1 or older, got 2[\s\S]*newer Pollux"):
        restore(Block(SCHEMA), newer)


@settings(deadline=None)
@given(st.integers(0, 10**6))
def test_cut_bytes_are_refused(cut):
    """Whatever is missing at the end, a clear error comes out."""
    whole = freeze(filled([300.0, 301.0]))
    with pytest.raises(StorageError):
        restore(Block(SCHEMA), whole[: cut % len(whole)])
