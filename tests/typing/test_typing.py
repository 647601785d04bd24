"""Two type checkers, both strict, see through the words of a model.

The lines that they must refuse stand in a text file, or the checks of the repository itself would stumble over them.
"""

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import pollux as px

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
MARK = "# wrong: "
MODELS = ("--allow-untyped-defs", "--allow-incomplete-defs", "--allow-untyped-calls", "--check-untyped-defs")

Complaints = dict[int, str]


def mypy(file: Path) -> Complaints:
    """The lines of a file that mypy refuses, with what it says."""
    command = [sys.executable, "-m", "mypy", "--no-error-summary", *MODELS, str(file)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert found.returncode in (0, 1), found.stdout + found.stderr
    lines = re.findall(rf"{file.name}:(\d+): error: (.*)$", found.stdout, re.MULTILINE)
    return {int(number): text for number, text in lines}


def pyright(file: Path) -> Complaints:
    """The lines of a file that pyright refuses, with what it says."""
    command = [sys.executable, "-m", "pyright", "--outputjson", str(file)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    if not found.stdout.startswith("{"):
        pytest.skip(f"pyright cannot run here: {(found.stderr or found.stdout)[:200]}")
    said = json.loads(found.stdout)["generalDiagnostics"]
    return {one["range"]["start"]["line"] + 1: one["message"] for one in said if one["severity"] == "error"}


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_what_users_write_is_accepted(checker: Callable[[Path], Complaints]):
    """Equations without annotations, symbols, objectives and views pass a strict checker, with the types they claim."""
    assert checker(HERE / "accepted.py") == {}


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_what_is_wrong_is_refused(checker: Callable[[Path], Complaints], tmp_path: Path):
    """A checker refuses every line that is marked as wrong, and no other line."""
    file = Path(shutil.copy(HERE / "refused.txt", tmp_path / "refused.py"))
    lines = (HERE / "refused.txt").read_text(encoding="utf-8").splitlines()
    wrong = {number: line.partition(MARK)[2] for number, line in enumerate(lines, 1) if MARK in line}
    assert len(wrong) > 20
    found = checker(file)
    assert {number: wrong[number] for number in wrong if number not in found} == {}
    assert {number: found[number] for number in found if number not in wrong} == {}


@cache
def symbols() -> list[dict[str, Any]]:
    """What pyright knows of every symbol of the package."""
    command = [sys.executable, "-m", "pyright", "--verifytypes", "pollux", "--ignoreexternal", "--outputjson"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280)
    if not found.stdout.startswith("{"):
        pytest.skip(f"pyright cannot run here: {(found.stderr or found.stdout)[:200]}")
    return list(json.loads(found.stdout)["typeCompleteness"]["symbols"])


def test_the_words_of_a_model_are_completely_typed():
    """No name of the model leaves a checker guessing: every public type is written down."""
    model = [one for one in symbols() if one["name"].startswith("pollux.model.")]
    assert len(model) > 300
    assert [one["name"] for one in model if not one["isTypeKnown"] or one["isTypeAmbiguous"]] == []


def test_every_public_name_and_member_is_annotated():
    """No name of `pollux.__all__` and no member of a public class is without a written type."""
    public = {place for name in px.__all__ for place in places(name)}
    own = [one for one in symbols() if one["name"] in public or one["name"].rpartition(".")[0] in public]
    assert len(own) > 500
    guessed = [
        one["name"] for one in own if any("missing type annotation" in said["message"] for said in one["diagnostics"])
    ]
    assert guessed == []


def places(name: str) -> list[str]:
    """Where a public name is written: its own line, a class with what it inherits from us, or a function."""
    found = getattr(px, name)
    parts = found.__mro__ if inspect.isclass(found) else [found] if inspect.isfunction(found) else []
    return [
        f"pollux.{name}",
        *(f"{one.__module__}.{one.__qualname__}" for one in parts if one.__module__ != "builtins"),
    ]
