"""What a fork costs: one twin of an open site into 100 members, by the public call."""

import statistics
import tempfile
from pathlib import Path

from examples.pump.pump import Pump

from pollux.clock import stopwatch
from pollux.remember import Note
from pollux.site import Site
from tests.promises.measurement import Measurement

CALLS = 2_000


def measure() -> list[Measurement]:
    """The median of two thousand calls, warm."""
    site = Site()
    pumps = site.fleet(Pump)
    with tempfile.TemporaryDirectory() as folder, site.open(Path(folder), mqtt=None) as live:
        body = {"at": live.clock.now(), "type": "Pump", "twin": "P-7", "action": "put", "values": {}, "who": "bench"}
        live.note(Note("twin", body)).wait()
        twin = pumps["P-7"]
        for _ in range(200):
            twin.fork(members=100)
        times = []
        for _ in range(CALLS):
            began = stopwatch()
            twin.fork(members=100)
            times.append(stopwatch() - began)
    how = {"ours": "one twin of an open site into 100 members, 2,000 calls, 1 core, warm"}
    return [Measurement("fork", 1e6 * statistics.median(times), "us", "<= 50", conditions=how)]


if __name__ == "__main__":
    print(measure())
