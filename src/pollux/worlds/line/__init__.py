"""A production line: six machines with racks and one fitter, mirrored, forked as it stands, advised, checked.

`pollux demo line` plays it live with a page; with `--fast` in simulated time, with its promises checked.
"""

from pollux.worlds.line.demo import run
from pollux.worlds.line.foresight import CHOICES, Foreseen, foresee, standing
from pollux.worlds.line.hall import Hall, Machine, declared
from pollux.worlds.line.plant import planned, ran
from pollux.worlds.line.story import Findings, play

__all__ = [
    "CHOICES",
    "Findings",
    "Foreseen",
    "Hall",
    "Machine",
    "declared",
    "foresee",
    "planned",
    "play",
    "ran",
    "run",
    "standing",
]
