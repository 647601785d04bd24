"""`pollux demo heart --record`: a real bedside record through the front door, in simulated time or live with a page."""

import argparse
import tempfile
from typing import Final

import pollux as px
from pollux.worlds.bedside.bed import NOTICE, declared
from pollux.worlds.bedside.records import START, Record, recorded, synthetic
from pollux.worlds.bedside.story import BED, Findings, play
from pollux.worlds.stage import free_port, place_of, tell, until_told

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
    over = until_told()
    clock, free = px.ScaledClock(START, speed=DAY / day), free_port(port)
    with (
        tempfile.TemporaryDirectory() as folder,
        site.open(folder, http=f"127.0.0.1:{free}", clock=clock) as opened,
        px.replay(beds, {BED: record.tape}),
    ):
        tell(NOTICE)
        tell(place_of(opened.page(), port, free))
        tell(f"clock    a day passes in {day:g} s")
        over.wait(seconds)
    return 0
