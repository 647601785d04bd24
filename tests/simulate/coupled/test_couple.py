"""Coupled runs: the same system in every shape gives the same numbers."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from tests.simulate.coupled.models import SECOND, Flat, Heater, Room, bodies, columns, house, linked

from pollux.columns import NEVER, layout_of
from pollux.errors import SimulationError
from pollux.model.schema import schema_of
from pollux.simulate import CoupledRun, Feed, Run, couple, level, run, straight
from pollux.simulate.coupled.couple import work
from pollux.simulate.coupled.prepare import prepare

RECORD = {"Room": ("temp", "gain", "through_east", "highest", "average", "west.temp"), "Heater": ("power", "room.temp")}


def _run(groups, **more):
    told = {"t0": 0, "span": 1200 * SECOND, "step": 2 * SECOND, "grid": 100 * SECOND, "record": RECORD, **more}
    return CoupledRun(groups, **told)


def _same(one, other, within=0.0):
    for kind, group in one.groups.items():
        others = other[kind]
        pairs = [(group.values, others.values), (group.final, others.final), (group.failed_at, others.failed_at)]
        pairs += [(a, b) for name in group.events for a, b in zip(_seen(group, name), _seen(others, name), strict=True)]
        for a, b in pairs:
            assert (
                np.allclose(a, b, rtol=within, atol=within, equal_nan=True)
                if within
                else np.array_equal(a, b, equal_nan=a.dtype == float)
            )


def _seen(group, name):
    return group.events[name].first, group.events[name].last, group.events[name].count


def test_a_coupled_system_is_the_same_system_in_one_class():
    """Rooms and heaters that read each other move as the six equations written in one type do, events and jumps too."""
    flat = schema_of(Flat)
    start = columns(flat, 1)[:, :, 0]
    one = run(
        Run(
            flat, start, 0, 1200 * SECOND, step=2 * SECOND, grid=100 * SECOND, record=("a", "b", "p", "q"), method="rk4"
        )
    )
    outcome = couple(_run(house(), backend="numba"))
    assert outcome["Room"]["temp"][:, 0, 0] == pytest.approx(one["a"][:, 0], rel=1e-12)
    assert outcome["Room"]["temp"][:, 1, 0] == pytest.approx(one["b"][:, 0], rel=1e-12)
    assert outcome["Heater"]["power"][:, :, 0] == pytest.approx(
        np.stack([one["p"][:, 0], one["q"][:, 0]], 1), rel=1e-12
    )
    hot = outcome["Room"].events["too_hot"]
    assert hot.count[0, 0] == one.events["too_hot"].count[0] >= 1
    assert abs(hot.first[0, 0] - one.events["too_hot"].first[0]) <= 1


@pytest.mark.parametrize(("members", "twins"), [(1, 2), (1, 40), (2, 17), (20, 3), (33, 2)])
def test_numba_and_numpy_agree(members, twins):
    """Within 1e-12 whatever the lanes are, and bit for bit in strict mode."""
    run = CoupledRun(
        (bodies(members, twins),), 0, 20 * SECOND, SECOND // 10, 2 * SECOND, {"Body": ("heat", "glow", "west.glow")}
    )
    _same(couple(replace(run, backend="numba")), couple(replace(run, backend="numpy")), within=1e-12)
    strict = [couple(replace(run, backend=backend, strict=True)) for backend in ("numba", "numpy")]
    _same(*strict)
    assert strict[0]["Body"].events["hot"].count.sum() > 0


def test_members_are_cut_into_chunks_with_the_same_result():
    """Chunks, threads and some members on their own give the same bits in numba; progress ends at 1."""
    heard: list[float] = []
    group = bodies(300, 3)
    run = CoupledRun((group,), 0, 200 * SECOND, SECOND // 10, record={"Body": ("heat",)}, backend="numba")
    whole = couple(run, progress=heard.append)
    with ThreadPoolExecutor(2) as pool:
        _same(whole, couple(run, executor=pool))
    assert len(heard) > 1
    assert heard[-1] == 1.0
    some = couple(replace(run, groups=(replace(group, start=group.start[:, :, 48:68]),)))
    assert np.array_equal(some["Body"].values, whole["Body"].values[..., 48:68])


def test_a_run_goes_on_where_another_ended():
    """Two runs of half the length are one of the whole: windows, events and memories stand in the columns."""
    groups = house()
    whole = couple(_run(groups, backend="numpy"))
    half = couple(_run(groups, backend="numpy", span=600 * SECOND))
    again = tuple(type(group)(group.schema, half[group.schema.name].final, group.links) for group in groups)
    rest = couple(_run(again, backend="numpy", t0=600 * SECOND, span=600 * SECOND))
    for kind in ("Room", "Heater"):
        assert np.array_equal(rest[kind].final, whole[kind].final, equal_nan=True)


def test_what_others_gather_is_never_older_than_the_stage():
    """`through_east` is minus the neighbour's `through_west` at every recorded instant, gathered or reckoned anew."""
    outcome = couple(_run(house(rooms=4), backend="numba"))["Room"]
    temp = outcome["temp"][..., 0]
    assert outcome["through_east"][:, :-1, 0] == pytest.approx(80 * np.diff(temp, axis=1), rel=1e-12)
    assert np.array_equal(outcome["through_east"][:, -1, 0], np.zeros(13))
    assert np.array_equal(outcome["west.temp"][:, 1:], outcome["temp"][:, :-1])
    assert np.isnan(outcome["west.temp"][:, 0]).all()
    assert (outcome["highest"][-1] >= outcome["average"][-1]).all()


