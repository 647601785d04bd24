"""What matters most, over HTTP and on the page."""

from collections.abc import Iterator
from typing import Any

import pytest

from .client import Client
from .house import FakeHouse
from .numbers import WALK, Ledger
from .plant import TWIN, Plant

FORK = "/api/v1/forks/F-1"
ASKED = f"{FORK}/sensitivity"
PANEL = "What matters most?"


@pytest.fixture
def fork(client: Client, house: FakeHouse) -> str:
    """A fork that was run."""
    token = house.tokens["admin"]
    assert client.post("/api/v1/twins/Pump/P-1/forks", {}, token).status == 201
    assert client.post(f"{FORK}/run", {"over": "7 days", "choices": ["keep"]}, token).status == 202
    return "F-1"


def test_asked_looked_at_and_forgotten(client: Client, house: FakeHouse, fork: str) -> None:
    """202 with the place to look, an answer with bars, 204; before and after it there is nothing yet."""
    token = house.tokens["operator"]
    assert client.get(ASKED, token).json["state"] == "none"
    begun = client.post(ASKED, {"output": "temp", "over": "30 days", "method": "sobol"}, token)
    assert (begun.status, begun.headers["location"]) == (202, ASKED)
    said = client.get(ASKED, token).json
    assert (said["state"], said["method"], said["over"]) == ("done", "sobol", "30 days")
    assert [bar["name"] for bar in said["bars"]] == ["losses"]
    assert client.ask("DELETE", ASKED, token).status == 204
    assert client.get(ASKED, token).json["state"] == "none"


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({}, "$"),
        ({"output": "nothing"}, "$.output"),
        ({"output": "temp", "method": "guess"}, "$.method"),
        ({"output": "temp", "settings": {"speed": [1]}}, "$.settings[...]"),
        ({"output": "temp", "members": 10**9}, "$"),
    ],
)
def test_what_cannot_be_asked_is_422(
    client: Client, house: FakeHouse, fork: str, body: dict[str, object], at: str
) -> None:
    """With the place in the body."""
    answer = client.post(ASKED, body, house.tokens["operator"])
    assert (answer.status, answer.json["at"]) == (422, at)


def test_the_button_is_there_for_whoever_may_ask(client: Client, house: FakeHouse, fork: str) -> None:
    """What is compared stands first among the outcomes; who may only look has no button, a running fork neither."""
    button = client.get(FORK, house.tokens["operator"]).json["matters"]
    assert (button["label"], button["href"]) == (PANEL, "forks/F-1/sensitivity")
    output, method = button["asks"]
    assert [one["value"] for one in output["choices"]] == ["temp"]
    assert [one["value"] for one in method["choices"]] == ["tornado", "sobol"]
    for who in ("viewer", "reader"):
        assert client.get(FORK, house.tokens[who]).json["matters"] is None
    client.post("/api/v1/twins/Pump/P-1/forks", {"choices": ["keep"]}, house.tokens["operator"])
    assert client.get("/api/v1/forks/F-2", house.tokens["operator"]).json["matters"] is None


def test_who_drops_a_fork_forgets_what_was_asked_of_it(client: Client, house: FakeHouse, fork: str) -> None:
    """No answer outlives its fork."""
    token = house.tokens["operator"]
    client.post(ASKED, {"output": "temp"}, token)
    assert client.ask("DELETE", FORK, token).status == 204
    assert client.get(ASKED, token).status == 404
    assert house.tenants[""].sensitivities.find("F-1").state == "none"


@pytest.fixture(params=[("light", 1440), ("dark", 390)], ids=["wide", "phone"])
def browsed(request: pytest.FixtureRequest, chromium: Any, boilers: Plant) -> Iterator[Any]:
    theme, width = request.param
    shape = {"width": width, "height": 900}
    context = chromium.new_context(viewport=shape, color_scheme=theme, bypass_csp=True)
    page = context.new_page()
    page.wrong = wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.goto(boilers.address())
    page.wait_for_function("() => window.__pollux?.link === 'live'")
    page.goto(f"{boilers.site.server.url}#/twins/{TWIN}")
    yield page
    boilers.door.ask("DELETE", f"forks/{boilers.fork}/sensitivity")
    context.close()


def test_the_page_says_what_matters_most(browsed: Any, boilers: Plant) -> None:
    """One press: a sentence, bars whose places are those of the values, and nothing that axe or the console minds."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    browsed.get_by_role("button", name=PANEL).click()
    region = browsed.get_by_role("region", name=PANEL)
    region.get_by_text("share of the spread").wait_for()
    said = boilers.door.ask("GET", f"forks/{boilers.fork}/sensitivity")
    assert (said["output"], said["method"], said["state"]) == ("temp", "tornado", "done")
    assert region.get_by_role("status").inner_text() == said["words"]
    assert [one.inner_text().splitlines()[0] for one in region.locator("li").all()] == [
        bar["label"] for bar in said["bars"]
    ]
    boxes = [one.bounding_box()["width"] for one in region.locator("li:first-child .bar").all()]
    track = region.locator("li:first-child .track").bounding_box()["width"]
    first = said["bars"][0]
    span = max(bar[end] for bar in said["bars"] for end in ("at_low", "at_high")) - min(
        bar[end] for bar in said["bars"] for end in ("at_low", "at_high")
    )
    assert sum(boxes) / track == pytest.approx((first["at_high"] - first["at_low"]) / span, abs=0.02)
    ledger = Ledger(boilers.door, TWIN, boilers.site.clock.now() / 1e9, wall="Boiler")
    items = [item for item in browsed.evaluate(WALK) if "/sensitivity" in item["marks"].get("from", "")]
    ledger.read(items)
    assert ledger.checked > 10
    assert not ledger.wrong, "\n".join(ledger.wrong)
    assert [one["id"] for one in axe.run(browsed).response["violations"]] == []
    assert browsed.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert browsed.wrong == []


def test_another_outcome_and_method_are_asked_by_choosing_them(browsed: Any, boilers: Plant) -> None:
    """The chance of an event, then Sobol indices with their intervals; the button is away in replay."""
    browsed.get_by_role("button", name=PANEL).click()
    region = browsed.get_by_role("region", name=PANEL)
    region.get_by_text("share of the spread").wait_for()
    region.locator("select").nth(0).select_option("clogs")
    region.get_by_text("within 1 day").wait_for()
    region.locator("select").nth(0).select_option("scale")
    region.get_by_text("of the spread of scale").wait_for()
    region.locator("select").nth(1).select_option("sobol")
    region.get_by_text("total Sobol indices").wait_for()
    assert boilers.door.ask("GET", f"forks/{boilers.fork}/sensitivity")["method"] == "sobol"
    browsed.keyboard.press("Escape")
    browsed.locator("body").click(position={"x": 2, "y": 2})
    browsed.keyboard.press("r")
    browsed.wait_for_function("() => window.__pollux.mode === 'replay'")
    assert browsed.get_by_role("button", name=PANEL).count() == 0
    assert browsed.wrong == []
