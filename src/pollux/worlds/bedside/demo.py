"""`pollux demo heart --record`: a real bedside record through the front door, in simulated time or live with a page."""

import argparse
import contextlib
import signal
import socket
import tempfile
import threading
from typing import Final

import pollux as px
from pollux.worlds.bedside.bed import NOTICE, declared
from pollux.worlds.bedside.records import START, Record, recorded, synthetic
from pollux.worlds.bedside.story import BED, Findings, play

DAY: Final = 86_400.0


def run(options: argparse.Namespace) -> int:
    """Play the record: with `fast` in simulated time, 0 when every promise held; else live, a day in `day` seconds."""
    record = _record()
    return story(record) if options.fast else live(record, options.port, options.day, options.seconds)


def story(record: Record) -> int:
    """Play a record in simulated time and print what became of it."""
    site, beds = declared(source=record.source)
    with tempfile.TemporaryDirectory() as folder, site.open(folder, clock=px.SimulatedClock(START - 60 * 10**9)):
        findings = play(beds, record)
    _tell(findings)
    checks = findings.checks()
    print("promises")
    for text, held in checks:
        print(f"  {'held    ' if held else 'NOT HELD'}  {text}")
    print(f"\n{NOTICE}")
    return 0 if all(held for _, held in checks) else 1


def _tell(findings: Findings) -> None:
    print(f"{findings.minutes} minutes at a bedside, one message a minute\n")
    print(f"{'signal':16} {'samples':>8} {'good':>8} {'uncertain':>10} {'bad':>8}")
    for name, heard in findings.heard.items():
        good = len(heard.value) - heard.uncertain - heard.bad
        print(f"{name:16} {len(heard.value):8} {good:8} {heard.uncertain:10} {heard.bad:8}")
    print(f"\n{'alarm':34} {'signal':16} {'raised':>7} {'confirmed':>10}")
    for one in findings.raised:
        print(f"{one.title:34} {one.signal:16} {one.count:7} {one.confirmed:10}")
    print()


def _record() -> Record:
    """The public record, or, where it is not, one made by code, and a line that says so."""
    try:
        record = recorded()
    except px.SetupError as missing:
        record = synthetic()
        print(f"{missing.message}: fetch it with `{missing.hint}`.")
    print(f"{record.source}\n")
    return record


def live(record: Record, port: int, day: float, seconds: float | None) -> int:
    """The record with a page, a day of it in `day` seconds, until it is over or somebody ends it."""
    site, beds = declared(source=record.source)
    over = _until_told()
    clock, free = px.ScaledClock(START, speed=DAY / day), _free(port)
    with (
        tempfile.TemporaryDirectory() as folder,
        site.open(folder, http=f"127.0.0.1:{free}", clock=clock) as opened,
        px.replay(beds, {BED: record.tape}),
    ):
        print(NOTICE)
        print(f"page     {opened.page()}{'' if free == port else f' (port {port} is taken)'}")
        print(f"clock    a day passes in {day:g} s", flush=True)
        over.wait(seconds)
    return 0


def _until_told() -> threading.Event:
    """What is set when somebody ends the program."""
    over = threading.Event()

    def end(*_: object) -> None:
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    return over


def _free(port: int) -> int:
    """The port, or 0 for any that is free where somebody has taken it."""
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return port
    return 0
