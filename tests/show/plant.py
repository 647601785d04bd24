"""A small real site with a value of every kind, for tests that look at its page in a browser."""

import json
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pollux as px
from pollux.clock import MINUTE, stopwatch

START = px.instant("2026-11-02T06:00:00Z")
ENGINEER = "shift-engineer"
TWIN = "Boiler/B-1"


class Boiler(px.Twin):
    """A boiler whose wall scales the hotter it runs; only its water and its pressure are measured."""

    temp = px.sensor("K", low=260, high=500, noise=0.8, every="10 min", doc="water")
    top = px.sensor("kPa", low=0, high=900, noise=6, every="1 h")
    bottom = px.sensor("kPa", low=0, high=900, noise=6, every="1 h")
    scale = px.hidden("mm", start=0.5, low=0)
    fire = px.actuator("kW", low=0, high=60, safe=10, start=30)
    room = px.parameter("K", 293)
    loss = px.parameter("1/h", 0.2)
    gain = px.parameter("K/h/kW", px.lognormal(0.5, 0.1))
    growth = px.parameter("mm/h/K", px.lognormal(2e-4, 0.4))
    thick = px.parameter("mm", 3)
    fuel = px.fact(["gas", "oil"])
    built = px.fact("text")
    leaks = px.fact("flag")
    tubes = px.fact("1", low=0, high=400)
    surveyed = px.fact("flag")

    @px.rate(temp)
    def heats(self):
        return self.gain * self.fire - self.loss * (self.temp - self.room)

    @px.rate(scale)
    def scales(self):
        return self.growth * (self.temp - self.room)

    @px.derived
    def worn(self):
        """The share of the wall that is scale."""
        return self.scale / self.thick

    @px.event
    def clogs(self):
        return self.scale >= self.thick


LIMIT = {"value": 363, "kind": "limit", "label": "limit 363"}
LAYER = {"key": "heat", "label": "Heat", "unit": "K", "from": 293, "to": 370, "from_label": "cold", "to_label": "hot"}


def view(twin: str) -> dict[str, Any]:
    """Every kind of value at the top, three charts, and parts that are listed because there is no model."""
    vital = {"source": "boiler", "text": None}
    chart: dict[str, Any] = {"note": None, "text": None, "low": None, "high": None, "zero": False, "limits": []}
    return {
        "twin": f"Boiler/{twin}",
        "type": "Boiler",
        "group": {"title": "Boilers", "href": "fleets/Boiler"},
        "title": f"Boiler {twin}",
        "subtitle": "house 3, 1998",
        "notice": None,
        "time": {"past": 43_200.0, "future": 86_400.0, "ranges": []},
        "vitals": [
            {"label": "Water", "signals": ["temp"], **vital},
            {"label": "Pressure", "signals": ["top", "bottom"], **vital},
            {"label": "Scale", "signals": ["scale"], **vital},
            {"label": "Worn", "signals": ["worn"], **vital},
            {"label": "Clogged", "signals": ["clogged"], **vital},
            {"label": "Tubes", "signals": ["tubes"], **vital},
        ],
        "charts": [
            {**chart, "label": "Water", "signal": "temp", "limits": [LIMIT]},
            {**chart, "label": "Scale", "signal": "scale"},
        ],
        "scene": {
            "title": "Boiler",
            "glb": None,
            "hint": None,
            "camera": {"position": [0, 0, 5], "target": [0, 0, 0], "fov": 30},
            "layers": [LAYER],
            "parts": [
                {"part": "drum", "kind": "metal", "label": "Drum", "signals": {"heat": "temp"}, "patches": []},
                {"part": "wall", "kind": "metal", "label": "Wall", "signals": {"heat": "scale"}, "patches": []},
            ],
        },
        "lab": {"title": "What if", "choices": [{"id": c.id, "label": c.label} for c in CHOICES]},
        "words": {"past": "past", "live": "You see the boiler as it is."},
        "panels": ["alerts", "lab", "advice", "orders", "refusals"],
    }  # fmt: skip


