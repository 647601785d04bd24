"""`pollux replay`: run history again, at any speed, and print how it went."""

import argparse
import json
import threading
from collections.abc import Mapping

from pollux.clock import SECOND, instant, iso
from pollux.columns.frames import Frames
from pollux.guard import Keyring
from pollux.guard.sealing import SealKeys
from pollux.remember import LogReader, Record
from pollux.site.declare import declared_in
from pollux.site.estate import Estate
from pollux.site.live import TENANT
from pollux.site.recover import take_in


def run(options: argparse.Namespace) -> int:
    """Replay the log of a data folder up to `--to`, printing what happened from `--from` on."""
    site = declared_in(options.site)
    start = instant(options.start) if options.start else 0
    end = instant(options.end) if options.end else None
    seals = SealKeys(options.data / "keys")
    estates = {TENANT: Estate(TENANT, [one.holding(seals) for one in site.declared.values()])}
    pace = _Pace(options.speed)
    count = 0
    for record in LogReader(options.data, keys=Keyring(options.data / "keys")).read():
        if end is not None and record.arrival > end:
            break
        before = {alarm.id: alarm.state for alarm in estates[TENANT].alarms}
        take_in(record, estates)
        if record.arrival >= start:
            pace.wait(record.arrival)
            count += 1
            _say(record, estates[TENANT], before, as_json=options.json)
    if not options.json:
        _summary(count, estates[TENANT])
    return 0


class _Pace:
    """Waits between entries as long as it took then, divided by the speed; not at all without one."""

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._last: int | None = None
        self._never = threading.Event()

    def wait(self, arrival: int) -> None:
        if self._speed and self._last is not None:
            self._never.wait((arrival - self._last) / SECOND / self._speed)
        self._last = arrival


def _say(record: Record, estate: Estate, before: Mapping[str, str], *, as_json: bool) -> None:
    """One line for each entry with something to tell: all as JSON, changes of alarms for people."""
    changed = [one for one in estate.alarms if before.get(one.id) != one.state]
    if as_json:
        what = "frames" if isinstance(record.entry, Frames) else getattr(record.entry, "kind", "erased")
        alarms = [f"{one.id} {one.state}" for one in changed]
        print(json.dumps({"seq": record.seq, "t": iso(record.arrival), "what": what, "alarms": alarms}))
        return
    for one in changed:
        print(f"{iso(record.arrival)}  {one.severity:6} {one.twin}  {one.title}: {one.detail} ({one.state})")


def _summary(count: int, estate: Estate) -> None:
    twins = ", ".join(f"{len(block)} {name}" for name, block in estate.blocks.items())
    print(f"{count} entries; {twins}; {len(estate.alarms)} alarms to be seen; last entry {iso(estate.time)}")
