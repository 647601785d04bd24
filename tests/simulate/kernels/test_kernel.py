"""Kernels: the cache is private, NumPy starts while another process compiles, links are refused."""

import os
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from tests.simulate.models import SECOND, Decay, Tank, Words

from pollux.columns import layout_of
from pollux.errors import SetupError, SimulationError
from pollux.model.equations import rate
from pollux.model.functions import exp
from pollux.model.links import links
from pollux.model.roles import hidden, parameter
from pollux.model.schema import schema_of
from pollux.model.twin import Twin
from pollux.simulate import Run, run, warm
from pollux.simulate.generate.numba_printer import numba_source
from pollux.simulate.generate.numpy_printer import numpy_source
from pollux.simulate.kernels import compile_child, kernel
from pollux.simulate.kernels.cache import cache_folder, is_warm, keep, key_of
from pollux.simulate.methods.compose import compose
from pollux.simulate.methods.rows import Task

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes of files are those of POSIX")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache of its own."""
    monkeypatch.setenv("POLLUX_CACHE", str(tmp_path / "kernels"))
    return tmp_path / "kernels"


def _request(backend="auto", members=5):
    return Run(
        schema_of(Decay), layout_of(schema_of(Decay)).start(members), 0, SECOND, step=SECOND // 10, backend=backend
    )


@posix
def test_the_folder_belongs_to_the_user_alone(folder):
    """The cache is made with mode 0700, and one that others can write to is refused: code is loaded from it."""
    assert cache_folder() == folder
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o770)
    with pytest.raises(SetupError, match="only you can write"):
        run(_request("numba"))
    assert run(_request("auto")).backend == "numpy"


def test_keys_tell_kernels_apart():
    """Every change of the source is another kernel, and the same source is the same."""
    assert key_of("a") != key_of("b")
    assert key_of("a") == key_of("a")


def test_many_may_write_the_same_kernel_at_once(tmp_path):
    """Threads that keep one source at the same moment do not trip over each other, and leave no drafts behind."""
    started = threading.Barrier(8)

    def write(source):
        started.wait()
        return keep(tmp_path, "kernel_of_all", source)

    with ThreadPoolExecutor(8) as threads:
        for _ in range(20):
            paths = set(threads.map(write, ["x = 1\n" * 1000] * 8))
            assert paths == {tmp_path / "kernel_of_all.py"}
            assert (tmp_path / "kernel_of_all.py").read_text() == "x = 1\n" * 1000
            (tmp_path / "kernel_of_all.py").unlink()
    assert list(tmp_path.iterdir()) == []


def test_numpy_starts_while_a_child_compiles(folder):
    """With a cold cache "auto" runs in NumPy and has the kernel compiled; once that is done it takes numba."""
    children = []

    def compiler(where: Path, key: str):
        children.append(compile_child.compile_in_child(where, key))
        return children[-1]

    assert run(_request(), compiler=compiler).backend == "numpy"
    assert len(children) == 1
    assert children[0].wait(120) == 0
    second = run(_request(), compiler=compiler)
    assert second.backend == "numba"
    assert len(children) == 1


class Ready:
    """A compilation that is over, well or not."""

    def __init__(self, status):
        self.waited, self._status = 0, status

    def wait(self):
        """Count who waits."""
        self.waited += 1
        return self._status


def _at_once(compilation, folder, key):
    return compilation


def test_what_would_take_numpy_long_waits_for_the_child(folder):
    """A run that keeps NumPy busy for longer than compiling takes waits, and is then done in numba."""
    program = compose(Task(schema_of(Decay)))
    for status, expected in ((0, "numba"), (1, "numpy")):
        compilation = Ready(status)
        compiler = partial(_at_once, compilation)
        found = kernel.kernel(program, members=50, backend="auto", compiler=compiler, numpy_takes=60.0)
        assert (found.backend, compilation.waited) == (expected, 1)


