"""numba and NumPy are printed from one list and agree; chunks, threads and blocks change nothing."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from tests.simulate.models import SECOND, Words

from pollux.columns import layout_of
from pollux.model.schema import schema_of
from pollux.simulate import Outcome, Run, level, prepare, run, straight, timing

SCHEMA = schema_of(Words)
LAYOUT = layout_of(SCHEMA)
NAMES = ("x", "y", "mixture", "seen", "beat", "a")


def _start(members):
    start = LAYOUT.start(members, np.random.default_rng(5))
    start[LAYOUT.place("x")] = np.linspace(0.2, 0.5, members)
    start[LAYOUT.place("a")] = np.linspace(0.8, 1.8, members)
    return start


def _request(members=21, **changes):
    about = {
        "record": NAMES,
        "inputs": {"a": level([0, SECOND], [1.2, 0.9]), "pace": straight([0, 2 * SECOND], [1.0, 1.1])},
        "integrate": {"work": SCHEMA.expression("mixture")},
        "ever": {"high": SCHEMA.expression("x") > 0.6},
        "backend": "numpy",
    }
    return Run(SCHEMA, _start(members), 0, 2 * SECOND, step=SECOND // 50, grid=SECOND // 4, **(about | changes))


def _numbers(outcome: Outcome):
    events = [column for one in outcome.events.values() for column in (one.first, one.last, one.count)]
    parts = [outcome.values.ravel(), outcome.final.ravel(), *outcome.integrals.values(), *outcome.ever.values()]
    return np.concatenate([*(np.asarray(p, np.float64).ravel() for p in parts), *events])


def _identical(one, other):
    return np.array_equal(_numbers(one), _numbers(other), equal_nan=True)


def test_strict_back_ends_agree_to_the_bit():
    """With strict arithmetic every number of a run is the same in numba and in NumPy: values, events, memory."""
    results = [run(_request(strict=True, backend=backend)) for backend in ("numba", "numpy")]
    assert [one.backend for one in results] == ["numba", "numpy"]
    assert _identical(*results)


def test_default_back_ends_agree_to_twelve_digits():
    """With contraction allowed numba differs from NumPy by less than 1e-12, relatively."""
    fast, slow = (run(_request(backend=backend)) for backend in ("numba", "numpy"))
    for one, other in ((fast.values, slow.values), (fast.integrals["work"], slow.integrals["work"])):
        assert np.allclose(one, other, rtol=1e-12, atol=1e-12, equal_nan=True)
    assert np.array_equal(fast.events["crosses"].count, slow.events["crosses"].count)


def test_one_member_is_computed_as_many_are():
    """The scalar kernel gives a member what the blocks give it, to the bit where arithmetic is strict."""
    many = _request(strict=True, backend="numba")
    one = run(replace(many, start=many.start[:, 4:5]))
    assert np.array_equal(one.values[:, :, 0], run(many).values[:, :, 4], equal_nan=True)


@pytest.mark.parametrize(("backend", "members"), [("numba", 150), ("numpy", 1100)])
def test_chunks_and_threads_change_nothing(backend, members, monkeypatch):
    """However a run is cut and whoever works on it, every bit is the same."""
    monkeypatch.setattr(prepare, "CHUNKS", 1)
    whole = run(_request(members=members, backend=backend))
    monkeypatch.setattr(prepare, "CHUNKS", 3)
    monkeypatch.setattr(prepare, "WORTH", 1)
    with ThreadPoolExecutor(2) as threads:
        heard: list[float] = []
        cut = run(_request(members=members, backend=backend), executor=threads, progress=heard.append)
    assert len(heard) > 1
    assert _identical(whole, cut)


def test_memory_for_rows_bounds_a_chunk(monkeypatch):
    """Where the recorded rows are many the chunks become small, with the same result."""
    whole = run(_request(members=150, backend="numba"))
    monkeypatch.setattr(prepare, "CHUNK_BYTES", 10_000)
    heard: list[float] = []
    assert _identical(whole, run(_request(members=150, backend="numba"), progress=heard.append))
    assert len(heard) == 10
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_pauses_change_nothing(monkeypatch):
    """A kernel that pauses every few steps and goes on gives the same bits."""
    whole = run(_request(backend="numba"))
    monkeypatch.setattr(timing, "MEMBER_STEPS", 150)
    assert _identical(whole, run(_request(backend="numba")))


def test_other_processes_can_do_the_work():
    """A job can be sent to another process, with its inputs, formulas and windows, and comes back the same."""
    here = run(_request(members=40))
    with ProcessPoolExecutor(1) as processes:
        there = run(_request(members=40), executor=processes)
    assert _identical(here, there)


def test_a_member_does_not_depend_on_its_neighbours():
    """Members in another order give their own results in that order."""
    order = np.random.default_rng(2).permutation(40)
    plain = _request(members=40, backend="numba")
    mixed = run(replace(plain, start=plain.start[:, order]))
    assert np.array_equal(mixed.values, run(plain).values[:, :, order], equal_nan=True)