def test_an_event_may_look_at_a_neighbour():
    """The heater's event is about the temperature of its room, located inside the step."""
    outcome = couple(_run(house(), backend="numba", step=SECOND))
    warm = outcome["Heater"].events["warm"]
    assert warm.first[0, 0] == warm.first[1, 0] != NEVER
    fine = couple(
        _run(house(), backend="numba", step=SECOND // 10, grid=None, span=warm.first[0, 0], record={"Room": ("temp",)})
    )
    assert fine["Room"]["temp"][-1, 0, 0] == pytest.approx(293.0, abs=1e-5)


def test_inputs_are_fed_to_one_twin_or_to_all():
    """Levels and straight lines, of all members and of each its own; a twin that is not fed keeps its value."""
    times = [0, 600 * SECOND, 1200 * SECOND]
    warm = straight(times, [280.0, 290.0, 270.0])
    target = level(times[:2], np.array([[294.0, 290.0], [296.0, 300.0]]))
    feeds = (Feed("Room", "outside", warm, twin=1), Feed("Heater", "target", target))
    record = {"Room": ("outside",), "Heater": ("target", "power")}
    outcome = couple(_run(house(2), inputs=feeds, record=record, backend="numpy"))
    expected = np.interp(np.arange(13) * 100, [0, 600, 1200], [280, 290, 270])
    assert outcome["Room"]["outside"][:, 1, 0] == pytest.approx(expected)
    assert (outcome["Room"]["outside"][:, 0] == 280).all()
    assert outcome["Heater"]["target"][:, 0].tolist() == [[294.0, 290.0]] * 6 + [[296.0, 300.0]] * 7
    assert not np.array_equal(outcome["Heater"]["power"][-1, 0, 0], outcome["Heater"]["power"][-1, 0, 1])


def test_numba_feeds_what_numpy_feeds():
    """Straight lines and levels, shared and of each member its own, to one body and to all."""
    times = [0, 5 * SECOND, 10 * SECOND]
    own = straight(times, np.linspace([0.0, 0.1], [0.4, -0.3], 3))
    feeds = (Feed("Body", "source", own, twin=1), Feed("Body", "pace", level(times[:2], [0.3, 0.5])))
    run = CoupledRun((bodies(2, 3),), 0, 10 * SECOND, SECOND // 10, SECOND, {"Body": ("heat", "source")}, inputs=feeds)
    fast = couple(replace(run, backend="numba"))
    _same(fast, couple(replace(run, backend="numpy")), within=1e-12)
    assert fast["Body"]["source"][:, 1] == pytest.approx(np.linspace([0.0, 0.1], [0.4, -0.3], 11))


def test_a_failure_is_a_value_and_goes_along_links_only():
    """A member that fails is no finite number for those who read it; the other members notice nothing."""
    mass = np.full((3, 2), 50.0)
    mass[1, 1] = np.nan
    groups = house(3, mass=mass)
    outcome = couple(_run(groups, backend="numba"))
    assert outcome["Room"].failed.tolist() == [[False, True, False]] * 2
    assert outcome["Heater"].failed.tolist() == [[False, True, False]] * 2
    sound = couple(_run(house(3), backend="numba"))
    for kind in ("Room", "Heater"):
        assert (
            np.array_equal(outcome[kind].final[..., [0, 2]], sound[kind].final[..., [0, 2]], equal_nan=True)
            or kind == "Room"
        )
    assert np.array_equal(outcome["Room"]["temp"][..., [0, 2]], sound["Room"]["temp"][..., [0, 2]])


def test_a_cancelled_run_says_so():
    """Cancelling ends the run with an error that names it."""
    with pytest.raises(SimulationError, match="cancelled"):
        couple(_run(house(), backend="numpy"), cancelled=lambda: True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: {"groups": (g[0],), "record": {}}, "expected the twins of Heater too"),
        (lambda g: {"groups": (g[0], g[0])}, "expected one group for each type"),
        (lambda g: {"step": 0}, "expected a span and a step above 0"),
        (lambda g: {"step": 300 * SECOND}, "the length of a window"),
        (lambda g: {"method": "rk5"}, "expected one of rk4"),
        (lambda g: {"record": {"Wall": ("x",)}}, "expected a type of the run, got 'Wall'"),
        (lambda g: {"grid": 7 * SECOND}, "expected a grid that divides"),
        (lambda g: {"inputs": (Feed("Room", "temp", level([0], [1.0])),)}, "expected a parameter or an actuator"),
        (lambda g: {"inputs": (Feed("Room", "outside", level([0], [1.0]), twin=9),)}, "expected a twin below 2"),
        (lambda g: {"budget": 100}, "expected outputs of at most"),
        (lambda g: {"groups": (type(g[0])(g[0].schema, g[0].start, {"west": linked(None, 5)}), g[1])}, "below 2"),
        (
            lambda g: {"groups": (type(g[0])(g[0].schema, g[0].start, {"west": linked(None, (0, 1))}), g[1])},
            "one target",
        ),
        (
            lambda g: {"groups": (type(g[0])(g[0].schema, g[0].start, {"up": linked(1)}), g[1])},
            "expected a link of Room",
        ),
        (lambda g: {"groups": (type(g[0])(g[0].schema, g[0].start[:, :, 0]), g[1])}, "expected columns of shape"),
    ],
)
def test_what_cannot_be_coupled_is_refused(change, message):
    """A system that is not whole, links that lead out of it and runs that cannot be made, each with the place."""
    groups = house()
    told = {"groups": groups, "t0": 0, "span": 1200 * SECOND, "step": 2 * SECOND, "record": RECORD} | change(groups)
    with pytest.raises(SimulationError, match=message):
        couple(CoupledRun(**told))


