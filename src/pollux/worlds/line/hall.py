"""The twins: a machine with the rack before it, and the line as a whole with what is thought of it."""

from dataclasses import dataclass, field
from typing import Any, Final, final

import pollux as px

HOUR: Final = 3600.0


@final
@dataclass(slots=True)
class Board:
    """What is said on the page beside the values: the bottleneck, and a line under figures of the hall, by signal."""

    bottleneck: str = ""
    lines: dict[str, str] = field(default_factory=dict[str, str])


class Machine(px.Twin):
    """A machine of the line, and the parts that wait before it."""

    working = px.sensor("1", low=0, high=1, every="30 s", doc="working")
    blocked = px.sensor("1", low=0, high=1, every="30 s", doc="blocked")
    down = px.sensor("1", low=0, high=1, every="30 s", doc="down")
    waiting = px.sensor("1", low=0, high=1000, every="30 s", doc="parts before it")
    made = px.sensor("1", low=0, every="30 s", doc="parts made")


class Hall(px.Twin):
    """The line: what it makes, and what is foreseen of it as it stands."""

    made = px.sensor("1", low=0, every="30 s", doc="housings made")
    expected = px.fact("1", doc="housings expected by the end of the shift")
    chance = px.fact("%", doc="chance to make what is wanted")
    bottleneck = px.fact("text", doc="the machine that holds the line up")
    best = px.fact("text", doc="what is worth most for the rest of the shift")
    advice = px.fact("text", doc="why, with its chance and its price")


def declared(
    title: str = "Production line", *, board: Board | None = None
) -> tuple[px.Site, px.Fleet[Machine], px.Fleet[Hall]]:
    """A site with the machines and their line, and what stands on a board beside them."""
    said = board or Board()

    def beside_machine(machine: px.Handle[Machine]) -> dict[str, px.Remark]:
        whole = {signal.name: px.Remark(step=1.0) for signal in (Machine.waiting, Machine.made)}
        slowest = machine.id == said.bottleneck
        return whole | {"working": px.Remark(line="the bottleneck of the line" if slowest else "", step=1.0)}

    def beside_hall(_: px.Handle[Hall]) -> dict[str, px.Remark]:
        lines = {signal: px.Remark(line=line, step=1.0) for signal, line in said.lines.items()}
        return {"made": px.Remark(step=1.0)} | lines

    site = px.Site(title)
    machines = site.fleet(Machine, thing="machine", presenter=px.Presenter(remarks=beside_machine))
    halls = site.fleet(Hall, thing="line", presenter=px.Presenter(caption=caption, view=view, remarks=beside_hall))
    site.watch(Machine, px.limit(Machine.down > 0.5, severity="medium", title="Down"))
    site.watch(Machine, px.silence(Machine.working, after="2 min", severity="medium", title="No signals"))
    return site, machines, halls


def caption(line: str) -> tuple[str, str]:
    """Title and subtitle of a line."""
    return f"Line {line}", "six machines, five racks, one fitter"


def view(line: str) -> dict[str, Any]:
    """What stands where on the page of the line."""
    title, subtitle = caption(line)
    vitals = (
        ("Housings made", Hall.made, "counter"),
        ("Expected at the end", Hall.expected, "forecast"),
        ("Chance of enough", Hall.chance, "forecast"),
        ("Bottleneck", Hall.bottleneck, "forecast"),
        ("Worth most", Hall.best, "forecast"),
    )
    chart = {"label": "Housings made", "signal": "made", "note": None, "text": None, "low": 0.0, "high": None}
    return {
        "twin": f"Hall/{line}",
        "type": "Hall",
        "group": {"title": "Lines", "href": "fleets/Hall"},
        "title": title,
        "subtitle": subtitle,
        "notice": "An emulated line; no such line is there.",
        "time": {
            "past": 2 * HOUR,
            "future": HOUR / 4,
            "ranges": [
                {"label": "2 hours", "past": 2 * HOUR, "future": HOUR / 4},
                {"label": "a shift", "past": 8 * HOUR, "future": HOUR},
            ],
        },
        "vitals": [
            {"label": label, "signals": [of.name], "source": source, "text": None} for label, of, source in vitals
        ],
        "charts": [{**chart, "zero": True, "limits": []}],
        "scene": None,
        "lab": None,
        "words": {"past": "past", "live": "You see the line as it is."},
        "panels": ["alerts"],
    }
