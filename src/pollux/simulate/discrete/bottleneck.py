"""Which machine holds the line up: by active periods, by who is blocked and who is starved, and by trying it.

- *Average active period* (Roser, Nakano and Tanaka 2001): the machine that is longest active between two rests.
- *Turning point* (Li, Chang and Ni 2009): where machines stop being blocked more than starved.
- *Shifting bottleneck* (Roser, Nakano and Tanaka 2002): at each moment the machine in the longest active period; where
  the periods of two overlap the bottleneck shifts.
- *Sensitivity*: each machine one per cent faster, on the same luck: what does the line gain?

References: C. Roser, M. Nakano, M. Tanaka, A practical bottleneck detection method, WSC 2001, and Shifting bottleneck
detection, WSC 2002; L. Li, Q. Chang, J. Ni, Data driven bottleneck detection of manufacturing systems, Int. J. Prod.
Res. 47 (2009) 5019-5036.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.errors import ModelError
from pollux.simulate.discrete.columns import BLOCKED, IDLE
from pollux.simulate.discrete.confidence import Interval
from pollux.simulate.discrete.laws import Span
from pollux.simulate.discrete.line import Line
from pollux.simulate.discrete.opening import Start
from pollux.simulate.discrete.results import Results, difference
from pollux.simulate.discrete.run import Trace, simulate

FASTER: Final = 1.01


@final
@dataclass(frozen=True, slots=True)
class Bottleneck:
    """The machine that holds a line up, and what speaks for it.

    `active` is the mean active period of each machine in seconds, `votes` the share of members in which it had the
    longest; `blocked` and `starved` are shares of the time. `turning` is the machine at the turning point, None where
    there is none.
    """

    machine: str
    active: Mapping[str, float]
    votes: Mapping[str, float]
    blocked: Mapping[str, float]
    starved: Mapping[str, float]
    turning: str | None

    def __str__(self) -> str:
        name = self.machine
        rival = max((one for one in self.active if one != name), key=self.active.__getitem__, default=None)
        lines = [
            f"The bottleneck is {name}: it works for {self.active[name]:.0f} s between two rests"
            + (f", {rival} for {self.active[rival]:.0f} s" if rival else "")
            + f"; so it is in {self.votes[name]:.0%} of the members."
        ]
        lines.append(f"It is starved {self.starved[name]:.0%} and blocked {self.blocked[name]:.0%} of the time.")
        if self.turning == name:
            lines.append("Before it machines are blocked more than starved, behind it starved more than blocked.")
        elif self.turning is not None:
            lines.append(f"By who is blocked and who is starved it would be {self.turning}.")
        return "\n".join(lines)


def bottleneck(line: Line, results: Results) -> Bottleneck:
    """The machine with the longest mean active period, beside the one at the turning point; the line in its order.

    Raises ModelError for a line without machines.
    """
    names = [one.name for one in line.machines]
    if not names:
        raise ModelError("expected a line with machines, got none", at=line.name)
    active: F64 = np.array([results.active(name) for name in names])
    sound = active[:, ~results.failed]
    longest: I64 = np.argmax(sound, axis=0).astype(np.int64)
    first = np.bincount(longest, minlength=len(names)) / max(1, len(longest))
    middle: F64 = np.nanmean(active, axis=1)
    means = dict(zip(names, middle.tolist(), strict=True))
    blocked = {name: results.share(name, "blocked").mean for name in names}
    starved = {name: results.share(name, "starved").mean for name in names}
    votes = dict(zip(names, first.tolist(), strict=True))
    return Bottleneck(max(names, key=means.__getitem__), means, votes, blocked, starved, turning(blocked, starved))


def turning(blocked: Mapping[str, float], starved: Mapping[str, float]) -> str | None:
    """The machine where blocked turns to starved, with less of both than its neighbours; None where none is it alone.

    The ends count as neighbours would: the first machine is the point when the second is starved more than blocked.

    >>> turning({"a": 0.3, "b": 0.0, "c": 0.0}, {"a": 0.0, "b": 0.1, "c": 0.4})
    'b'
    """
    names = list(blocked)
    lean = [blocked[name] - starved[name] for name in names]
    rest = [blocked[name] + starved[name] for name in names]
    for n, name in enumerate(names):
        before, after = all(one > 0 for one in lean[:n]), all(one < 0 for one in lean[n + 1 :])
        quiet = all(rest[n] < rest[m] for m in (n - 1, n + 1) if 0 <= m < len(names))
        if before and after and quiet:
            return name
    return None


@final
@dataclass(frozen=True, slots=True)
class Shifting:
    """The share of the time for which each machine is the bottleneck alone, and in which it shifts to or from it."""

    alone: Mapping[str, float]
    shifts: Mapping[str, float]

    @property
    def machine(self) -> str:
        """The one that is it for longest."""
        return max(self.alone, key=lambda name: self.alone[name] + self.shifts[name])

    def __str__(self) -> str:
        order = sorted(self.alone, key=lambda name: -self.alone[name] - self.shifts[name])
        return "\n".join(
            f"{name:20} alone {self.alone[name]:5.1%}, shifting {self.shifts[name]:5.1%}"
            for name in order
            if self.alone[name] + self.shifts[name] > 0
        )


def shifting(line: Line, traced: Trace) -> Shifting:
    """The momentary bottleneck over a trace, for machines with one server; others are left out.

    At each moment it is the machine whose active period, from its begin to its end, is the longest of those that run.
    It stays to the end of that period; if then another is the longest of those that run, the two overlap for as long as
    both were active, and for that long the bottleneck shifts.
    """
    slots = traced.lowered.slots
    names = [one.name for one in line.machines if slots[one.name][1] - slots[one.name][0] == 1]
    periods = sorted(
        (begin, end, number)
        for number, name in enumerate(names)
        for begin, end in active_periods(traced, slots[name][0])
    )
    chain = _chain(periods)
    alone, shifts = np.zeros(len(names)), np.zeros(len(names))
    for place, (begin, end, number) in enumerate(chain):
        came = max(0.0, chain[place - 1][1] - begin) if place else 0.0
        goes = max(0.0, end - chain[place + 1][0]) if place + 1 < len(chain) else 0.0
        shifts[number] += came + goes
        alone[number] += max(0.0, end - begin - came - goes)
    return Shifting(
        dict(zip(names, (alone / traced.end).tolist(), strict=True)),
        dict(zip(names, (shifts / traced.end).tolist(), strict=True)),
    )


def active_periods(traced: Trace, slot: int) -> Sequence[tuple[float, float]]:
    """Begin and end of each stretch in which a slot is neither starved nor blocked; rests of no time do not count."""
    mine = traced.slots == slot
    times, modes = traced.times[mine], traced.modes[mine]
    last = np.append(times[1:], traced.end)
    real = last > times
    rests = (modes[real] == IDLE) | (modes[real] == BLOCKED)
    times, last = times[real], last[real]
    found: list[tuple[float, float]] = []
    for begin, end, rest in zip(times.tolist(), last.tolist(), rests.tolist(), strict=True):
        if rest:
            continue
        if found and found[-1][1] == begin:
            found[-1] = (found[-1][0], end)
        else:
            found.append((begin, end))
    return found


def _length(period: tuple[float, float, int]) -> tuple[float, int]:
    begin, end, number = period
    return end - begin, -number


def _chain(periods: Sequence[tuple[float, float, int]]) -> list[tuple[float, float, int]]:
    """The active periods that are the bottleneck one after another."""
    chain: list[tuple[float, float, int]] = []
    running: list[tuple[float, float, int]] = []
    moment, following = 0.0, 0
    while following < len(periods) or running:
        while following < len(periods) and periods[following][0] <= moment:
            running.append(periods[following])
            following += 1
        running = [one for one in running if one[1] > moment]
        if not running:
            if following == len(periods):
                break
            moment = periods[following][0]
            continue
        longest = max(running, key=_length)
        chain.append(longest)
        moment = longest[1]
    return chain


@final
@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What a line gains when one machine is one per cent faster: parts per part, with its interval."""

    machine: str
    gain: Interval

    def __str__(self) -> str:
        return (
            f"{self.machine} 1% faster: throughput {self.gain.mean:+.2%}"
            f" ({self.gain.low:+.2%} to {self.gain.high:+.2%})"
        )


