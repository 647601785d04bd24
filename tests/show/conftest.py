"""A house with an application and a client for it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pollux.show import Application
from pollux.show.pages import PAGE

from .client import Client
from .house import FakeHouse, FakeTenancy
from .plant import Plant
from .plant import plant as opened

FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    folder = tmp_path / "page"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(
        '<!doctype html><script type="module" src="./assets/index-Ab12Cd34.js"></script>'
    )
    (folder / "assets" / "index-Ab12Cd34.js").write_text("export const page = 1;\n" * 200)
    (folder / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    return folder


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The accounts of the house, made once: each of them is a sync of the disk."""
    folder = tmp_path_factory.mktemp("people")
    made = FakeHouse(folder)
    made.close()
    return folder, made.tokens


@pytest.fixture
def house(tmp_path: Path, people: tuple[Path, dict[str, str]]) -> Iterator[FakeHouse]:
    folder, tokens = people
    for file in folder.glob("accounts.db*"):
        shutil.copy(file, tmp_path / file.name)
    made = FakeHouse(tmp_path, tokens)
    yield made
    made.close()


@pytest.fixture
def plant(house: FakeHouse) -> FakeTenancy:
    return house.tenants[""]


@pytest.fixture
def app(house: FakeHouse, page: Path) -> Application:
    return Application(house, page=page)


@pytest.fixture
def client(app: Application) -> Iterator[Client]:
    made = Client(app)
    yield made
    made.close()


@pytest.fixture(scope="module")
def boilers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """A small real site, open for all tests of a module."""
    with opened(tmp_path_factory.mktemp("plant")) as open_:
        yield open_


@pytest.fixture(scope="module")
def chromium(tool: Callable[[str], str]) -> Iterator[Any]:
    """A running browser without a screen."""
    playwright = pytest.importorskip("playwright.sync_api")
    if not (PAGE / "index.html").exists():
        pytest.skip("the page is not built here")
    with playwright.sync_playwright() as tools:
        running = tools.chromium.launch(executable_path=tool("chromium"), args=FLAGS)
        yield running
        running.close()
