"""The heart demo: a man of 62 with chronic heart failure and his twin, live or told fast in simulated time."""

import argparse
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Final

import pollux as px
from pollux.worlds.heart.directing import Director
from pollux.worlds.heart.grades import NOTICE
from pollux.worlds.heart.story import PATIENT, START
from pollux.worlds.heart.telling import tell as told_fast
from pollux.worlds.heart.ward import opened
from pollux.worlds.stage import free_port, place_of, tell, until_told

DAY: Final = 86_400.0


def run(options: argparse.Namespace) -> int:
    """Play the world as asked: a real recording, its story in simulated time, or live with a page."""
    if options.record:
        return int(import_module("pollux.worlds.bedside.demo").run(options))
    return told_fast() if options.fast else live(options)


def live(options: argparse.Namespace) -> int:
    """The same story on a calendar that runs fast, with a page; ends at Ctrl-C, SIGTERM or after some seconds."""
    over, port = until_told(), free_port(options.port)
    tell(f"{NOTICE}\nThe first days pass quickly; then a day takes {options.day:g} s.")
    clock = px.ScaledClock(START, speed=DAY / options.day)

    def greet(site: px.LiveSite) -> None:
        tell(place_of(site.page(), options.port, port))
        # Whoever opens the page asks for the heart first of all: it is made before anything else is worked at.
        site.rooms.presenter.scene("Patient", PATIENT)

    with (
        tempfile.TemporaryDirectory() as folder,
        opened(Path(folder), clock, http=f"127.0.0.1:{port}", greet=greet) as ward,
        Director(ward, clock, usual=DAY / options.day, say=tell),
    ):
        over.wait(options.seconds)
    tell(NOTICE)
    return 0
