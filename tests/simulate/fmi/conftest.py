"""FMUs that tests may open: compiled from the sources beside, pinned by hash, in a cache of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.simulate.fmi.building import fmu

from pollux.simulate.fmi.archive import digest_of


@pytest.fixture(scope="session")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    folder.chmod(0o700)
    return folder


@pytest.fixture(autouse=True)
def _own_folders(_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is unpacked and found out is kept for a session; what is installed for a test."""
    monkeypatch.setenv("POLLUX_CACHE", str(_cache))
    monkeypatch.setenv("POLLUX_FMUS", str(tmp_path / "installed"))


@pytest.fixture
def built(tool) -> Callable[..., Path]:
    """`fmu` of `building`, where there is a compiler."""
    tool("gcc")
    return fmu


@pytest.fixture
def opened(built) -> Callable[..., object]:
    """An FMU of the tests, opened by its hash."""
    pytest.importorskip("fmpy")
    from pollux.simulate.fmi import open_fmu

    def open_(*what, **more):
        path = built(*what, **more)
        return open_fmu(path, sha256=digest_of(path))

    return open_
