"""The audit trail over kills: a site that is killed while it takes entries over has each of them once afterwards."""

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.site.test_tls import plant
from tests.site.test_trailing import entries

from pollux.clock import WallClock
from pollux.guard import Accounts
from pollux.remember import verify

SITE = """
import sys, time
from pathlib import Path
import pollux as px

class Pump(px.Twin):
    temp = px.sensor("K", low=250, high=450)

site = px.Site("plant")
site.fleet(Pump)
live = site.open(Path(sys.argv[1])).__enter__()
live._turns._every = 0.01  # many takeovers before the kill
print("open", flush=True)
time.sleep(60)
"""
KILLS = 2


@contextmanager
def serving(script: Path, data: Path) -> Iterator[subprocess.Popen[str]]:
    """A site in a process of its own, killed at the end."""
    child = subprocess.Popen([sys.executable, str(script), str(data)], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        yield child
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def test_no_entry_is_lost_or_taken_twice_over_kills(tmp_path: Path) -> None:
    """Accounts are made by another process all the while; in the end each stands in the log once, in order."""
    script, data, luck = tmp_path / "site.py", tmp_path / "data", random.Random(1)
    script.write_text(SITE, encoding="utf-8")
    data.mkdir()
    made: list[str] = []
    with closing(Accounts(data / "accounts.db", clock=WallClock())) as accounts:
        for _ in range(KILLS):
            with serving(script, data):
                for _ in range(luck.randint(20, 60)):
                    made.append(f"P-{len(made)}")
                    accounts.add(made[-1], kind="device", roles={"device"}, twins=["Pump"])
    with plant().open(data) as live:
        assert [one.target for one in entries(live)] == made
        assert live.accounts.spool.waiting(9) == []
    assert verify(data).ok
