"""The story told fast: six steps in simulated time, their numbers, and whether every promise held."""

import tempfile
from pathlib import Path

import pollux as px
from pollux.worlds.heart import acts
from pollux.worlds.heart.acts import Told
from pollux.worlds.heart.grades import NOTICE
from pollux.worlds.heart.man import DAY, HOUR
from pollux.worlds.heart.story import CHAPTERS, HEADER, START
from pollux.worlds.heart.ward import Ward, opened

MEMBERS = 24
"""Members of each option: as many as a story of a minute bears."""

ACUTE = ("loop+1", "sglt2", "arni", "beta+1", "mra")
"""What is tried again when he is congested."""

LATEST = 19
"""The day by which the scale must have raised its alarm."""


def tell() -> int:
    """Tell the story and print whether its promises held; 0 when all did."""
    promises: list[tuple[str, bool]] = []
    print(f"{HEADER}\n", flush=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        opened(Path(folder), px.SimulatedClock(START), outlook="1000 days", tried=MEMBERS) as ward,
    ):
        _told(0, acts.made(ward), promises)
        orders = [_changed(ward, promises)]
        _reach(ward, 10)
        _told(2, acts.streamed(ward), promises, day=10)
        orders.append(_alarmed(ward, promises))
        _reach(ward, (ward.live.clock.now() - START) / DAY + 9)
        _told(5, acts.happened(ward, orders), promises, day=(ward.live.clock.now() - START) / DAY)
    print("promises")
    for text, held in promises:
        print(f"  {'held    ' if held else 'NOT HELD'}  {text}")
    print(f"\n{NOTICE}")
    return 0 if all(held for _, held in promises) else 1


def _changed(ward: Ward, promises: list[tuple[str, bool]]) -> str:
    """Two days of listening, then everything is tried and the first change is signed."""
    _reach(ward, 2.4)
    told, _, card = acts.tried(ward)
    signed, order = acts.signed(ward, card, "he has gained weight since he came, pressure allows it")
    _told(1, _joined(told, signed), promises, day=2.4)
    return order


def _alarmed(ward: Ward, promises: list[tuple[str, bool]]) -> str:
    """He falls ill; the scale alarms; the change is tried on the twin, signed, read and taken."""
    filling: list[float] = []
    alarm = None
    while alarm is None and (ward.live.clock.now() - START) / DAY < LATEST:
        ward.live.advance_to(ward.live.clock.now() + HOUR)
        filling.append(float(ward.man.truth("filling")[0]))
        alarm = acts.alarmed(ward) if ward.live.clock.now() // HOUR % 24 == 9 else None
    if alarm is None:
        raise px.SimulationError(f"expected the scale's alarm by day {LATEST}, got none", at="the story")
    _told(3, acts.sudden(ward, alarm, filling), promises, day=(ward.live.clock.now() - START) / DAY)
    labs = acts.examined_again(ward)
    told, _, card = acts.tried(ward, ACUTE)
    told.lines.insert(0, labs)
    signed, order = acts.signed(ward, card, "congested: weight, pressure and estimate agree")
    _told(4, _joined(told, signed), promises, day=(ward.live.clock.now() - START) / DAY)
    return order


def _reach(ward: Ward, day: float) -> None:
    ward.live.advance_to(START + round(day * DAY))


def _joined(one: Told, other: Told) -> Told:
    return Told(one.lines + other.lines, one.promises + other.promises)


def _told(chapter: int, told: Told, promises: list[tuple[str, bool]], *, day: float = 0.0) -> None:
    title = CHAPTERS[chapter]
    print(f"({title.number}) Day {day:.0f}. {title.title}")
    for line in told.lines:
        print(f"    {line}")
    print(flush=True)
    promises += told.promises