def test_auto_without_a_compiler_stays_with_numpy_for_short_runs(folder):
    """Nobody waits for a compiler that was not asked for."""
    assert run(_request()).backend == "numpy"
    assert not any(folder.glob("*.ready"))


def test_without_numba_everything_still_runs(monkeypatch):
    """Where numba is not installed "auto" is NumPy, and asking for numba says what to install."""
    monkeypatch.setattr(kernel, "numba_version", lambda: None)
    assert run(_request()).backend == "numpy"
    with pytest.raises(SetupError, match="expected numba"):
        run(_request(backend="numba"))


def test_warming_compiles_for_few_and_for_many(folder):
    """`warm` leaves compiled kernels for one member and for many in the cache."""
    assert list(warm(schema_of(Tank))) == ["Tank for one member", "Tank for many members"]
    program = compose(Task(schema_of(Tank), method="dopri5"))
    for width in (1, kernel.WIDTH):
        assert is_warm(folder, key_of(numba_source(program, width=width)))


def test_few_members_are_computed_one_by_one():
    """Up to three members take the scalar kernel, more the block of sixteen."""
    program = compose(Task(schema_of(Tank), method="dopri5"))
    blocks = [kernel.kernel(program, members=n, backend="numba").block for n in (1, 3, 4, 1000)]
    assert blocks == [1, 1, 16, 16]


def test_what_stands_still_is_computed_once():
    """Products of parameters leave the loop, and division by one of them becomes a product, unless strict."""

    class Hoist(Twin):
        x = hidden("1", start=1)
        a = parameter("1/s", 2)
        b = parameter("1", 3)

        @rate(x)
        def moves(self):
            return self.a * exp(self.b) * (self.x / self.b)

    loose, strict = (compose(Task(schema_of(Hoist), strict=s)) for s in (False, True))
    assert [a.op for a in loose.held if a.op == "exp"] == ["exp"]
    for program, divisions in ((loose, 0), (strict, 4)):
        ops = [a.op for a in program.step]
        assert "exp" not in ops
        assert ops.count("/") == divisions


def test_equal_stages_are_shared():
    """A rate that only depends on a phase of constant pace is evaluated once for both middle stages."""
    ops = [a.op for a in compose(Task(schema_of(Words))).step]
    assert ops.count("sqrt") == 5


def test_sources_name_no_foreign_call():
    """A generated kernel calls single-number words and nothing else."""
    program = compose(Task(schema_of(Words)))
    body = numba_source(program, width=16).split("def advance")[1]
    calls = set(re.findall(r"([A-Za-z_]\w*)\(", body)) - {"advance"}
    assert calls <= {"empty", "range", "min", "abs", "sqrt", "floor", "exp_", "log_", "sin_", "cos_", "tanh_", "pow_"}
    assert "def step(y, t0, t1, t2, h, dt, s6, s)" in numpy_source(program)


def test_totals_over_links_are_refused_clearly():
    """What a kernel cannot do yet is said, with what can."""

    class Room(Twin):
        power = hidden("W", start=1)
        rise = parameter("W/s", 1)

        @rate(power)
        def rises(self):
            return self.rise

    class House(Twin):
        rooms = links(Room)
        used = hidden("J", start=0)

        @rate(used)
        def uses(self):
            from pollux.model.links import total

            return total(self.rooms.power)

    with pytest.raises(SimulationError, match="expected a type that runs alone"):
        run(Run(schema_of(House), layout_of(schema_of(House)).start(2), 0, SECOND, step=SECOND, backend="numpy"))


def test_generated_files_are_whole(folder):
    """Only finished files with the names of kernels lie in the cache."""
    run(_request(backend="numba"))
    names = [p.name for p in folder.iterdir() if p.is_file()]
    assert all(name.startswith("kernel_") and name.endswith((".py", ".ready")) for name in names)
    assert os.listdir(folder)
    assert np.isfinite(run(_request(backend="numba")).final[0]).all()
