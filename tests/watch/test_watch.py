"""The watch holds rules against raw values, raises each alarm once and forgets none."""

import itertools
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.columns.batch import Batch
from pollux.columns.quality import Quality, Reason
from pollux.errors import ModelError, NotFound
from pollux.watch import AlarmBook, Change, Limit, Rule, Silence, Watch
from pollux.watch.alarms import AlarmRefused

DAY = 86_400_000_000_000
SIGNALS = {"spo2": 0, "weight": 1}
IDS = ["P-1", "P-2"]
LOW = Limit("spo2", "below", 90, "high", hysteresis=1)


def batch(
    *samples: tuple[int, int, int, float], quality: Quality = Quality.GOOD, reason: Reason = Reason.NONE
) -> Batch:
    """Samples given as row, signal, event time, value."""
    n = len(samples)
    row, signal, moment, value = zip(*samples, strict=True)
    return Batch(
        row=np.array(row, np.int32),
        signal=np.array(signal, np.int32),
        event_time=np.array(moment, np.int64),
        arrival=np.array(moment, np.int64),
        value=np.array(value, np.float64),
        quality=np.full(n, quality, np.uint8),
        reason=np.full(n, reason, np.uint16),
        frame=np.arange(n, dtype=np.int32),
    )


def watching(*rules: Rule) -> tuple[Watch, AlarmBook]:
    book = AlarmBook()
    return Watch("Patient", SIGNALS, rules, book=book, thing="patient"), book


def weights(watch: Watch, values: Iterable[tuple[float, float]]) -> list[str]:
    """What is raised while weights arrive, given as day and kilograms."""
    return [a.rule for day, kg in values for a in watch.apply(batch((0, 1, int(day * DAY) + 1, kg)), IDS) if a.active]


def test_a_limit_is_raised_once_and_ends_beyond_its_hysteresis() -> None:
    """A value below the limit raises one alarm; it ends only when the value is back by the hysteresis."""
    watch, book = watching(LOW)
    assert [a.id for a in watch.apply(batch((0, 0, 1, 89.0), (0, 0, 2, 88.0)), IDS)] == ["Patient~P-1~spo2-below-90~1"]
    assert watch.apply(batch((0, 0, 3, 90.5)), IDS) == []
    assert [a.cleared for a in watch.apply(batch((0, 0, 4, 91.0)), IDS)] == [4]
    assert [a.state for a in book] == ["returned"]


def test_a_delay_waits_for_persistence() -> None:
    """With a delay a short excursion raises nothing, a long one does."""
    watch, _ = watching(Limit("spo2", "below", 90, "high", delay=10))
    assert watch.apply(batch((0, 0, 1, 80.0), (0, 0, 2, 95.0), (0, 0, 3, 80.0)), IDS) == []
    assert len(watch.apply(batch((0, 0, 13, 80.0)), IDS)) == 1


def test_twins_do_not_share_their_standing() -> None:
    """An alarm of one patient says nothing about another."""
    watch, book = watching(LOW)
    watch.apply(batch((0, 0, 1, 80.0), (1, 0, 1, 95.0)), IDS)
    assert [a.twin for a in book] == ["P-1"]


@pytest.mark.parametrize(
    ("values", "raised"),
    [
        ([(0, 80.0), (3, 82.1)], 1),
        ([(0, 80.0), (3, 82.0)], 0),
        ([(0, 80.0), (1, 80.525), (2, 81.05), (3, 81.575), (4, 82.1)], 0),
    ],
)
def test_the_weight_rule_counts_three_days(values: list[tuple[float, float]], raised: int) -> None:
    """More than 2 kg within 3 days raises; exactly 2 kg, or 2.1 kg spread over 4 days, does not."""
    watch, _ = watching(Change("weight", "rise", 2.0, 3 * DAY, "medium"))
    assert len(weights(watch, values)) == raised


def test_a_fall_may_count_the_change_itself() -> None:
    """An inclusive fall of exactly 2 kg is enough; 1.9 kg is not."""
    rule = Change("weight", "fall", 2.0, 3 * DAY, "low", inclusive=True)
    assert len(weights(watching(rule)[0], [(0, 80.0), (3, 78.0)])) == 1
    assert weights(watching(rule)[0], [(0, 80.0), (3, 78.1)]) == []


def test_silence_is_an_alarm_and_speech_ends_it() -> None:
    """No reading for longer than agreed raises; the next reading ends it."""
    watch, book = watching(Silence("spo2", 100, "low", "Oximeter silent"))
    watch.apply(batch((0, 0, 10, 97.0)), IDS)
    assert watch.tick(110, IDS) == []
    assert [a.title for a in watch.tick(111, IDS)] == ["Oximeter silent"]
    assert [a.cleared for a in watch.apply(batch((0, 0, 120, 97.0)), IDS)] == [120]
    assert not [a for a in book if a.active]


