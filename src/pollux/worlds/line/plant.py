"""The line as it was planned, and an emulated one that really runs: six machines, five racks, one fitter.

Pump housings are sawn, turned, drilled, washed, pressed and tested. All durations, failures and prices are invented for
this world; they are of the size that such lines have.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

import pollux as px

de = px.discrete

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

SECOND: Final = 1_000_000_000
HOUR: Final = 3600 * SECOND
SAMPLE: Final = 30 * SECOND
SHIFT: Final = 8 * HOUR

CYCLES: Final = {"saw": 26.0, "lathe": 28.0, "drill": 27.0, "washer": 25.0, "press": 30.0, "tester": 27.0}
"""Seconds for a part, in the order of the line."""

LIVES: Final = {"saw": 60.0, "lathe": 90.0, "drill": 75.0, "washer": 120.0, "press": 45.0, "tester": 90.0}
"""Minutes of work between failures."""

SPREAD: Final = 1 / 16
"""The variance of a cycle over its squared mean."""

REPAIR: Final = 6.0
"""Minutes that the fitter needs."""

RACK: Final = 6
MACHINES: Final = tuple(CYCLES)


def rack(machine: str) -> str:
    """The rack before a machine."""
    return f"rack before {machine}"


def planned(*, fitters: int = 1, press: float = 1.0, places: int = RACK) -> px.discrete.Line:
    """The line, with so many fitters, a press so many times faster, and so many places before and behind the press."""
    blocks: list[px.discrete.Block] = [de.Supply("castings")]
    for name, cycle in CYCLES.items():
        if name != "saw":
            around_press = name in ("press", "tester")
            blocks.append(de.Buffer(rack(name), places if around_press else RACK))
        failures = de.Failures(
            every=de.exponential(60 * LIVES[name]), repair=de.exponential(60 * REPAIR), repairer="fitter"
        )
        time = de.lognormal(cycle / (press if name == "press" else 1.0), SPREAD)
        blocks.append(de.Machine(name, time, failures=failures))
    blocks.append(de.Sink("housings"))
    return de.Line("housings", blocks, [de.Worker("fitter", fitters)])


@final
@dataclass(frozen=True, slots=True, eq=False)
class Ran:
    """What a line really did, every half minute: by machine and signal the values (n,), and the housings made (n,)."""

    times: I64
    values: dict[str, dict[str, F64]]
    made: F64

    def tapes(self) -> dict[str, px.Tape]:
        """What the controllers of the machines tell."""
        return {name: px.Tape(self.times, columns) for name, columns in self.values.items()}

    def counter(self) -> px.Tape:
        """What the counter at the end of the line tells."""
        return px.Tape(self.times, {"made": self.made})

    def at(self, moment: int) -> int:
        """The row of a moment."""
        return int(np.searchsorted(self.times, moment, side="right")) - 1


def ran(start: int, *, hours: float = 8.0, seed: int = 1, line: px.discrete.Line | None = None) -> Ran:
    """Let an emulated line run from an empty one on."""
    truth = de.LinePhysics(line or planned(), 1, seed=seed, t0=start)
    count = int(hours * HOUR) // SAMPLE + 1
    names = {name: _signals(name) for name in MACHINES}
    values = {name: {signal: np.empty(count) for signal in signals} for name, signals in names.items()}
    made = np.empty(count)
    for row in range(count):
        if row:
            truth.step(SAMPLE)
        for name, signals in names.items():
            for signal, sources in signals.items():
                values[name][signal][row] = sum(float(truth.get(source)[0]) for source in sources)
        made[row] = truth.get("housings.count")[0]
    return Ran(start + SAMPLE * np.arange(count, dtype=np.int64), values, made)


def _signals(machine: str) -> dict[str, tuple[str, ...]]:
    """What each signal of a machine is the sum of; it is down too while the fitter is elsewhere."""
    return {
        "working": (f"{machine}.busy",),
        "blocked": (f"{machine}.blocked",),
        "down": (f"{machine}.down", f"{machine}.waiting"),
        "made": (f"{machine}.made",),
        "waiting": () if machine == "saw" else (f"{rack(machine)}.level",),
    }
