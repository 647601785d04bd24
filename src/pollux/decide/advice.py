"""Advice: the option ranked first under stated assumptions, with everything it was weighed against."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

import numpy as np

from pollux.decide.gates import Gate, worst
from pollux.decide.objectives import Objective
from pollux.decide.options import Option
from pollux.decide.samples import F64, Samples
from pollux.errors import SimulationError

if TYPE_CHECKING:
    from pollux.decide.futures import Futures

LEVEL = 0.9


@final
@dataclass(frozen=True, slots=True)
class Weighed:
    """One option on the scales: expected gain and loss, their difference with its interval, the chances of events.

    `ahead` is the share of members in which it beats the option ranked first; for that one, in which it beats the next.
    `gate` says whether it may be recommended.
    """

    option: Option
    gain: float
    loss: float
    net: float
    low: float
    high: float
    ahead: float
    chances: tuple[tuple[str, float], ...]
    gate: Gate


@final
@dataclass(frozen=True, slots=True)
class Advice:
    """What to set, with what was expected of it when it was given.

    `ranked` holds every option, the recommended one first, then by net gain, those that a gate keeps out last. `unit`
    is that of gain and loss. When no option may be recommended, `values` is empty and `reason` says why. `futures` are
    those it was weighed from: what they foresee is later compared with what happens.
    """

    twin: str
    forked: int
    values: tuple[tuple[str, float], ...]
    ranked: tuple[Weighed, ...]
    unit: str
    members: int
    failures: int
    expires: int
    reason: str = ""
    futures: "Futures | None" = field(default=None, repr=False, compare=False)

    @property
    def first(self) -> Weighed:
        """The option ranked first."""
        return self.ranked[0]

    def __str__(self) -> str:
        head = (
            f"{self.twin}: {self.first.option} is ranked first under these assumptions" if self.values else self.reason
        )
        return "\n".join([head, *(_line(w, self.unit) for w in self.ranked), self._footer()])

    def _footer(self) -> str:
        failed = f", {self.failures} failed and left out" if self.failures else ""
        return f"{self.members} futures each, on the same luck{failed}; intervals hold {LEVEL:.0%}"


def _line(weighed: Weighed, unit: str) -> str:
    chances = ", ".join(f"{name.replace('_', ' ')} {chance:.0%}" for name, chance in weighed.chances)
    gate = "" if weighed.gate.open else f"  [{weighed.gate.verdict}: {weighed.gate.reason}]"
    interval = f"{_amount(weighed.low)} to {_amount(weighed.high)}"
    return (
        f"  {weighed.option!s:>24}  net {_amount(weighed.net)} {unit} ({interval})"
        f"  gain {_amount(weighed.gain)}  loss {_amount(weighed.loss)}{'  ' if chances else ''}{chances}{gate}"
    )


def _amount(value: float) -> str:
    """A number as people write it: a true minus sign, thousands apart, no digits that mean nothing."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}".replace("-", "\N{MINUS SIGN}")


def weigh(
    options: Sequence[Option],
    samples: Samples,
    gain: Objective,
    loss: Objective,
    *,
    twin: str,
    forked: int,
    chances: Mapping[str, F64],
    gates: Callable[[Option], Sequence[Gate]],
    expires: int,
) -> Advice:
    """Put every option on the scales; members that failed in any option are left out of all."""
    kept = np.asarray(~samples.failed.any(axis=0))
    if not kept.any():
        raise SimulationError("every member failed, so nothing can be weighed", at=twin)
    gained, lost = gain.of(samples)[:, kept], loss.of(samples)[:, kept]
    verdicts = [worst(gates(option)) for option in options]
    order = _order((gained - lost).mean(axis=1), verdicts)
    held = {name: values[:, kept] for name, values in chances.items()}
    ranked = tuple(_weighed(options[row], row, order, gained, lost, held, verdicts[row]) for row in order)
    gate = ranked[0].gate
    return Advice(
        twin,
        forked,
        ranked[0].option.values if gate.open else (),
        ranked,
        str(gain.unit),
        len(kept),
        int((~kept).sum()),
        expires,
        "" if gate.open else f"nothing may be recommended: {gate.reason}",
    )


def _order(net: F64, verdicts: Sequence[Gate]) -> list[int]:
    return sorted(range(len(net)), key=lambda row: (not verdicts[row].open, -net[row]))


def _weighed(
    option: Option, row: int, order: Sequence[int], gained: F64, lost: F64, chances: Mapping[str, F64], gate: Gate
) -> Weighed:
    net = gained[row] - lost[row]
    rival = order[1] if row == order[0] and len(order) > 1 else order[0]
    low, high = np.quantile(net, ((1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0))
    return Weighed(
        option,
        float(gained[row].mean()),
        float(lost[row].mean()),
        float(net.mean()),
        float(low),
        float(high),
        float((net > gained[rival] - lost[rival]).mean()),
        tuple((name, float(values[row].mean())) for name, values in chances.items()),
        gate,
    )
