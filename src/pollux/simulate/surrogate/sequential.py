"""Where to run next: the points at which a surrogate is most unsure, not too near to each other."""

from collections.abc import Callable
from typing import Final

import numpy as np

from pollux.columns.arrays import F64
from pollux.simulate.sensitivity import Study
from pollux.simulate.surrogate.germ import germs

CANDIDATES: Final = 1024


def unsure(study: Study, design: F64, doubts: Callable[[F64], F64], wanted: int, *, seed: int) -> F64:
    """So many points out of 1,024 drawn from the priors, one after another: doubt times distance to what is known.

    `design` are the germs of what was run. The distance keeps a batch apart, and an error bar that is the same
    everywhere leads to the widest gap.
    """
    points = study.design(CANDIDATES, sampling="sobol", seed=seed)
    placed = germs([one.prior for one in study.inputs], points)
    doubt = doubts(points)
    away = np.array([((design - one) ** 2).sum(axis=1).min() for one in placed])
    chosen: list[int] = []
    for _ in range(wanted):
        best = int(np.argmax(np.where(np.isfinite(doubt), doubt, 0.0) * np.sqrt(away)))
        chosen.append(best)
        away = np.minimum(away, ((placed - placed[best]) ** 2).sum(axis=1))
    return points[chosen]
