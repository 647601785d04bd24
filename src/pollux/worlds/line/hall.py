"""The twins: a machine with the rack before it, and the line as a whole with what is thought of it."""

from collections.abc import Callable

import pollux as px


class Machine(px.Twin):
    """A machine of the line, and the parts that wait before it."""

    working = px.sensor("1", low=0, high=1, every="30 s", doc="1 while it works on a part")
    blocked = px.sensor("1", low=0, high=1, every="30 s", doc="1 while it holds a part for which there is no room")
    down = px.sensor("1", low=0, high=1, every="30 s", doc="1 from its failure to the end of its repair")
    waiting = px.sensor("1", low=0, high=1000, every="30 s", doc="parts in the rack before it")
    made = px.sensor("1", low=0, doc="parts since the start of the shift")


class Hall(px.Twin):
    """The line: what it makes, and what is foreseen, as text."""

    made = px.sensor("1", low=0, every="30 s", doc="housings since the start of the shift")
    bottleneck = px.fact("text", doc="which machine holds the line up, and how one sees it")
    outlook = px.fact("text", doc="housings to be expected by the end of the shift")
    advice = px.fact("text", doc="what else could be done, with its chance and its cost")


def declared(
    title: str = "Production line", *, held_up_by: Callable[[], str | None] = lambda: None
) -> tuple[px.Site, px.Fleet[Machine], px.Fleet[Hall]]:
    """A site with the machines and their line; `held_up_by` names the bottleneck, for the page."""

    def remarks(machine: px.Handle[Machine]) -> dict[str, px.Remark]:
        return {"working": px.Remark(word="bottleneck")} if machine.id == held_up_by() else {}

    site = px.Site(title)
    machines = site.fleet(Machine, thing="machine", presenter=px.Presenter(remarks=remarks))
    halls = site.fleet(Hall, thing="line")
    site.watch(Machine, px.limit(Machine.down > 0.5, severity="medium", title="Down"))
    site.watch(Machine, px.silence(Machine.working, after="2 min", severity="medium", title="No signals"))
    return site, machines, halls