CHOICES = (
    px.LabChoice("keep", "Keep as is", "keep as is"),
    px.LabChoice("fire-20", "Fire at 20 kW", "20 kW", {Boiler.fire: 20.0}),
    px.LabChoice("fire-45", "Fire at 45 kW", "45 kW", {Boiler.fire: 45.0}, "hotter by day 1"),
    *(
        px.LabChoice(
            f"fire-{kilowatt}",
            f"Fire at {kilowatt} kW, uninterruptedly",
            f"{kilowatt} kW",
            {Boiler.fire: 1.0 * kilowatt},
        )
        for kilowatt in range(10, 16)
    ),
)
FIRST: Final = ("keep", "fire-20", "fire-45")


def _ends(signal: str) -> Any:
    def compare(futures: px.Futures) -> list[px.LabFigure]:
        band = futures.band(signal)
        ends = zip(band.median[:, -1], band.low[:, -1], band.high[:, -1], strict=True)
        return [px.LabFigure(float(median), float(low), float(high)) for median, low, high in ends]

    return compare


def _clogged(futures: px.Futures) -> list[px.LabFigure]:
    return [px.LabFigure(100.0 * float((row[-1] > 1).mean())) for row in futures.samples.path("scale")]


LAB = px.Lab(
    lambda _: CHOICES,
    "1 day",
    24,
    (
        px.LabRow("Benefit", "Water", "K", _ends("temp"), "temp", step=0.1),
        px.LabRow("Risk", "Scale above 1 mm", "%", _clogged, "scale", step=1.0),
    ),
    lambda futures: [px.LabFigure(-float(row[-1])) for row in futures.band("scale").median],
    not_modelled="soot",
    sources="price list of 2026",
    assumptions="ranked by scale after 1 day",
)


def remarks(boiler: Any) -> dict[str, px.Remark]:
    """A word, a second line and a second figure."""
    aside = px.Aside(value=1.5, unit="K", text="in 2 h")
    return {"temp": px.Remark(aside=aside, step=0.1), "scale": px.Remark(line="+0.1 since the sweep", word="thin")}


def scores(boiler: Any, now: int) -> list[px.Score]:
    """One score that is whole, and one that lacks what nobody told."""
    hot = px.Points("water", "temp", 2 if float(boiler.temp) > 360 else 0)
    tubes, built = px.Points("tubes", "tubes", 1), px.Points("surveyed", "surveyed", None, "not told in 30 days")
    return [px.Score("Heat", 3, (hot, tubes), "high", "Look within 2 h."), px.Score("Survey", 4, (built, tubes))]


