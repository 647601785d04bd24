"""Every number on the page is what the API says, in every view and at every kind of time."""

from collections.abc import Iterator
from typing import Any

import pytest

from .numbers import WALK, Ledger
from .plant import TWIN, Plant

MODES = {"r": "replay", "ArrowLeft": "replay", "w": "whatif"}
NO_VALUES = {
    "p.clock > b",  # the clock, here and on the wall
    "p.clock > span",
    "div.right > p.clock",
    "p.badge > span",  # how far behind, or away from now
    "section.strip > p.words",  # the moment that is shown
    "p.words > b",
    "div.play > button.button",
    "header > p.note",  # how much time the bar spans, and its dates
    "div.axis > span",
    "div.when > span.meta",  # when it was
    "button.button > span",
    "li.current > span",
    "li.reached > span",
    "p.met > span",
    "button > span.key",  # the keys of options
    "p.end > span.key",
    "p.name > span.key",
    "span.one > span.key",
    "button.mark > span.more",  # how many stand here
    "div.legend > button.button",
    "footer > p",  # the version
}
"""The places of numbers that are no values, and why; everything else has a source."""


@pytest.fixture
def page(chromium: Any, boilers: Plant) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.goto(boilers.address())
    opened.wait_for_function("() => window.__pollux?.link === 'live'")
    yield opened
    context.close()


def looked(page: Any, boilers: Plant, hash_: str, seen: str, *, key: str = "") -> Ledger:
    """A view, after one key was pressed, read number by number."""
    page.goto(f"{boilers.site.server.url}{hash_}")
    page.get_by_text(seen, exact=False).first.wait_for()
    if "twins/Boiler" in hash_:
        page.get_by_role("table").first.wait_for()
    if key:
        page.keyboard.press(key)
        page.wait_for_function(f"() => window.__pollux.mode === '{MODES[key]}'")
    page.wait_for_timeout(1200)
    now = boilers.site.clock.now() / 1e9
    past = page.evaluate("() => (window.__pollux.mode === 'replay' ? window.__pollux.cursor : null)")
    ledger = Ledger(boilers.door, TWIN, now, wall="Boiler", at=past)
    ledger.read(page.evaluate(WALK))
    return ledger


VIEWS = [
    pytest.param(f"#/twins/{TWIN}", "Clogged", "", 90, id="live"),
    pytest.param(f"#/twins/{TWIN}", "Clogged", "r", 60, id="replay"),
    pytest.param(f"#/twins/{TWIN}", "Clogged", "w", 60, id="what-if"),
    pytest.param("#/fleets/Boiler", "Needs attention", "", 30, id="fleet"),
    pytest.param("#/fleets/Boiler", "Needs attention", "ArrowLeft", 20, id="fleet in replay"),
    pytest.param("#/wall/Boiler", "B-2", "", 8, id="wall"),
    pytest.param("#/twins", "Boiler B-2", "", 3, id="list"),
    pytest.param("#/refusals", "without quotes", "", 3, id="refusals"),
]


@pytest.mark.parametrize(("where", "seen", "key", "least"), VIEWS)
def test_every_number_is_what_the_api_says(
    page: Any, boilers: Plant, where: str, seen: str, key: str, least: int
) -> None:
    """Each has a source and agrees with it to half of its last shown digit."""
    ledger = looked(page, boilers, where, seen, key=key)
    assert not ledger.wrong, "\n".join(ledger.wrong)
    assert ledger.checked >= least


def test_the_list_of_numbers_that_are_no_values_is_short(page: Any, boilers: Plant) -> None:
    """Clock, dates, counts of what is shown, keys of options and the version: few kinds of place, on all views."""
    found: set[str] = set()
    for where, seen, key, _ in (one.values for one in VIEWS):
        found |= looked(page, boilers, str(where), str(seen), key=str(key)).chrome
    assert found <= NO_VALUES, "\n".join(sorted(found - NO_VALUES))


def test_a_number_without_source_and_one_that_is_off_are_found(page: Any, boilers: Plant) -> None:
    """The ledger is not blind: a bare number, a value off by one shown digit, and a wrong cell are each named."""
    looked(page, boilers, f"#/twins/{TWIN}", "Clogged")
    page.evaluate(
        """() => {
          document.querySelector('main').append('a bare 17');
          const shown = [...document.querySelectorAll('.num[data-signal="scale"]')][0];
          shown.textContent = (Number(shown.textContent) + 0.01).toFixed(2);
          document.querySelector('td b').textContent = '999';
        }"""
    )
    ledger = Ledger(boilers.door, TWIN, boilers.site.clock.now() / 1e9)
    ledger.read(page.evaluate(WALK))
    assert len(ledger.wrong) == 3, ledger.wrong
    assert any("a bare 17" in one for one in ledger.wrong)
    assert any("scale.value" in one for one in ledger.wrong)
    assert any("999" in one for one in ledger.wrong)


def test_the_measured_line_runs_into_the_future_that_was_foreseen(page: Any, boilers: Plant) -> None:
    """An hour after a fork was made its fan still stands where it was drawn, and words say how the line fares in it."""
    looked(page, boilers, f"#/twins/{TWIN}", "Clogged")
    words = page.locator('[data-field="met"][data-signal="temp"]').all_inner_texts()
    assert len(words) == 2
    assert all("inside" in one for one in words)
    assert page.get_by_text("since 17:50").first.is_visible()


def test_futures_are_in_the_units_of_their_signals(page: Any, boilers: Plant) -> None:
    """A lab may compare the chance of a signal in per cent; its fan is still of the signal, and so says the page."""
    fans = boilers.door.ask("GET", f"forks/{boilers.fork}")["fans"]["A"]
    assert {name: fan["unit"] for name, fan in fans.items()} == {"temp": "K", "scale": "mm", "worn": "1"}
    looked(page, boilers, f"#/twins/{TWIN}", "Clogged", key="w")
    shown = page.locator('[data-field="unit"][data-fork]').all_inner_texts()
    assert shown == ["K", "mm", "", "%"]


def test_the_chosen_option_says_what_it_does_to_everything_that_was_recorded(page: Any, boilers: Plant) -> None:
    """What is derived moves with the cursor, a chance is counted over the run and says so; the colours follow."""
    fork = boilers.door.ask("GET", f"forks/{boilers.fork}")
    looked(page, boilers, f"#/twins/{TWIN}", "Clogged", key="w")
    assert page.locator('[data-signal="worn"][data-fork]').first.inner_text() != "–"
    clogged = page.locator(".vital").filter(has_text="Clogged")
    assert clogged.locator(".foot").inner_text().split() == ["A", "simulated,", "in", "1", "day"]
    assert fork["chances"]["A"]["clogged"]["text"] == "in 1 day"
    feet = page.locator(".vital .foot").all_inner_texts()
    assert feet.count("not simulated") == 1, "only the pressure has no equation"