def test_a_stopped_filter_is_an_alarm() -> None:
    """Something of the house that must go on is watched by its beats."""
    watch, _ = watching(Silence("filter", 100, "high", "Estimates stand still"))
    assert watch.tick(100, IDS, {"filter": 50}) == []
    assert [a.twin for a in watch.tick(151, IDS, {"filter": 50})] == ["house"]


def test_a_doubted_value_is_shown_and_a_repeat_is_asked_for() -> None:
    """A critical value that quality doubts raises its limit at once, unconfirmed; the repeat asked for confirms."""
    watch, book = watching(LOW)
    raised = watch.apply(batch((0, 0, 1, 50.0), quality=Quality.UNCERTAIN, reason=Reason.RATE), IDS)
    assert sorted((a.rule, a.confirmed) for a in raised) == [("spo2-below-90", False), ("spo2-doubted", True)]
    assert watch.wants_repeat() == [(0, "spo2")]
    confirmed = watch.apply(batch((0, 0, 2, 51.0)), IDS)
    assert {(a.rule, a.confirmed, a.active) for a in confirmed} == {
        ("spo2-below-90", True, True),
        ("spo2-doubted", True, False),
    }
    assert watch.wants_repeat() == []
    assert len(book) == 2


def test_persistence_confirms() -> None:
    """Sixty seconds of a doubted value count as a repeat."""
    watch, _ = watching(LOW)
    watch.apply(batch((0, 0, 1, 50.0), quality=Quality.UNCERTAIN), IDS)
    assert watch.tick(59_000_000_000, IDS) == []
    assert [a.confirmed for a in watch.tick(60_000_000_001, IDS)] == [True]


def test_a_disconnected_channel_is_flagged_and_never_believed() -> None:
    """A channel that is known to be disconnected raises a doubt and no limit."""
    watch, _ = watching(LOW)
    raised = watch.apply(batch((0, 0, 1, 0.0), quality=Quality.BAD, reason=Reason.DISCONNECTED), IDS)
    assert [a.rule for a in raised] == ["spo2-doubted"]


def test_late_values_raise_but_do_not_end() -> None:
    """A value older than the last one cannot end an alarm."""
    watch, book = watching(LOW)
    watch.apply(batch((0, 0, 10, 80.0)), IDS)
    assert watch.apply(batch((0, 0, 5, 97.0)), IDS) == []
    assert [a.active for a in book] == [True]


def test_acknowledging_needs_a_reason_and_happens_once() -> None:
    """Without a reason nobody acknowledges; the first who does is kept; unknown alarms are not found."""
    watch, book = watching(LOW)
    alarm = watch.apply(batch((0, 0, 1, 80.0)), IDS)[0]
    with pytest.raises(AlarmRefused):
        book.acknowledge(alarm.id, who="nurse", reason=" ", at=2)
    assert book.acknowledge(alarm.id, who="nurse", reason="seen", at=2).acknowledged_by == "nurse"
    assert book.acknowledge(alarm.id, who="other", reason="too", at=3).acknowledged_by == "nurse"
    with pytest.raises(NotFound):
        book.acknowledge("none", who="nurse", reason="seen", at=2)


def test_an_acknowledged_alarm_leaves_when_it_is_over() -> None:
    """Seen and over: it moves to the past; over but unseen: it stays."""
    watch, book = watching(LOW)
    alarm = watch.apply(batch((0, 0, 1, 80.0)), IDS)[0]
    watch.apply(batch((0, 0, 2, 97.0)), IDS)
    assert [a.state for a in book] == ["returned"]
    book.acknowledge(alarm.id, who="nurse", reason="seen", at=3)
    assert len(book) == 0
    assert [a.id for a in book.past()] == [alarm.id]


def test_a_shelf_has_an_end() -> None:
    """A shelved alarm comes back by itself."""
    watch, book = watching(LOW)
    alarm = watch.apply(batch((0, 0, 1, 80.0)), IDS)[0]
    assert book.shelve(alarm.id, who="doctor", reason="known", until=10, at=2).state == "shelved"
    assert [a.state for a in watch.tick(10, IDS)] == ["unacknowledged"]


