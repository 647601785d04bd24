"""One word for each way of sampling, and the numbers of several signals at once."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import SimulationError
from pollux.simulate.sampling.hypercube import latin
from pollux.simulate.sampling.plain import luck
from pollux.simulate.sampling.sequence import sobol

Sampling: TypeAlias = Literal["plain", "latin", "sobol"]


def levels(sampling: Sampling, names: Sequence[str], members: int, *, seed: int = 0, twin: str = "") -> F64:
    """Uniform numbers (names, members) between 0 and 1, never 0 and never 1.

    A member of "plain" and "sobol" is the same whatever the number of members; in "sobol" a signal's place among the
    names is its dimension. "latin" is made for one number of members. Raises SimulationError for another word.

    >>> levels("sobol", ["load", "wear"], 4, seed=7).shape
    (2, 4)
    """
    if sampling == "sobol":
        rows = [sobol(seed, twin, name, place, members) for place, name in enumerate(names)]
    elif sampling in ("plain", "latin"):
        draw = luck if sampling == "plain" else latin
        rows = [draw(seed, twin, name, members) for name in names]
    else:
        raise SimulationError(f'expected "plain", "latin" or "sobol", got {sampling!r}')
    return np.array(rows).reshape(len(names), members)
