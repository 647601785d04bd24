"""Everybody can read the page: axe finds nothing, nothing scrolls sideways, nothing complains, nobody else is asked."""

from collections.abc import Iterator
from typing import Any

import pytest

from .plant import CHOICES, TWIN, Plant

VIEWS = (
    (f"#/twins/{TWIN}", "Clogged", ""),
    (f"#/twins/{TWIN}", "Clogged", "r"),
    (f"#/twins/{TWIN}", "Clogged", "w"),
    (f"#/twins/{TWIN}", "Clogged", "?"),
    ("#/fleets/Boiler", "Needs attention", ""),
    ("#/wall/Boiler", "B-2", ""),
    ("#/twins", "Boiler B-2", ""),
    ("#/refusals", "without quotes", ""),
)
"""Where, what is seen there, and the key that is pressed: live, replay, what-if, all keys, fleet, wall, lists."""
MODES = {"r": "replay", "w": "whatif"}
SHAPES = [(theme, width) for theme in ("light", "dark") for width in (1440, 390)]


@pytest.fixture(params=SHAPES, ids=lambda shape: "-".join(map(str, shape)))
def watched(request: pytest.FixtureRequest, chromium: Any, boilers: Plant) -> Iterator[tuple[Any, list[str]]]:
    """A page in one scheme and width, and the list of its complaints and of requests elsewhere."""
    theme, width = request.param
    shape = {"width": width, "height": 900}
    context = chromium.new_context(viewport=shape, color_scheme=theme, bypass_csp=True)
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.on("request", lambda asked: None if _ours(asked.url, boilers) else wrong.append(asked.url))
    page.goto(boilers.address())
    page.wait_for_function("() => window.__pollux?.link === 'live'")
    yield page, wrong
    context.close()


def _ours(url: str, boilers: Plant) -> bool:
    assert boilers.site.server is not None
    address = boilers.site.server.url
    return url.startswith((address, address.replace("http", "ws", 1), "data:", "blob:"))


def test_every_view_can_be_read_by_everybody(watched: tuple[Any, list[str]], boilers: Plant) -> None:
    """In both schemes, wide and on a phone, axe finds no violation and the page is never wider than its window."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page, wrong = watched
    found: list[str] = []
    for where, seen, key in VIEWS:
        page.goto(f"{boilers.site.server.url}{where}")
        page.get_by_text(seen).first.wait_for()
        if "twins/Boiler" in where:
            page.get_by_role("table").first.wait_for()
        if key:
            page.keyboard.press(key)
        if key in MODES:
            page.wait_for_function(f"() => window.__pollux.mode === '{MODES[key]}'")
        page.wait_for_timeout(600)
        answer = axe.run(page).response
        assert len(answer["passes"]) > 10, "axe looked at nothing"
        for violation in answer["violations"]:
            at = [node["target"] for node in violation["nodes"]]
            found.append(f"{where} {key}: {violation['id']} ({violation['impact']}) at {at[:4]}")
        if page.evaluate("() => document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{where} {key}: wider than its window")
    assert not found, "\n".join(found)
    assert wrong == []


def test_the_panel_before_signing_can_be_read_too(watched: tuple[Any, list[str]], boilers: Plant) -> None:
    """The dialog of the first of two steps, with its lines, checks and the button of the second step."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page, wrong = watched
    page.goto(f"{boilers.site.server.url}#/twins/{TWIN}")
    page.get_by_role("button", name="Check before signing").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Close").wait_for()
    found = [(one["id"], [node["target"] for node in one["nodes"]]) for one in axe.run(page).response["violations"]]
    assert found == []
    assert wrong == []


def test_nine_options_stay_within_their_panel(watched: tuple[Any, list[str]], boilers: Plant) -> None:
    """Wide they are scrolled sideways beside the names of the rows, on a phone two stand there."""
    page, wrong = watched
    boilers.door.tried(TWIN, [choice.id for choice in CHOICES])
    page.goto(f"{boilers.site.server.url}#/twins/{TWIN}")
    compared = page.get_by_role("region", name="Options compared")
    compared.get_by_role("columnheader").nth(2).wait_for()
    wide = page.viewport_size["width"] > 1000
    assert compared.get_by_role("columnheader").count() == (1 + len(CHOICES) if wide else 3)
    inside = """(region) => {
      const panel = region.closest('section').getBoundingClientRect();
      return region.getBoundingClientRect().right <= panel.right && getComputedStyle(region).overflowX;
    }"""
    assert compared.evaluate(inside) == ("auto" if wide else "visible")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert wrong == []