def test_a_full_book_sheds_the_least() -> None:
    """A lesser alarm makes room for a graver one, never the other way, and each loss is counted."""
    book = AlarmBook(capacity=1)
    watch = Watch("Patient", SIGNALS, [LOW, Limit("weight", "above", 100, "low")], book=book)
    watch.apply(batch((0, 1, 1, 120.0)), IDS)
    watch.apply(batch((0, 0, 2, 80.0)), IDS)
    watch.apply(batch((1, 1, 3, 120.0)), IDS)
    assert [a.severity for a in book] == ["high"]
    assert book.shed == 2


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.floats(60, 110)), max_size=40), st.integers(0, 40))
def test_a_frozen_watch_goes_on_as_if_nothing_had_happened(samples: list[tuple[int, int, float]], cut: int) -> None:
    """Frozen in the middle and restored elsewhere, the watch raises what the unbroken one raises."""
    rules = (LOW, Change("weight", "rise", 2.0, 20, "medium"))
    stream = [batch((row, signal, moment + 1, value)) for moment, (row, signal, value) in enumerate(samples)]
    whole, book = watching(*rules)
    first, second_book = watching(*rules)
    for one in stream:
        whole.apply(one, IDS)
    for one in stream[:cut]:
        first.apply(one, IDS)
    second = Watch("Patient", SIGNALS, rules, book=second_book, thing="patient")
    second.restore(first.freeze())
    for one in stream[cut:]:
        second.apply(one, IDS)
    assert [(a.id, a.cleared) for a in book] == [(a.id, a.cleared) for a in second_book]


THIRD = {**SIGNALS, "pulse": 2}
QUALITIES = st.sampled_from([Quality.GOOD] * 6 + [Quality.UNCERTAIN, Quality.BAD, Quality.MISSING])
SAMPLES = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.integers(0, 2),
        st.integers(1, 60),
        st.one_of(st.floats(85, 95), st.just(float("nan"))),
        QUALITIES,
        st.sampled_from([Reason.NONE] * 4 + [Reason.DISCONNECTED, Reason.RATE]),
    ),
    max_size=60,
)


@given(SAMPLES, st.lists(st.integers(1, 59), max_size=3))
def test_many_at_once_are_held_as_one_by_one(
    samples: list[tuple[int, int, int, float, Quality, Reason]], cuts: list[int]
) -> None:
    """However samples come together, the same alarms come in the same order, and the same state is left."""
    ids = [f"P-{row}" for row in range(6)]
    rules: tuple[Rule, ...] = (
        LOW,
        Limit("spo2", "above", 94, "low", delay=10),
        Change("weight", "rise", 2.0, 20, "medium"),
        Silence("spo2", 15, "low"),
    )
    alone, together = (Watch("Patient", THIRD, rules, book=AlarmBook(), thing="patient") for _ in range(2))
    every = Batch(
        row=np.array([one[0] for one in samples], np.int32),
        signal=np.array([one[1] for one in samples], np.int32),
        event_time=np.array([one[2] for one in samples], np.int64),
        arrival=np.array([one[2] for one in samples], np.int64),
        value=np.array([one[3] for one in samples], np.float64),
        quality=np.array([one[4] for one in samples], np.uint8),
        reason=np.array([one[5] for one in samples], np.uint16),
        frame=np.arange(len(samples), dtype=np.int32),
    )
    single = [a for place in range(len(every)) for a in alone.apply(every.select(np.array([place])), ids)]
    bounds = [0, *sorted({min(cut, len(every)) for cut in cuts}), len(every)]
    parts = [np.arange(start, end) for start, end in itertools.pairwise(bounds)]
    joined = [a for part in parts for a in together.apply(every.select(part), ids)]
    assert [(a.id, a.cleared, a.confirmed) for a in joined] == [(a.id, a.cleared, a.confirmed) for a in single]
    assert together.freeze() == alone.freeze()
    assert [a.id for a in together.tick(80, ids)] == [a.id for a in alone.tick(80, ids)]


def test_whoever_gets_the_row_of_a_twin_that_is_gone_begins_anew() -> None:
    """What was raised of the twin that is gone ends; the next one of the row is not silent, doubted or alarmed."""
    watch, book = watching(LOW, Silence("spo2", 15, "low"))
    watch.apply(batch((0, 0, 1, 80.0)), IDS)
    watch.apply(batch((0, 1, 1, 80.0), quality=Quality.BAD), IDS)
    ended = watch.forget(0, 5)
    assert sorted(a.rule for a in ended) == ["spo2-below-90", "weight-doubted"]
    assert all(a.cleared == 5 for a in book)
    assert watch.wants_repeat() == []
    assert watch.tick(100, IDS) == []
    assert [a.id for a in watch.apply(batch((0, 0, 101, 80.0)), ["P-9", "P-2"])] == ["Patient~P-9~spo2-below-90~101"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Limit("spo2", "below", float("nan"), "high"),
        lambda: Change("weight", "rise", 0, DAY, "low"),
        lambda: Silence("spo2", 0, "low"),
    ],
)
def test_a_senseless_rule_is_refused(make: object) -> None:
    """A limit that is no number, a change of nothing and a silence of no length are refused where they are written."""
    with pytest.raises(ModelError):
        make()  # type: ignore[operator]
