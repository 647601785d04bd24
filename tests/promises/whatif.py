"""What a what-if costs by the public call: a patient of the heart world, forked, seven days, 4 options x 100 members.

Warm: his kernels are compiled first, as `pollux warm` does, and that is not counted. A first run on a machine without
them starts on NumPy while a child process compiles; it is another figure and not this one.
"""

import statistics
import tempfile
from pathlib import Path

from pollux.clock import stopwatch
from pollux.model.schema import schema_of
from pollux.remember import Note
from pollux.simulate import warm
from pollux.site import Site
from pollux.site.ensemble import Ensemble
from pollux.worlds.heart.patient import Patient
from tests.promises.measurement import Measurement

SPAN = "7 days"
DOSES = [40, 20, 60, 80]
"""Milligrams of furosemide a day: the four options."""
MEMBERS = 100
RUNS = 3


def measure() -> list[Measurement]:
    """The median of three asks on a warm machine: fork, run, and the chance of decompensating under each option."""
    for _ in warm(schema_of(Patient)):
        pass
    site = Site()
    patients = site.fleet(Patient)
    with tempfile.TemporaryDirectory() as folder, site.open(Path(folder), mqtt=None) as live:
        body = {"at": live.clock.now(), "type": "Patient", "twin": "H-1", "action": "put", "values": {}, "who": "bench"}
        live.note(Note("twin", body, "", "H-1")).wait()
        times = []
        for _ in range(1 + RUNS):
            began = stopwatch()
            futures = patients["H-1"].fork().run(SPAN, {Patient.loop_diuretic: DOSES}, members=MEMBERS)
            chances = futures.probability(Patient.decompensates)
            times.append(stopwatch() - began)
            assert futures.samples.shape == (len(DOSES), MEMBERS)
            assert len(chances) == len(DOSES)
            assert isinstance(futures.samples, Ensemble)
            assert futures.samples.outcome.backend == "numba"
    how = {"ours": f"a week, {len(DOSES)} options, {MEMBERS} members, all cores, kernels warm"}
    return [Measurement("what-if", statistics.median(times[1:]), "s, warm", "<= 30", conditions=how)]


if __name__ == "__main__":
    print(measure())
