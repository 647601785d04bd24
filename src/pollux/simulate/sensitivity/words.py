"""Numbers as people read them, and tables of text."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import NotFound

LEVEL: Final = 0.9
"""How often an interval is to hold what it is about."""


def row_of(outputs: tuple[str, ...], output: str | None) -> int:
    """The row of an output by name, the first one where none is named; NotFound for another name."""
    if output is not None and output not in outputs:
        raise NotFound(f"expected one of {', '.join(outputs)}, got {output!r}", at="output")
    return 0 if output is None else outputs.index(output)


def ranked(scores: F64) -> list[int]:
    """Places by their score, the greatest first, those without one last.

    >>> ranked(np.array([1.0, np.nan, 3.0]))
    [2, 0, 1]
    """
    order: list[int] = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable").tolist()
    return order


def plain(value: float) -> float | None:
    """A number for JSON, which knows no NaN.

    >>> plain(0.5), plain(float("nan"))
    (0.5, None)
    """
    return float(value) if math.isfinite(value) else None


def percent(share: float) -> str:
    """A share as a percentage.

    >>> percent(0.6234), percent(-0.001), percent(float("nan"))
    ('62 %', '0 %', 'unknown')
    """
    return "unknown" if math.isnan(share) else f"{round(100.0 * share) or 0:.0f} %"


def number(value: float, unit: str = "") -> str:
    """A number with three digits and its unit.

    >>> number(3.14159, "K"), number(-0.5, "1"), number(12345.678, "")
    ('3.14 K', '−0.5', '12,346')
    """
    text = f"{value:,.0f}" if 1e3 <= abs(value) < 1e6 else f"{value:.3g}"
    return f"{text.replace('-', '−')}{'' if unit in ('', '1') else f' {unit}'}"


def ends(low: float, high: float, unit: str = "") -> str:
    """Two numbers with as many digits as it takes to tell them apart, six at most.

    >>> ends(1.5, 2.0, "m"), ends(500.02, 500.07)
    ('1.5 to 2 m', '500.02 to 500.07')
    """
    size, apart = max(abs(low), abs(high)), abs(high - low)
    digits = min(6, max(3, 2 + math.ceil(math.log10(size / apart)))) if apart > 0.0 else 3
    first, last = (f"{one:.{digits}g}".replace("-", "−") if digits > 3 else number(one) for one in (low, high))
    return f"{first} to {last}{'' if unit in ('', '1') else f' {unit}'}"


def listed(parts: Sequence[str]) -> str:
    """Parts of a sentence, joined.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in text: the first column to the left, others to the right.

    >>> print(table(["input", "share"], [["wear", "62 %"], ["load", "5 %"]]))
    input  share
    wear    62 %
    load     5 %
    """
    lines = [head, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def failures(failed: int, runs: int) -> str:
    """How many runs there were, and how many were of no use.

    >>> failures(0, 5000), failures(3, 5000)
    ('5,000 runs', '5,000 runs, 3 failed and left out')
    """
    return f"{runs:,} runs" + (f", {failed:,} failed and left out" if failed else "")
