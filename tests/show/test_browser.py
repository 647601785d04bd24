"""The packaged page and the reference in a real browser, under the server's own policy."""

import http.server
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pollux.show import Application, Server, invite, serve
from pollux.show.pages import PAGE

from .house import FakeHouse, FakeTenancy

FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as tools:
        yield tools


@pytest.fixture
def open_page(browser: Any, tool: Callable[[str], str]) -> Iterator[Callable[[], tuple[Any, list[str]]]]:
    """A fresh page of the browser, and the list into which its complaints and requests elsewhere go."""
    if not (PAGE / "index.html").exists():
        pytest.skip("the page is not built here")
    running = browser.chromium.launch(executable_path=tool("chromium"), args=FLAGS)

    def opened() -> tuple[Any, list[str]]:
        page, wrong = running.new_page(viewport={"width": 1280, "height": 800}), []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        return page, wrong

    yield opened
    running.close()


@pytest.fixture
def server(house: FakeHouse) -> Iterator[Server]:
    with serve(Application(house), port=0) as running:
        yield running


def test_the_page_works_and_asks_nobody_else(
    open_page: Callable[[], tuple[Any, list[str]]], server: Server, house: FakeHouse, plant: FakeTenancy
) -> None:
    """List, twin, fleet, wall and reference load without a complaint, and every request goes to this server."""
    page, wrong = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    plant.alarms.raise_("Pump/P-1", "temp", "high", "Too hot", 361.0)
    page.goto(invite(house.accounts, "operator", server.url))
    page.get_by_text("Pump P-1").first.wait_for()
    for where, seen in (("#/twins/Pump/P-1", "301"), ("#/fleets/Pump", "Needs attention"), ("#/wall/Pump", "P-2")):
        page.goto(server.url + where)
        page.get_by_text(seen).first.wait_for()
    page.goto(f"{server.url}docs")
    page.get_by_text("/api/v1/twins/{type}/{id}/telemetry").first.wait_for()
    assert page.evaluate("() => getComputedStyle(document.body).maxWidth") == "960px"
    assert wrong == []
    assert [url for url in asked if not url.startswith((server.url, "data:", "blob:"))] == []
    assert not any("token=" in url for url in asked[1:])


def test_a_value_moves_on_the_page(
    open_page: Callable[[], tuple[Any, list[str]]], server: Server, house: FakeHouse, plant: FakeTenancy
) -> None:
    """What a device tells stands on the page a moment later, over the live wire."""
    page, wrong = open_page()
    page.goto(invite(house.accounts, "operator", server.url))
    page.goto(f"{server.url}#/twins/Pump/P-1")
    page.get_by_text("301").first.wait_for()
    plant.twins.tell("Pump/P-1", "temp", 377.0, sigma=0.4)
    page.get_by_text("377").first.wait_for()
    assert wrong == []


def test_the_page_cannot_be_framed(
    open_page: Callable[[], tuple[Any, list[str]]], server: Server, house: FakeHouse, tmp_path: Path
) -> None:
    """A page of another origin that frames ours shows nothing of it, and reads nothing with its cookie."""
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "index.html").write_text(f'<iframe id="f" src="{server.url}"></iframe><p>framed</p>')
    folder = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "evil"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), folder) as evil:
        threading.Thread(target=evil.serve_forever, daemon=True).start()
        page, _ = open_page()
        page.goto(invite(house.accounts, "operator", server.url))
        page.get_by_text("Pump P-1").first.wait_for()
        page.goto(f"http://127.0.0.1:{evil.server_port}/")
        page.get_by_text("framed").wait_for()
        inside = page.frames[1] if len(page.frames) > 1 else None
        assert inside is None or "Pump" not in inside.content()
        reads = (
            f"() => fetch('{server.url}api/v1/twins', {{credentials: 'include'}})"
            ".then(answer => answer.text(), () => 'refused')"
        )
        assert page.evaluate(reads) == "refused"
        posts = (
            f"() => fetch('{server.url}api/v1/session', {{method: 'DELETE', credentials: 'include'}})"
            ".then(() => 'sent', () => 'refused')"
        )
        assert page.evaluate(posts) == "refused"
        page.goto(server.url)
        page.get_by_text("Pump P-1").first.wait_for()
        evil.shutdown()
