"""The stops of a run: where values are recorded, where inputs change, where the kernel pauses.

A method with steps of one length counts them; where each member has steps of its own, stops are told in nanoseconds.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.columns.arrays import I64, distinct

MEMBER_STEPS: Final = 1 << 24
"""Steps times members between two pauses: about a second of work."""

OWN_STEPS: Final = 1_000
"""What a member with steps of its own is taken to need where only the order of magnitude counts."""

OWN_PAUSES: Final = 16
"""Pauses of a run with steps of each member's own; not more, because a step ends at each."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Timing:
    """A run of `steps` units with a recorded value every `per_grid`; about `effort` steps are expected of a member.

    `pauses` are the units at which the kernel returns, so that somebody may ask whether the run is cancelled.
    """

    steps: int
    per_grid: int
    effort: int
    pauses: I64


def stepped(span: int, grid: int, step: int, members: int) -> Timing:
    """Steps of at most `step` nanoseconds that divide the grid."""
    per_grid = -(-grid // step)
    steps = per_grid * (span // grid)
    pauses: I64 = np.arange(0, steps, max(1, MEMBER_STEPS // max(1, members)))
    return Timing(steps, per_grid, steps, pauses)


def own(span: int, grid: int) -> Timing:
    """Units of a nanosecond, in which members take steps of their own; pauses do not depend on how many there are."""
    pauses = distinct(np.linspace(0, span, OWN_PAUSES + 1).astype(np.int64))[:-1]
    return Timing(span, grid, OWN_STEPS, pauses)