@dataclass(frozen=True, slots=True)
class Door:
    """The front door of a site, with somebody's token."""

    url: str
    token: str

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What the site answers under `/api/v1/`."""
        request = urllib.request.Request(
            f"{self.url}api/v1/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def tried(self, twin: str, choices: list[str]) -> str:
        """A fork of a twin with these choices, run to its end; its id."""
        fork = self.ask("POST", f"twins/{twin}/forks", {"choices": choices})["id"]
        since, wait = stopwatch(), threading.Event()
        while (found := self.ask("GET", f"forks/{fork}"))["state"] == "running" and stopwatch() - since < 120:
            wait.wait(0.05)
        assert found["state"] == "done", found
        return str(fork)


@dataclass(frozen=True, slots=True)
class Plant:
    """An open site, a door to it, and the fork whose futures are shown."""

    site: Any
    door: Door
    fork: str

    def address(self) -> str:
        """A one-time address that signs in as the engineer."""
        return str(self.site.page(ENGINEER))


@contextmanager
def plant(folder: Path) -> Iterator[Plant]:
    """Two boilers after half a day: one with alarms, doubted values, estimates, futures, advice and orders."""
    site = px.Site("Boiler house", notice="Simulated boilers.")
    site.fleet(
        Boiler,
        learning=px.Learning(members=16, every="2 h"),
        outlook=px.Outlook({"clogged": (Boiler.clogs, "30 days")}, members=16, every="2 h"),
        policy=px.ApprovalPolicy(signatures=1, roles=frozenset({"administrator"})),
        presenter=px.Presenter(view=view, lab=LAB, remarks=remarks, scores=scores),
    )
    site.watch(
        Boiler,
        px.limit(Boiler.temp > 363, severity="high", title="Water above 363", hysteresis=3),
        px.change(Boiler.top, within="3 h", rise=40, severity="medium", title="Pressure rises by more than 40"),
    )
    clock = px.SimulatedClock(START)
    with site.open(folder, act=True, http="127.0.0.1:0", clock=clock) as live:
        live.accounts.add(ENGINEER, kind="person", roles={"administrator"}, twins=["*"])
        assert live.server is not None
        door = Door(live.server.url, live.accounts.issue(ENGINEER).secret)
        _put(door)
        for tenth in range(72):
            live.advance_to(START + tenth * 10 * MINUTE)
            _tell(door, live.clock.now(), tenth)
        fork = door.tried(TWIN, [*FIRST])
        _order(door)
        # An hour later the measured line has walked into the fan.
        for tenth in range(72, 79):
            live.advance_to(START + tenth * 10 * MINUTE)
            _tell(door, live.clock.now(), tenth)
        yield Plant(live, door, fork)


def _put(door: Door) -> None:
    facts = {"fuel": "gas", "built": "Leeds, 1998", "leaks": False, "tubes": 212}
    for twin in ("B-1", "B-2"):
        door.ask("PUT", f"twins/Boiler/{twin}", {"values": facts})


def _tell(door: Door, now: int, tenth: int) -> None:
    """What the devices of B-1 say at one moment; now and then something that nobody can believe."""
    told: dict[str, Any] = {"t": now / 1e9, "temp": 357.0 + 7.0 * (tenth / 72) + 0.6 * ((7 * tenth) % 5 - 2)}
    if tenth % 6 == 0:
        told |= {"top": 310.0 + tenth, "bottom": 290.0 + 0.4 * tenth}
    if tenth == 40:
        told["temp"] = 900.0
    door.ask("POST", f"twins/{TWIN}/telemetry", told)
    if tenth == 41:
        door.ask("POST", f"twins/{TWIN}/telemetry", {"t": now / 1e9, "temp": "7,5"})


def _order(door: Door) -> None:
    """One order that waits for its signature, and one that was cancelled."""
    for number, (kilowatt, reason) in enumerate(((25.0, "less scale by 2027"), (40.0, "a cold night, -12 outside"))):
        body = {"id": f"o-{number}", "name": "set", "params": {"fire": kilowatt}, "reason": reason}
        door.ask("POST", f"twins/{TWIN}/commands", body | {"expires_at": "2026-11-03T06:00:00Z"})
    door.ask("POST", f"twins/{TWIN}/commands/o-0/cancel", {"reason": "not before 10:00"})


def spread(answer: Mapping[str, Any], option: str, signal: str, at: float) -> tuple[float, float, float] | None:
    """What a fork says of a signal at a moment (5 %, 50 %, 95 %), linear in its grid, or of a chance over the run."""
    if (chance := answer["chances"].get(option, {}).get(signal)) is not None:
        return chance["lo"], chance["value"], chance["hi"]
    fan, grid = answer["fans"].get(option, {}).get(signal), answer["grid"]
    if fan is None or not grid[0] <= at <= grid[-1]:
        return None
    right = next(i for i, t in enumerate(grid) if t >= at)
    left = max(0, right - 1)
    share = 0.0 if right == left else (at - grid[left]) / (grid[right] - grid[left])
    low, middle, high = (fan[q][left] + share * (fan[q][right] - fan[q][left]) for q in ("p5", "p50", "p95"))
    return low, middle, high
