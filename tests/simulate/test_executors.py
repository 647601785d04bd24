"""One call on any executor: here, threads, processes, Dask; the results are the same, bit for bit."""

import os
import threading
import weakref
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest
from tests.simulate.models import SECOND, Decay
from tests.simulate.stiff import Growth

from pollux.columns import layout_of
from pollux.errors import SimulationError
from pollux.model.schema import schema_of
from pollux.simulate import Run, ensemble, run
from pollux.simulate import simulation as simulating

SCHEMA = schema_of(Decay)
LAYOUT = layout_of(SCHEMA)
OPTIONS = ({"u": 0.0}, {"u": 0.5}, {"u": 1.0})


def _request(members=400, **more):
    """Two twins by three options by members, in one run."""
    start = ensemble(LAYOUT, LAYOUT.start(2), ids=("A", "B"), members=members, options=OPTIONS, seed=2)
    return Run(SCHEMA, start, 0, SECOND, step=SECOND // 100, grid=SECOND // 10, record=("x",), backend="numpy", **more)


@contextmanager
def _processes():
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        yield executor


@contextmanager
def _dask():
    distributed = pytest.importorskip("distributed")
    with distributed.Client(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as client:
        yield client.get_executor()


class Lazy(Future[Any]):
    """A future whose chunk is worked on when somebody asks for a result."""

    def __init__(self, waiting: list[tuple[Future[Any], Any, Any]]) -> None:
        super().__init__()
        self.waiting = waiting

    def result(self, timeout: float | None = None) -> Any:
        while self.waiting:
            future, call, given = self.waiting.pop()
            future.set_result(call(*given))
        return super().result(timeout)


class Backwards(Executor):
    """An executor that works when it is asked for a result only, the latest chunk first."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Any, Any]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = Lazy(self.waiting)
        self.waiting.append((future, fn, args))
        return future


@contextmanager
def _backwards():
    yield Backwards()


PLACES: dict[str, Any] = {
    "threads": lambda: ThreadPoolExecutor(3),
    "processes": _processes,
    "dask": _dask,
    "backwards": _backwards,
}


@pytest.mark.parametrize("place", PLACES)
def test_the_result_is_the_same_on_every_executor(place):
    """Values, ends, integrals and failures of two twins by three options by many members, one of which fails."""
    request = _request(integrate={"area": SCHEMA.expression("x")})
    request.start[LAYOUT.place("x"), 17] = np.inf
    here = run(request)
    heard: list[float] = []
    with PLACES[place]() as executor:
        there = run(request, executor=executor, progress=heard.append)
    assert np.array_equal(here.values, there.values, equal_nan=True)
    assert np.array_equal(here.final, there.final, equal_nan=True)
    assert np.array_equal(here.integrals["area"], there.integrals["area"], equal_nan=True)
    assert np.array_equal(here.failed_at, there.failed_at)
    assert np.flatnonzero(there.failed).tolist() == [17]
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    assert len(heard) > 1


def test_compiled_kernels_are_the_same_in_another_process():
    """A compiled kernel is loaded by the workers and gives what it gives here."""
    request = replace(_request(members=200), backend="numba")
    here = run(request)
    with _processes() as executor:
        there = run(request, executor=executor)
    assert (here.backend, there.backend) == ("numba", "numba")
    assert np.array_equal(here.values, there.values)


@pytest.mark.parametrize("place", ["threads", "processes", "backwards"])
def test_noise_is_the_same_on_every_executor(place):
    """What is drawn inside of a run hangs on the member and not on the chunk or the worker."""
    schema = schema_of(Growth)
    start = layout_of(schema).start(900)
    request = Run(schema, start, 0, SECOND, step=SECOND // 50, record=("x",), backend="numpy")
    with PLACES[place]() as executor:
        there = run(request, executor=executor)
    assert np.array_equal(run(request).values, there.values)
    assert np.unique(there["x"][-1]).size == 900


def test_members_twins_and_options_are_where_they_belong():
    """Column (twin, option, member) holds the closed form of its own parameter under its own option."""
    request = _request(members=50)
    k = request.start[LAYOUT.place("k")].reshape(2, 3, 50)
    u = np.array([0.0, 0.5, 1.0])[:, None]
    with ThreadPoolExecutor(2) as threads:
        x = run(request, executor=threads)["x"][-1].reshape(2, 3, 50)
    assert x == pytest.approx(u / k + (1.0 - u / k) * np.exp(-k), rel=1e-8)
    assert np.array_equal(k[:, 0], k[:, 2])


def test_a_run_is_cancelled_while_chunks_are_away():
    """Cancelled after the first chunk: what has not begun never begins."""
    heard: list[float] = []
    with Counting(1) as threads, pytest.raises(SimulationError, match="the run was cancelled"):
        run(_request(3000), executor=threads, progress=heard.append, cancelled=lambda: bool(heard))
    assert len(heard) == 1
    assert heard[0] < 0.5


def test_what_waits_is_taken_back_when_a_run_is_cancelled(monkeypatch):
    """Chunks that wait behind somebody else's work are cancelled with the run: none begins."""
    begun: list[object] = []
    monkeypatch.setattr(simulating, "work", begun.append)
    release, answers = threading.Event(), iter([False, True])
    with ThreadPoolExecutor(1) as threads:
        threads.submit(release.wait)
        with pytest.raises(SimulationError, match="the run was cancelled"):
            run(_request(3000), executor=threads, cancelled=lambda: next(answers))
        release.set()
        threads.submit(int).result(timeout=5)
    assert not begun


def _dying(job):
    os._exit(3)


def test_a_worker_that_dies_is_an_error_of_the_run(monkeypatch):
    """A process that is killed (for memory, say) ends the run with an error that says what to do."""
    monkeypatch.setattr(simulating, "work", _dying)
    with _processes() as executor, pytest.raises(SimulationError, match="a worker died") as wrong:
        run(_request(), executor=executor)
    assert wrong.value.hint is not None


class Counting(ThreadPoolExecutor):
    """Counts how many of its futures somebody still holds."""

    most = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = super().submit(fn, *args)
        self.made = [*getattr(self, "made", []), weakref.ref(future)]
        self.most = max(self.most, sum(one() is not None for one in self.made))
        return future


def test_only_some_chunks_are_away_at_a_time(monkeypatch):
    """However many chunks there are, few are away, and those that were gathered are let go."""
    monkeypatch.setattr(simulating, "AWAY", 3)
    with Counting(2) as threads:
        run(_request(2000), executor=threads)
    assert len(threads.made) > 6
    assert threads.most <= 4  # three, and the one that a thread is just leaving


def test_outputs_beyond_the_budget_are_refused_before_anything_runs():
    """A run whose outputs would not fit says so at once, on an executor too."""
    with Counting(1) as threads, pytest.raises(SimulationError, match="expected outputs of at most"):
        run(_request(members=2000, budget=1000), executor=threads)
    assert threads.most == 0
