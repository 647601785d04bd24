"""The heart demo: a man of 62 with chronic heart failure and his twin, live, on a calendar that runs fast."""

import argparse
import signal
import socket
import tempfile
import threading
from importlib import import_module
from importlib.util import find_spec
from typing import Final

import pollux as px
from pollux.worlds.heart import history, home
from pollux.worlds.heart.grades import NOTICE
from pollux.worlds.heart.man import DAY, HOUR, Illness, Lives, Man, wearables
from pollux.worlds.heart.story import PATIENT

START: Final = "2026-11-02T00:00:00Z"
ILL: Final = Illness(begins=11.0, ends=21.0)
LOST: Final = (5 * DAY + 6 * HOUR, 6 * DAY + 18 * HOUR)
"""When he does not use his cuff, from the start on."""


def run(options: argparse.Namespace) -> int:
    """Play the world as asked: a real recording, its story in simulated time, or live with a page."""
    if options.record:
        return recorded(options)
    return fast() if options.fast else live(options)


def recorded(options: argparse.Namespace) -> int:
    """Replay a real recording in the bedside world; raises SetupError where this installation has none."""
    if find_spec("pollux.worlds.bedside") is None:
        raise px.SetupError("this installation has no recordings to replay", at="--record", hint="leave it out")
    return int(import_module("pollux.worlds.bedside.demo").run(options))


def fast() -> int:
    """The story in simulated time with its checks: not there yet, so it is refused rather than half told."""
    raise px.SetupError(
        "the story of the heart in simulated time is not there yet", hint="pollux demo heart runs it live"
    )


def live(options: argparse.Namespace) -> int:
    """The same patient on a calendar that runs fast, with a page; ends at Ctrl-C, SIGTERM or after some seconds."""
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    clock = px.ScaledClock(px.instant(START), speed=86_400.0 / options.day)
    declared = home.declare()
    port = _free(options.port)
    start = px.instant(START)
    lives, sensors = Lives(start, (ILL,), seed=3), wearables(lost=((start + LOST[0], start + LOST[1]),))
    with (
        tempfile.TemporaryDirectory() as folder,
        declared.site.open(folder, act=True, http=f"127.0.0.1:{port}", clock=clock) as site,
    ):
        taken = "" if port == options.port else f" (port {options.port} is taken)"
        print(f"{NOTICE}\n{site.page()}{taken}", flush=True)
        begun = history.DEMO.since(px.instant(START))
        declared.told = dict(begun.told)
        with px.emulate(declared.patients, ids=[PATIENT], every="1 h", obeys=Man, life=lives, sensors=sensors, seed=5):
            over.wait(options.seconds)
    print(NOTICE, flush=True)
    return 0


def _free(wanted: int) -> int:
    """The port that is wanted, or a free one where it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return 0
