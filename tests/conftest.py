"""Fixtures that every test may use: where data lie, which tools are there, which ports are free."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# Machines are shared: a property is held against its law, never against the clock.
settings.register_profile("pollux", deadline=None)
settings.load_profile("pollux")

REQUIRE_ALL = os.environ.get("POLLUX_REQUIRE_ALL") == "1"


@pytest.fixture(autouse=True)
def _private_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests share one cache of kernels that is not the user's, unless one is named."""
    if "POLLUX_CACHE" not in os.environ:
        monkeypatch.setenv("POLLUX_CACHE", str(Path(__file__).parent.parent / ".cache" / "kernels"))


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """The path of a program; a test whose program is missing is skipped, and where all are required it fails."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None and REQUIRE_ALL:
            pytest.fail(f"{name} is required here and missing")
        if path is None:
            pytest.skip(f"{name} is not on this machine")
        return path

    return find


@pytest.fixture(scope="session")
def data() -> Callable[[str], Path]:
    """The folder of a public data set: in $POLLUX_DATA, else beside the checkout; absent sets skip."""
    roots = [Path(p) for p in (os.environ.get("POLLUX_DATA"),) if p]
    roots.append(Path(__file__).parent.parent.parent / "shared" / "data")

    def find(name: str) -> Path:
        for root in roots:
            if (root / name).exists():
                return root / name
        pytest.skip(f"data set {name} is not here; name its folder in POLLUX_DATA")

    return find
