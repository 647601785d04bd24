"""Followers: what they say does not depend on how messages are batched, and goes on from a snapshot."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.check import Agree, DeviceClock, Gap, OtherUnit, mqtt
from pollux.check.following.rows import Rows
from pollux.columns import Message, Reason
from pollux.watch import AlarmBook, Limit, Watch
from tests.check.follow import SCHEMA, Followed, said

CHECKS = (DeviceClock("5 s"), OtherUnit("temp_a", "degF", "K"), Agree(["temp_a", "temp_b", "temp_c"], within="2 K"))

values = st.fixed_dictionaries(
    {"temp_a": st.sampled_from([20.0, 20.4, 68.0, 293.0, 25.0, 500.0])},
    optional={"temp_b": st.sampled_from([20.0, 21.0, 30.0]), "temp_c": st.sampled_from([293.15, 294.0])},
)
sent = st.lists(
    st.tuples(values, st.sampled_from([0.1, 0.2, 3600.0, -20.0]), st.sampled_from(["O-1", "O-2"])),
    min_size=1,
    max_size=40,
)


def messages(some) -> list[Message]:
    return [said(told, 10.0 * k, t=10.0 * k - delay, id=id) for k, (told, delay, id) in enumerate(some)]


@settings(max_examples=40, deadline=None)
@given(sent, st.lists(st.integers(0, 40), max_size=5))
def test_however_messages_are_batched_the_state_and_the_verdicts_are_the_same(some, cuts):
    """Bit for bit: one batch, one by one, or cut anywhere."""
    told = messages(some)
    whole, pieces = Followed(*CHECKS), Followed(*CHECKS)
    at_once = whole.hear(*told).reason.tolist()
    edges = sorted({0, len(told), *(cut for cut in cuts if cut < len(told))})
    in_pieces = [one for a, b in itertools.pairwise(edges) for one in pieces.hear(*told[a:b]).reason.tolist()]
    assert in_pieces == at_once
    assert pieces.state() == whole.state()


@settings(max_examples=20, deadline=None)
@given(sent, st.integers(0, 40))
def test_a_snapshot_and_the_rest_give_the_whole(some, cut):
    """What followers remember is in the mirror's snapshot."""
    told = messages(some)
    whole, first, rest = Followed(*CHECKS), Followed(*CHECKS), Followed(*CHECKS)
    whole.hear(*told)
    first.hear(*told[:cut])
    rest.block.add_many(first.block.ids)
    from pollux.columns import freeze, restore

    restore(rest.block, freeze(first.block))
    rest.mirror.restore(first.mirror.freeze())
    if told[cut:]:
        rest.hear(*told[cut:])
    assert rest.state() == whole.state()


def test_a_row_that_is_given_away_begins_anew():
    """A twin that is removed leaves nothing to whoever gets its row."""
    followed = Followed(OtherUnit("temp_a", "K"))
    for k in range(20):
        followed.hear(said({"temp_a": 293.0}, k))
    assert followed.inspector.unit_of(0, 0) == "K"
    followed.mirror.remove("Oven", "O-1")
    assert followed.inspector.unit_of(0, 0) is None


def test_rows_of_another_shape_begin_anew():
    """A snapshot of a rule with other sizes is not taken for one of this."""
    rows = Rows({"ring": np.full(3, np.nan)})
    rows.reserve(2)
    rows.resume({"ring": np.zeros((2, 4))})
    assert np.isnan(rows["ring"]).all()
    rows.resume({"ring": np.zeros((1, 3))})
    assert not rows["ring"][0].any()


def test_a_gap_marks_the_first_value_after_it():
    """By a declared time, or by five of its own intervals; what comes late fills it."""
    for rule in (Gap("1 min"), Gap()):
        followed = Followed(mappings=[mqtt(doubts={"level": [rule]})])
        why = [one for k in range(10) for one in followed.reasons(said({"level": 1}, 10 * k))]
        assert why == ["NONE"] * 10
        assert followed.reasons(said({"level": 1}, 90 + 61, t=151)) == ["GAP"]
        assert followed.reasons(said({"level": 1}, 161, t=161)) == ["NONE"]


def test_a_rhythm_must_be_known_before_a_gap_is():
    """The first values of a device that begins slowly mark none."""
    followed = Followed(mappings=[mqtt(doubts={"level": [Gap()]})])
    assert [followed.reasons(said({"level": 1}, t)) for t in (0, 1, 100, 10_000)] == [["NONE"]] * 4


def test_a_doubted_value_still_raises_its_alarm():
    """A limit looks at the raw value: that others contradict a sensor hides nothing; the alarm is not confirmed."""
    followed = Followed(CHECKS[2])
    watch = Watch("Oven", SCHEMA.index, (Limit("temp_a", "above", 360.0, "high"),), book=AlarmBook())
    followed.hear(said({"temp_a": 20.0, "temp_b": 20.0, "temp_c": 293.15}, 0))
    batch = followed.hear(said({"temp_a": 95.0, "temp_b": 20.0, "temp_c": 293.15}, 1))
    assert [int(one) for one in batch.reason] == [Reason.CROSS, 0, 0]
    raised = watch.apply(batch, followed.block.ids)
    assert [(one.signal, one.confirmed) for one in raised if one.rule != "temp_a-doubted"] == [("temp_a", False)]


@pytest.mark.parametrize("checks", [(), CHECKS])
def test_what_is_good_stays_good(checks):
    """A quiet fleet is not doubted by any rule."""
    followed = Followed(*checks)
    rng = np.random.default_rng(1)
    for k in range(200):
        a, b, c = 40 + rng.normal(0, 0.2, 3)
        why = followed.reasons(said({"temp_a": a, "temp_b": b, "temp_c": c + 273.15}, k, t=k - rng.exponential(0.3)))
        assert set(why) == {"NONE"}


def test_a_gap_is_no_reason_to_check_the_sensor():
    """A doubt asks for a check, in words; the first value after a gap does not."""
    followed = Followed(CHECKS[2], mappings=[mqtt(doubts={"temp_a": [Gap("1 min")]})])
    watch = Watch("Oven", SCHEMA.index, (), book=AlarmBook())
    followed.hear(said({"temp_a": 20.0, "temp_b": 20.0, "temp_c": 293.15}, 0))
    late = followed.hear(said({"temp_a": 20.0}, 100))
    assert [Reason(one).name for one in late.reason] == ["GAP"]
    assert watch.apply(late, followed.block.ids) == []
    wrong = followed.hear(said({"temp_a": 95.0, "temp_b": 20.0, "temp_c": 293.15}, 110))
    (raised,) = watch.apply(wrong, followed.block.ids)
    assert Reason.CROSS.sentence in raised.detail
