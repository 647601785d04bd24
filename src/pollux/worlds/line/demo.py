"""`pollux demo line`: a shift in simulated time with its promises checked, or live with a page."""

import argparse
import tempfile
import threading
from typing import Final

import pollux as px
from pollux.worlds.line.foresight import foresee, standing
from pollux.worlds.line.hall import Board, Hall, Machine, declared
from pollux.worlds.line.plant import SHIFT, ran
from pollux.worlds.line.story import FORK, LINE, TARGET, Findings, play, tell
from pollux.worlds.stage import free_port, place_of, until_told
from pollux.worlds.stage import tell as say

START: Final = "2026-03-02T06:00:00Z"
SPEED: Final = 60.0
"""Seconds of the hall in one second of the live demo: a shift is then eight minutes."""

AGAIN: Final = 5.0
"""Real seconds between two looks ahead."""

SEED: Final = 1


def run(options: argparse.Namespace) -> int:
    """Play a shift and exit 0 when every promise held, or run it live with a page until told to stop."""
    return story() if options.fast else live(options.port, options.seconds)


def story() -> int:
    """Play a shift in simulated time and print what became of it."""
    site, machines, halls = declared()
    shift = ran(px.instant(START), seed=SEED)
    clock = px.SimulatedClock(int(shift.times[0]) - 1)
    with tempfile.TemporaryDirectory() as folder, site.open(folder, clock=clock):
        findings = play(machines, halls, shift)
    _print(findings)
    checks = findings.checks()
    print("promises")
    for text, held in checks:
        print(f"  {'held    ' if held else 'NOT HELD'}  {text}")
    return 0 if all(held for _, held in checks) else 1


def _print(findings: Findings) -> None:
    foreseen = findings.foreseen
    print("A line of six machines with racks between them, and one fitter; invented, no such line is there.\n")
    print(f"{FORK // 3_600_000_000_000} hours into the shift, forked as it stands\n")
    print(f"{foreseen.bottleneck}\n")
    for one in findings.gains:
        print(f"  {one}")
    print(f"\n{foreseen}\n\n{foreseen.advice}\n")


def live(port: int, seconds: float | None) -> int:
    """Shifts with a page, one after another in simulated days; what is foreseen stands beside the twins."""
    board = Board()
    site, machines, halls = declared("Production line, emulated", board=board)
    over = until_told()
    shift = ran(px.instant(START), seed=SEED)
    clock, free = px.ScaledClock(int(shift.times[0]), speed=SPEED), free_port(port)
    with (
        tempfile.TemporaryDirectory() as folder,
        site.open(folder, http=f"127.0.0.1:{free}", clock=clock) as opened,
        px.replay(machines, shift.tapes(), every="30 s"),
        px.replay(halls, {LINE: shift.counter()}, every="30 s"),
    ):
        say(place_of(opened.page(), port, free))
        say(f"clock    {SPEED:g} s of the hall pass in each second; the shift ends after {SHIFT / 1e9 / SPEED:.0f} s")
        _look_ahead(machines, halls, board, over, seconds)
    return 0


def _look_ahead(
    machines: px.Fleet[Machine],
    halls: px.Fleet[Hall],
    board: Board,
    over: threading.Event,
    seconds: float | None,
) -> None:
    """Foresee the rest of the shift again and again, until the end."""
    clock, end = machines.live.clock, px.instant(START) + SHIFT
    left, last = seconds, ""
    while not over.wait(AGAIN if left is None else min(AGAIN, left)):
        if left is not None:
            left -= AGAIN
            if left <= 0:
                return
        rest = (end - clock.now()) / 1e9
        if rest > 60 and len(machines) == 6 and len(halls) == 1:
            foreseen = foresee(standing(machines), float(halls[LINE].now.made), rest, TARGET)
            board.bottleneck, board.lines = foreseen.bottleneck.machine, foreseen.lines()
            tell(halls, foreseen)
            if foreseen.advice != last:
                last = foreseen.advice
                say(f"advice   {last}")
