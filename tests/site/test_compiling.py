"""Kernels are compiled once, two at a time."""

import threading
from pathlib import Path
from typing import ClassVar

import pytest

from pollux.site import compiling
from pollux.site.compiling import Compilers


class Child:
    """A compiler that ends when it is told to."""

    started: ClassVar[list[str]] = []
    may_end: ClassVar[threading.Event] = threading.Event()

    def __init__(self, folder: Path, key: str) -> None:
        Child.started.append(key)

    def wait(self) -> int:
        Child.may_end.wait(10)
        return 0

    def poll(self) -> int | None:
        return 0 if Child.may_end.is_set() else None

    def terminate(self) -> None:
        Child.may_end.set()


def test_a_kernel_asked_for_a_hundred_times_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a kernel is asked for while it is compiled, one child is started, and the next waits for it."""
    monkeypatch.setattr(compiling, "compile_in_child", Child)
    Child.started, Child.may_end = [], threading.Event()
    compilers = Compilers()
    asked = [compilers(Path(), "a") for _ in range(100)]
    others = [compilers(Path(), key) for key in "bc"]
    assert len(set(map(id, asked))) == 1
    assert "c" not in Child.started
    Child.may_end.set()
    assert [one.wait() for one in (asked[0], *others)] == [0, 0, 0]
    assert sorted(Child.started) == ["a", "b", "c"]
    compilers.stop()


def test_at_the_end_the_child_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopping ends the child that runs and compiles nothing further."""
    monkeypatch.setattr(compiling, "compile_in_child", Child)
    Child.started, Child.may_end = [], threading.Event()
    compilers = Compilers()
    for key in "abc":
        compilers(Path(), key)
    compilers.stop()
    assert "c" not in Child.started