def test_a_type_with_links_does_not_run_alone():
    """The kernel of a single type says where such a type belongs."""
    start = layout_of(schema_of(Heater)).start(1)
    with pytest.raises(SimulationError, match="expected a type that runs alone"):
        run(Run(schema_of(Heater), start, 0, SECOND, step=SECOND))
    assert schema_of(Room).links["heaters"].is_promised


def test_a_step_is_chosen_by_trying():
    """Without a step the error of a run is small beside what moves; a faster system gets shorter steps."""
    taken = {}
    for mass in (50.0, 0.5):
        run = _run(
            house(mass=mass, hot=400.0),
            step=None,
            grid=None,
            span=600 * SECOND,
            backend="numpy",
            record={"Room": ("temp",)},
        )
        outcome = couple(run)
        exact = couple(replace(run, step=outcome.step // 10))["Room"]["temp"][-1]
        assert outcome["Room"]["temp"][-1] == pytest.approx(exact, abs=2e-3)
        taken[mass] = outcome.step
    assert taken[0.5] < taken[50.0] <= 200 * SECOND
    with pytest.raises(SimulationError, match="expected a step for the method 'euler'"):
        couple(_run(house(), step=None, method="euler"))


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_job_is_a_value_that_another_process_can_do(backend):
    """A chunk goes through pickle and gives the same numbers there: nothing in it is tied to this process."""
    run = CoupledRun(
        (bodies(20, 3),), 0, 2 * SECOND, SECOND // 10, SECOND, {"Body": ("heat", "west.glow")}, backend=backend
    )
    job = prepare(run, None).whole
    here, there = work(job), work(pickle.loads(pickle.dumps(job)))
    assert np.array_equal(here.table, there.table, equal_nan=True)
    assert np.array_equal(here.recorded, there.recorded, equal_nan=True)


def test_numpy_runs_while_the_kernel_is_compiled_elsewhere(tmp_path, monkeypatch):
    """The first run of a system asks for a compilation and does not wait for it."""
    tmp_path.chmod(0o700)
    monkeypatch.setenv("POLLUX_CACHE", str(tmp_path))
    asked: list[str] = []

    class Compilation:
        def wait(self):
            raise AssertionError("nobody waits for a short run")

    def compiler(folder, key):
        asked.append((folder / f"{key}.py").read_text())
        return Compilation()

    run = CoupledRun((bodies(1, 3),), 0, SECOND, SECOND // 10)
    assert couple(run, compiler=compiler).backend == "numpy"
    assert "def advance(" in asked[0]