def sensitivities(
    line: Line,
    sink: str,
    span: Span,
    *,
    members: int = 100,
    warm_up: Span = 0.0,
    seed: int = 0,
    start: Start | None = None,
    executor: Executor | None = None,
) -> tuple[Sensitivity, ...]:
    """How much more leaves by a sink with each machine one per cent faster, on the same luck; the most first.

    >>> from pollux.simulate.discrete import Buffer, Machine, Sink, Supply
    >>> line = Line("l", [Supply("s"), Machine("a", 10), Buffer("b", 2), Machine("c", 20), Sink("out")])
    >>> print(sensitivities(line, "out", "100 h", members=2)[0])
    c 1% faster: throughput +1.00% (+1.00% to +1.00%)
    """
    began = start or Start()

    def ran(faster: str | None) -> Results:
        speed = dict(began.speed)
        if faster is not None:
            speed[faster] = speed.get(faster, 1.0) * FASTER
        one = replace(began, speed=speed)
        return simulate(line, span, members=members, warm_up=warm_up, seed=seed, start=one, executor=executor)

    plain = ran(None)
    usual = plain.throughput(sink).mean

    def gain(results: Results) -> F64:
        return results.rates(sink) / usual

    found = [Sensitivity(one.name, difference(ran(one.name), plain, gain)) for one in line.machines]
    return tuple(sorted(found, key=lambda one: -one.gain.mean))
