"""`pollux demo incubator`: the story in simulated time, or an emulated box live with a page."""

import argparse
import tempfile
import threading
from collections.abc import Iterable
from typing import Final

import pollux as px
from pollux.worlds.incubator.box import Incubator, declared
from pollux.worlds.incubator.experiments import SECOND, Experiment, published
from pollux.worlds.incubator.story import HEADING, PROMISED, Score, play
from pollux.worlds.incubator.synthetic import synthetic
from pollux.worlds.stage import free_port, place_of, tell, until_told

SPEED: Final = 20.0
"""Seconds of the box in one second of the live demo: the filter's 15 s are then most of one."""

START: Final = "2026-01-01T08:00:00Z"
SEED: Final = 1

ON_BELOW: Final = 36.0
OFF_ABOVE: Final = 38.0
"""degC between which the live demo holds the box: the range that the experiments of 2023 were controlled in."""

ABOUT: Final = f"""\
online     each reading beside what was foreseen of it at the last update, 0 to 15 s before: root mean square, K
last       beside the last reading known then: what knowing no physics gives
10 min     ten minutes ahead, told what the heater will do; the room taken to stay as it is
published  the published model with its four parameters, left to itself from the first reading on
ratio      online / published; promised: at most {PROMISED:g}"""


def run(options: argparse.Namespace) -> int:
    """Play the experiments and exit 0 when every promise held, or run the emulated box until told to stop."""
    return story(_experiments()) if options.fast else live(options.port, options.seconds)


def story(experiments: Iterable[Experiment]) -> int:
    """Play experiments through the front door of a site in simulated time, and print how well they were foreseen."""
    chosen = tuple(experiments)
    site, boxes = declared()
    clock = px.SimulatedClock(int(chosen[0].times[0]) - 60 * SECOND)
    print(HEADING, flush=True)
    scores: list[Score] = []
    with tempfile.TemporaryDirectory() as folder, site.open(folder, clock=clock):
        for experiment in chosen:
            scores.append(play(boxes, experiment))
            print(scores[-1], flush=True)
    print(f"\n{ABOUT}\n")
    held = sum(score.held for score in scores)
    print(f"{held} of {len(scores)} promises held")
    return 0 if held == len(scores) else 1


def _experiments() -> tuple[Experiment, ...]:
    """The published ones, or, where they are not, those made by code, and a line that says so."""
    try:
        found = published()
    except px.SetupError as missing:
        print(f"{missing.message}: fetch it with `{missing.hint}`.")
        print("SYNTHETIC experiments, made by code, are played instead: no box was there.\n")
        return synthetic()
    print("Experiments with the real incubator of the INTO-CPS Association, 2020 to 2023.\n")
    return found


def live(port: int, seconds: float | None) -> int:
    """One emulated box with a page; its heater is switched by orders of this program, as any controller would."""
    site, boxes = declared("Incubator, emulated")
    over = until_told()
    clock, free = px.ScaledClock(px.instant(START), speed=SPEED), free_port(port)
    with (
        tempfile.TemporaryDirectory() as folder,
        site.open(folder, act=True, http=f"127.0.0.1:{free}", clock=clock) as opened,
        px.emulate(boxes, 1, every="3 s", seed=SEED),
    ):
        tell(place_of(opened.page(), port, free))
        tell(f"clock    {SPEED:g} s of the box pass in each second")
        _control(boxes["I-1"], over, seconds)
    return 0


def _control(box: px.Handle[Incubator], over: threading.Event, seconds: float | None) -> None:
    """Switch the heater once a second where need be, until the end."""
    turns = 0
    while not over.wait(1.0) and (seconds is None or turns < seconds):
        turns += 1
        air, heater = float(box.now.air) - 273.15, float(box.now.heater)
        if air < ON_BELOW and heater < 1:
            box.set({Incubator.heater: 1.0}, reason=f"{air:.1f} degC, below {ON_BELOW:g}")
        elif air > OFF_ABOVE and heater > 0:
            box.set({Incubator.heater: 0.0}, reason=f"{air:.1f} degC, above {OFF_ABOVE:g}")
