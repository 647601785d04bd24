"""Every number that the page shows, with where it says it comes from, held against the API.

The page marks each of its numbers (`web/API.md`, section 12). `WALK` collects them; `Ledger` looks up what the API says
of the same twin, signal and position of the log, and names every number that has no source or does not agree to half
of its last shown digit.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote

from .plant import Door, spread

WALK = """
() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const [text, up] = [node.textContent.replace(/\\s+/g, ' ').trim(), node.parentElement];
    if (!/[0-9]/.test(text) || up.closest('script, style, noscript')) continue;
    const own = up.closest('[data-signal], [data-from], [data-chrome]');
    const own_class = (e) => [...e.classList].filter((c) => !c.startsWith('svelte-')).slice(0, 1);
    const name = (e) => [e.tagName.toLowerCase(), ...own_class(e)].join('.');
    found.push({ text, place: `${name(up.parentElement)} > ${name(up)}`, marks: own ? { ...own.dataset } : {} });
  }
  return found;
}
"""
NUMBER = re.compile(r"[-\u2212]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
NINETY = 1.6449
BAD = 3
MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass(frozen=True, slots=True)
class Shown:
    """A number as it stands on the page."""

    text: str

    @property
    def value(self) -> float:
        return float(self.text.replace(",", "").replace("\u2212", "-"))

    @property
    def half(self) -> float:
        """Half of the last shown digit, and a little for the way there in single precision."""
        digits = len(self.text.partition(".")[2])
        return 0.5 * 10.0**-digits + 1e-6 * abs(self.value)

    def agrees(self, value: float | None) -> bool:
        return value is not None and abs(self.value - value) <= self.half


def shown_in(text: str) -> list[Shown]:
    """The numbers of a text.

    >>> [one.value for one in shown_in("-1,234.5 of 12 at 3 h")], shown_in("0.50")[0].half > 0.005
    ([-1234.5, 12.0, 3.0], True)
    """
    return [Shown(found) for found in NUMBER.findall(text)]


def span(seconds: float) -> str:
    """A duration as the page writes it: its two largest units at most.

    >>> span(7_860.0), span(100_000.0), span(42.9)
    ('2 h 11 min', '1 day 3 h', '42 s')
    """
    s = max(0.0, seconds)
    if s < MINUTE:
        return f"{int(s)} s"
    if s < HOUR:
        return f"{int(s // MINUTE)} min"
    if s < DAY:
        return _two(s, HOUR, "h", MINUTE, "min")
    return _two(s, DAY, "day", HOUR, "h") if s < 2 * DAY else f"{int(s // DAY)} days"


def _two(s: float, big: int, name: str, small: int, small_name: str) -> str:
    rest = int(s % big // small)
    return f"{int(s // big)} {name}" + (f" {rest} {small_name}" if rest else "")


@dataclass
class Ledger:
    """What the API says, asked once for each address; `wrong` is what does not agree, `chrome` what is no value."""

    door: Door
    twin: str
    now: float
    wall: str = ""
    at: float | None = None
    wrong: list[str] = field(default_factory=list)
    chrome: set[str] = field(default_factory=set)
    checked: int = 0
    _known: dict[str, Any] = field(default_factory=dict)

    @property
    def moment(self) -> float:
        """What ages are counted to: now, or the moment of the replay."""
        return self.now if self.at is None else self.at

    def read(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Hold everything that was collected against the API."""
        for item in items:
            marks, text = item["marks"], item["text"]
            if "signal" in marks:
                self._value(text, marks, item["place"])
            elif "from" in marks:
                self._quote(text, str(marks["from"]), item["place"])
            elif "chrome" in marks:
                self.chrome.add(item["place"])
            else:
                self.wrong.append(f"{text!r} ({item['place']}) says not where it comes from")

    def _expect(self, ok: bool, text: str, why: str) -> None:
        self.checked += 1
        if not ok:
            self.wrong.append(f"{text!r}: {why}")

    def _get(self, path: str) -> Any:
        if path not in self._known:
            try:
                self._known[path] = self.door.ask("GET", path)
            except HTTPError as refused:
                self.wrong.append(f"{path} answers {refused.code}: {refused.read().decode()}")
                self._known[path] = None
        return self._known[path]

    # -- values of a twin ---------------------------------------------------------------------------------------------

    def _value(self, text: str, marks: Mapping[str, str], place: str) -> None:
        part = marks.get("field", "value")
        if "fork" in marks:
            self._simulated(text, marks, part)
            return
        when = f"at={marks['at']}" if "at" in marks else f"seq={marks['seq']}"
        value = self._get(f"twins/{marks['twin']}?{when}")["values"][marks["signal"]]
        if "at" not in marks:
            # What a domain says beside a value is said of now alone, not of a position in the log.
            beside = self._get(f"twins/{marks['twin']}")["values"][marks["signal"]]
            value = value | {name: beside[name] for name in ("aside", "word", "remark", "flag")}
        said = f"{marks['signal']}.{part} is {value}"
        self._expect(self._fits(text, part, value), text, said)

    def _fits(self, text: str, part: str, value: Mapping[str, Any]) -> bool:
        numbers = shown_in(text)
        if part == "value":
            known = value["value"]
            return str(known) == text if isinstance(known, str) else len(numbers) == 1 and numbers[0].agrees(known)
        if part == "interval":
            band = _band(value)
            return band is not None and [n.agrees(q) for n, q in zip(numbers, band, strict=True)] == [True, True]
        if part == "aside":
            aside = value["aside"]
            plain = {one.text for one in shown_in(aside["text"] or "")}
            return all(n.agrees(aside["value"]) or n.text in plain for n in numbers)
        allowed = {one.text for said in self._words(part, value) for one in shown_in(said)}
        return {one.text for one in numbers} <= allowed

    def _words(self, part: str, value: Mapping[str, Any]) -> list[str]:
        if part == "flag":
            flag = value["flag"]
            return [flag["text"], span(self.now - flag["since"])]
        said = [str(value[name]) for name in ("quality", "reason", "word", "remark", "unit") if value[name] is not None]
        if part == "age" and value["t"] is not None:
            said += [span(self.now - value["t"]), "day" if value["due"] == DAY else span(value["due"] or 0.0)]
        return said

    def _simulated(self, text: str, marks: Mapping[str, str], part: str) -> None:
        fork = self._get(f"forks/{marks['fork']}")
        self._expect(fork["seq"] == int(marks["seq"]), text, f"the fork is of {fork['seq']}")
        numbers = shown_in(text)
        if part == "met":
            self._expect(self._met(text, fork, marks), text, "not so many inside")
            return
        found = spread(fork, marks["option"], marks["signal"], float(marks["at"]))
        wanted = None if found is None else (found[0], found[2]) if part == "interval" else (found[1],)
        ok = wanted is not None and len(numbers) == len(wanted)
        ok = ok and all(n.agrees(q) for n, q in zip(numbers, wanted or (), strict=True))
        self._expect(ok, text, f"{marks['signal']} of option {marks['option']} is {found}")

    def _met(self, text: str, fork: Mapping[str, Any], marks: Mapping[str, str]) -> bool:
        path = (
            f"twins/{marks['twin']}/history?fields={marks['signal']}&from={fork['made']}&to={self.now + 1}&points=2000"
        )
        (series,) = self._get(path)["series"]
        inside = of = 0
        believed = [quality != BAD for quality in series["q"]] or [True] * len(series["t"])
        for t, v, good in zip(series["t"], series["v"], believed, strict=True):
            late = good and t > fork["made"] and v is not None
            found = spread(fork, marks["option"], marks["signal"], t) if late else None
            if found is not None:
                of, inside = of + 1, inside + (found[0] <= v <= found[2])
        return [one.value for one in shown_in(text)] == [inside, of]

    # -- words and figures of other documents -------------------------------------------------------------------------

    def _quote(self, text: str, address: str, place: str) -> None:
        path, _, part = address.partition("#")
        found = self._object(path, part)
        if found is None:
            self.wrong.append(f"{text!r} ({place}): nothing at {address}")
            return
        leaves = list(_leaves(found))
        words = {one.text for leaf in leaves if isinstance(leaf, str) for one in shown_in(leaf)}
        figures = [leaf for leaf in leaves if isinstance(leaf, int | float) and not isinstance(leaf, bool)]
        spans = {one.text for figure in figures for one in shown_in(span(abs(self.moment - figure)))}
        for number in shown_in(text):
            ok = number.text in words | spans or any(number.agrees(figure) for figure in figures)
            self._expect(ok, f"{number.text} in {text}", f"not in {address}")

    def _object(self, path: str, part: str) -> Any:
        """The document at an address, and the piece of it that was named."""
        found = self._document(path)
        if found is None or not part:
            return found
        if path.startswith("forks/") and not path.endswith("/sensitivity"):
            return _of_fork(found, part)
        if path.startswith("fleets/") and part.startswith("attention/"):
            return next((row for row in found["attention"] if row["twin"] == part.partition("/")[2]), None)
        if path == "twins":
            return next((row for row in found["twins"] if row["twin"] == part), None)
        if path.startswith("wall"):
            return next((tile for tile in found["tiles"] if tile["code"] == part), found.get(part))
        if path.startswith("advice/") and part not in found:
            return next((line for line in found["lines"] if line["label"] == part), None)
        if path.endswith("/marks"):
            return found if part == "gaps" else [mark for mark in found["marks"] if mark["ref"] == part]
        if "/commands/" in path and part not in found:
            return next((row for row in (found["outcome"] or {}).get("rows", ()) if row["label"] == part), None)
        return _piece(found, part.split("."))

    def _document(self, path: str) -> Any:
        when = "" if self.at is None else f"?at={self.at}"
        if path == "alarms" or path.startswith("alarms/"):
            whole = self._get(f"alarms?twin={quote(self.twin, safe='')}" + when.replace("?", "&"))
            named = path.partition("/")[2]
            return whole if not named else next((one for one in whole["alarms"] if one["id"] == named), None)
        if path.startswith("advice/"):
            cards = self._get(f"twins/{self.twin}/advice{when}")["cards"]
            return next((card for card in cards if card["id"] == path.partition("/")[2]), None)
        if path.startswith("wall"):
            return self._get(f"wall?name={self.wall}")
        if path.endswith("/marks"):
            return self._get(f"{path}?from={self.now - 60 * DAY}&to={self.now + DAY}")
        if "/commands/" in path:
            orders = self._get(f"{path.partition('/commands/')[0]}/commands{when}")["orders"]
            return next((one for one in orders if one["id"] == path.rpartition("/")[2]), None)
        ever = path == "twins" or path.startswith("forks/") or path.endswith(("/view", "/mathematics"))
        return self._get(path if ever else path + when)


def _band(value: Mapping[str, Any]) -> tuple[float, float] | None:
    if value["lo"] is not None and value["hi"] is not None:
        return value["lo"], value["hi"]
    if value["sigma"] is None:
        return None
    return value["value"] - NINETY * value["sigma"], value["value"] + NINETY * value["sigma"]


def _of_fork(fork: Mapping[str, Any], part: str) -> Any:
    """A cell of the table by "row/option", an option by its key, a field by its name."""
    label, _, key = part.rpartition("/")
    rows = [row for group in (fork["table"] or {"groups": []})["groups"] for row in group["rows"]]
    row = next((row for row in rows if row["label"] == label), None)
    if row is not None:
        return row["cells"][key]
    option = next((option for option in fork["options"] if option["key"] == part), None)
    return option if option is not None else fork["table"] if part == "table" else fork.get(part, fork)


def _piece(found: Any, names: Sequence[str]) -> Any:
    for name in names:
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list):
            return found
        else:
            return None
    return found


def _leaves(found: Any) -> list[Any]:
    if isinstance(found, dict):
        return [leaf for value in found.values() for leaf in _leaves(value)]
    if isinstance(found, list):
        return [leaf for value in found for leaf in _leaves(value)]
    return [found]
