"""The equations of a twin's class over HTTP and on the page: typeset by the browser, and nothing but text and boxes."""

import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest

import pollux as px

from .client import Client
from .house import FakeHouse, PumpClass
from .numbers import WALK, Ledger
from .plant import TWIN, Plant

TW = "/api/v1/twins/Pump/P-1"
HOSTILE = '<img src="x" onerror="window.hit=1"><mi href="javascript:1" style="color:red">v</mi><script>hit=1</script>'


def test_the_equations_of_a_class_are_told_with_their_symbols(client: Client, house: FakeHouse) -> None:
    """Every part is well-formed MathML; the table says what each symbol is, and the view names the panel."""
    token = house.tokens["operator"]
    said = client.get(f"{TW}/mathematics", token).json
    assert said["meaning"] == "A pump that warms while it turns."
    assert [group["title"] for group in said["groups"]] == [one.title for one in px.mathematics(PumpClass).sections]
    assert [one["name"] for one in said["symbols"]] == ["temp", "speed", "room", "losses"]
    assert said["symbols"][3]["value"] == "lognormal(median=0.01, spread=0.3)"
    (rate,) = said["groups"][0]["equations"]
    whole = ElementTree.fromstring(f"<math>{rate['left']}{rate['sign']}{rate['right']}</math>")
    assert "".join(whole.itertext()) == "dtempdt=losses⋅(room−temp)"
    assert "mathematics" in client.get(f"{TW}/view", token).json["panels"]


def test_who_may_see_one_signal_does_not_see_the_class(client: Client, house: FakeHouse) -> None:
    """Equations name all signals: they are there for those who may read all of the twin."""
    assert client.get(f"{TW}/mathematics", house.tokens["reader"]).status == 404
    assert "mathematics" not in client.get(f"{TW}/view", house.tokens["reader"]).json["panels"]


def test_a_class_without_a_graph_has_no_mathematics(client: Client, house: FakeHouse) -> None:
    """A type that came without its class answers as if there were nothing."""
    token = house.tokens["clinician"]
    twin = f"/api/v1/twins/Patient/{house.tenants[''].twins.names['Patient'][0]}"
    assert client.get(f"{twin}/view", token).status == 200
    assert client.get(f"{twin}/mathematics", token).status == 404


@pytest.fixture(params=[("light", 1440), ("dark", 390)], ids=["wide", "phone"])
def browsed(request: pytest.FixtureRequest, chromium: Any, boilers: Plant) -> Iterator[Any]:
    theme, width = request.param
    shape = {"width": width, "height": 900}
    context = chromium.new_context(viewport=shape, color_scheme=theme, bypass_csp=True)
    opened = context.new_page()
    opened.wrong = wrong = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    opened.goto(boilers.address())
    opened.wait_for_function("() => window.__pollux?.link === 'live'")
    yield opened
    context.close()


def shown(page: Any, boilers: Plant) -> Any:
    """The panel of the twin's page, opened."""
    page.goto(f"{boilers.site.server.url}#/twins/{TWIN}")
    page.get_by_role("button", name="Show the equations").click()
    panel = page.locator("section.panel", has=page.get_by_role("heading", name="The mathematics"))
    panel.get_by_role("heading", name="Symbols").wait_for()
    return panel


def test_the_page_shows_the_equations_to_everybody(browsed: Any, boilers: Plant) -> None:
    """Closed at first; open they are boxes of MathML that a browser has set, read by all, and nothing is wider."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    panel = shown(browsed, boilers)
    fraction = panel.locator("mfrac").first.bounding_box()
    assert fraction["height"] > 20
    assert fraction["width"] < 200
    assert panel.locator("math").first.evaluate("(one) => one instanceof MathMLElement")
    assert panel.locator("math", has_text="scale≥thick").count() == 1
    violations = axe.run(browsed).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in violations] == []
    assert browsed.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert browsed.wrong == []


def test_numbers_in_equations_are_those_of_the_api(browsed: Any, boilers: Plant) -> None:
    """Each of them says where it comes from, and stands there."""
    shown(browsed, boilers)
    ledger = Ledger(boilers.door, TWIN, boilers.site.clock.now() / 1e9, wall="Boiler")
    items = [item for item in browsed.evaluate(WALK) if "/mathematics" in item["marks"].get("from", "")]
    assert any("3600" in item["text"] for item in items)
    ledger.read(items)
    assert not ledger.wrong, "\n".join(ledger.wrong)


def test_the_page_builds_no_element_from_an_answer_but_mathematics(browsed: Any, boilers: Plant) -> None:
    """Whatever an answer holds, pictures, scripts, links and styles stay words."""

    def spoilt(route: Any) -> None:
        line = {"left": HOSTILE, "sign": "<mo>=</mo>", "right": "<mi>v</mi><script>hit=1</script>"}
        line["sign"] = '<mo href="javascript:1" style="color:red" onclick="hit=1">=</mo><svg><path d="M0 0"/></svg>'
        symbol = {"symbol": "<mi>v", "name": "v", "what": "<b>x</b>", "unit": "", "value": None, "meaning": None}
        group = {"title": "<i>States</i>", "equations": [line]}
        body = {"type": "Boiler", "meaning": "<u>m</u>", "symbols": [symbol], "groups": [group]}
        route.fulfill(content_type="application/json", body=json.dumps(body))

    browsed.route("**/mathematics", spoilt)
    panel = shown(browsed, boilers)
    assert panel.locator("img, script, svg, path, b, i, u, a").count() == 0
    assert panel.locator("math [href], math [style], math [onclick]").count() == 0
    assert browsed.evaluate("() => window.hit") is None
    assert panel.get_by_text("hit=1").count() >= 1
