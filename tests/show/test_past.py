"""History, marks and cycles over HTTP, and the laws of decimation."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.clock import HOUR, SECOND
from pollux.columns.quality import Quality
from pollux.show.compose import decimate
from pollux.show.facts import Turn
from pollux.show.live.frames import FrameKind, read

from .client import Client
from .house import NOW, FakeHouse, FakeTenancy

PATH = "/api/v1/twins/Pump/P-1/history"
T = NOW / SECOND
LAST_HOUR = f"from={T - 3600}&to={T}"


def test_raw_samples_are_the_samples(client: Client, house: FakeHouse) -> None:
    """Without points the samples themselves come, with quality, and with arrival and position when asked for."""
    answer = client.get(f"{PATH}?fields=temp,arrived,seq,quality&{LAST_HOUR}", house.tokens["viewer"]).json
    series = answer["series"][0]
    assert (series["field"], series["unit"], series["raw"], len(series["t"])) == ("temp", "K", True, 3_600)
    assert series["arrived"][0] == series["t"][0] + 1
    assert series["seq"][:3] == [0, 1, 2]
    assert series["q"][100] == Quality.UNCERTAIN
    assert series["gaps"] == [{"from": T - 3600, "to": T - 3540, "text": "no cuff"}]


def test_a_picture_has_two_samples_a_column(client: Client, house: FakeHouse) -> None:
    """With points at most twice as many samples come, and neither peak nor trough is lost."""
    raw = client.get(f"{PATH}?fields=temp&{LAST_HOUR}", house.tokens["viewer"]).json["series"][0]
    drawn = client.get(f"{PATH}?fields=temp&{LAST_HOUR}&points=50", house.tokens["viewer"]).json["series"][0]
    assert not drawn["raw"]
    assert len(drawn["t"]) <= 100
    assert (max(drawn["v"]), min(drawn["v"])) == (max(raw["v"]), min(raw["v"]))
    assert Quality.UNCERTAIN in drawn["q"]
    few = client.get(f"{PATH}?fields=temp&from={T - 10}&to={T}&points=50", house.tokens["viewer"]).json["series"][0]
    assert few["raw"]


def test_an_aggregate_is_one_figure_a_column(client: Client, house: FakeHouse) -> None:
    """`agg` gives the mean, the sum or the count of each column; without points it means nothing."""
    token = house.tokens["viewer"]
    counts = client.get(f"{PATH}?fields=temp&{LAST_HOUR}&points=10&agg=count", token).json["series"][0]
    assert sum(counts["v"]) == 3_600
    assert counts["unit"] == "1"
    assert client.get(f"{PATH}?fields=temp&{LAST_HOUR}&agg=mean", token).status == 422


def test_history_is_as_known_then(client: Client, house: FakeHouse) -> None:
    """With `at` nothing after that moment is in the answer."""
    answer = client.get(f"{PATH}?fields=temp&{LAST_HOUR}&at={T - 1800}", house.tokens["viewer"]).json
    assert max(answer["series"][0]["t"]) <= T - 1800


@pytest.mark.parametrize(
    "query", [f"fields=temp&from={T}&to={T}", f"fields=nothing&{LAST_HOUR}", "from=yesterday", "from=1e300", "points=0"]
)
def test_what_makes_no_sense_is_refused(client: Client, house: FakeHouse, query: str) -> None:
    """An empty stretch, an unknown field, a time that is none and no columns are 422, with the place."""
    answer = client.get(f"{PATH}?{query}", house.tokens["viewer"])
    assert (answer.status, answer.json["at"][0]) == (422, "?")


def test_a_field_that_may_not_be_seen_is_unknown(client: Client, house: FakeHouse) -> None:
    """Asking for an invisible field reads like asking for one that does not exist; the default leaves it out."""
    token = house.tokens["reader"]
    hidden = client.get(f"{PATH}?fields=wear&{LAST_HOUR}", token)
    unknown = client.get(f"{PATH}?fields=waer&{LAST_HOUR}", token)
    assert hidden.status == unknown.status == 422
    assert hidden.body.replace(b"wear", b"waer") == unknown.body
    shown = client.get(f"{PATH}?{LAST_HOUR}&points=5", token).json
    assert [series["field"] for series in shown["series"]] == ["temp"]


def test_marks_hold_alarms_and_orders(client: Client, house: FakeHouse, plant: FakeTenancy) -> None:
    """Alarms stand where they were raised, orders at their last step, and only those that may be seen."""
    plant.alarms.raise_("Pump/P-1", "temp", "high", "Too hot")
    plant.alarms.raise_("Pump/P-1", "wear", "low", "Worn")
    body = {"id": "o-1", "name": "set", "params": {"speed": 2000}, "expires_at": T + 60}
    assert client.post("/api/v1/twins/Pump/P-1/commands", body, house.tokens["operator"]).status == 202
    path = f"/api/v1/twins/Pump/P-1/marks?from={T - 60}&to={T + 60}"
    marks = client.get(path, house.tokens["viewer"]).json["marks"]
    assert sorted((mark["kind"], mark["state"]) for mark in marks) == [
        ("alarm", "raised"), ("alarm", "raised"), ("order", "approved"),
    ]  # fmt: skip
    assert [mark["ref"] for mark in client.get(path, house.tokens["reader"]).json["marks"]] == ["Pump~P-1~temp~high"]


def test_a_turn_is_one_binary_frame(client: Client, house: FakeHouse, plant: FakeTenancy) -> None:
    """The cycle comes as a frame of kind 4, row by row; who may not see a column gets nothing."""
    path, token = "/api/v1/twins/Patient/H-1/cycle", house.tokens["clinician"]
    assert len(read(client.get(path, token).body).values) == 0
    plant.twins.cycle = Turn(("pulse", "name"), np.arange(6.0).reshape(3, 2), NOW, 0.25, 7)
    answer = client.get(path, token)
    frame = read(answer.body)
    assert (answer.headers["content-type"], frame.kind) == ("application/octet-stream", FrameKind.CYCLE)
    assert (frame.values.tolist(), frame.dt, frame.seq) == ([0, 1, 2, 3, 4, 5], 0.25, 7)
    house.accounts.add("half", kind="person", roles={"viewer"}, twins=["Patient/H-1/pulse"])
    assert client.get(path, house.accounts.issue("half").secret).status == 404


SERIES = st.lists(
    st.tuples(st.integers(0, 10_000), st.floats(-1e6, 1e6) | st.just(float("nan"))), min_size=1, max_size=200
).map(lambda pairs: sorted(pairs, key=lambda pair: pair[0]))


@given(SERIES, st.integers(1, 60))
def test_no_peak_is_ever_lost(pairs: list[tuple[int, float]], points: int) -> None:
    """Of each column the least and the greatest value stay, in their order, and never more than two."""
    time, value = np.array([t for t, _ in pairs]), np.array([v for _, v in pairs])
    width = decimate.column_width(0, 10_001, points)
    places = decimate.extremes(time, value, width)
    assert (np.diff(places) > 0).all()
    assert len(places) <= 2 * points
    for column in np.unique(time // width):
        inside, kept = value[time // width == column], value[places][time[places] // width == column]
        assert 1 <= len(kept) <= 2
        if not np.isnan(inside).all():
            assert (np.nanmin(kept), np.nanmax(kept)) == (np.nanmin(inside), np.nanmax(inside))


@given(SERIES, st.integers(1, 1_000), st.integers(1, 50))
def test_columns_are_aligned_to_absolute_time(pairs: list[tuple[int, float]], width: int, cut: int) -> None:
    """Cutting off whole columns at the beginning changes nothing in those that are left: peaks do not flicker."""
    time, value = np.array([t for t, _ in pairs]), np.array([v for _, v in pairs])
    later = time >= cut * width
    whole = decimate.extremes(time, value, width)
    part = np.flatnonzero(later)[decimate.extremes(time[later], value[later], width)]
    assert part.tolist() == [place for place in whole.tolist() if later[place]]


@given(SERIES, st.integers(1, 1_000), st.sampled_from(["mean", "min", "max", "sum", "count", "last"]))
def test_aggregates_equal_a_slow_reference(pairs: list[tuple[int, float]], width: int, how) -> None:
    """Each aggregate equals the one computed column by column."""
    time, value = np.array([t for t, _ in pairs]), np.array([v for _, v in pairs])
    slow: dict[str, Any] = {"mean": np.mean, "min": np.min, "max": np.max, "sum": np.sum, "count": len}
    starts, figures = decimate.aggregate(time, value, width, how)
    good = ~np.isnan(value)
    columns = np.unique(time[good] // width)
    parts = [value[good][time[good] // width == column] for column in columns]
    expected = [slow[how](part) if how in slow else part[-1] for part in parts]
    assert starts.tolist() == (columns * width).tolist()
    np.testing.assert_allclose(figures, expected, rtol=1e-12, atol=1e-6)


def test_a_fan_never_looks_narrower(client: Client) -> None:
    """What stays of a fan bears the outermost edges of its column."""
    from pollux.show.compose.history import Picture
    from pollux.show.facts import Field, Samples

    n, rng = 1_000, np.random.default_rng(1)
    time = np.arange(n) * SECOND
    middle = rng.normal(size=n)
    low, high = middle - rng.uniform(1, 2, n), middle + rng.uniform(1, 2, n)
    samples = Samples(1, time, middle, np.full(n, Quality.ESTIMATED, np.uint8), low=low, high=high)
    series = Picture(0, n * SECOND, 10, None, frozenset()).series(Field("x", "estimate", "1"), samples, ())
    assert min(v for v in series.lo if v is not None) == low.min()
    assert max(v for v in series.hi if v is not None) == high.max()
    assert len(series.t) <= 20


def test_a_doubted_stretch_keeps_its_mark() -> None:
    """One uncertain sample among thousands marks its column."""
    quality = np.full(1_000, Quality.GOOD, np.uint8)
    quality[503] = Quality.BAD
    worst = decimate.worst_quality(np.arange(1_000), quality, 100)
    assert set(worst[500:600].tolist()) == {Quality.BAD}
    assert set(worst[:500].tolist()) == {Quality.GOOD}
    assert HOUR > 0


def test_a_cycle_gives_the_columns_that_are_asked_for(client: Client, house: FakeHouse, plant: FakeTenancy) -> None:
    """In the order asked; a column that the turn has not is refused by its name."""
    path, token = "/api/v1/twins/Patient/H-1/cycle", house.tokens["clinician"]
    plant.twins.cycle = Turn(("pulse", "name"), np.arange(6.0).reshape(3, 2), NOW, 0.25, 7)
    assert read(client.get(f"{path}?fields=name", token).body).values.tolist() == [1.0, 3.0, 5.0]
    refused = client.get(f"{path}?fields=flow", token)
    assert refused.status == 422
    assert b"flow" in refused.body
