"""The bootstrap: what else a design might have said."""

from collections.abc import Callable

import numpy as np

from pollux.columns.arrays import F64
from pollux.simulate.sampling import stream

AT_ONCE = 1 << 22
"""Numbers of one block of weights: 32 MiB."""


def intervals(
    statistic: Callable[[F64], F64], rows: int, *, level: float, resamples: int, seed: int
) -> tuple[F64, F64]:
    """The ends of the percentile bootstrap interval of a statistic of `rows` independent rows.

    `statistic` takes weights (resamples, rows) that sum to one and gives (resamples, ...).

    Reference: B. Efron, R. J. Tibshirani, An introduction to the bootstrap, Chapman & Hall 1993, chapter 13.
    """
    generator = stream(seed, "bootstrap")
    found: list[F64] = []
    most = max(1, AT_ONCE // rows)
    for begun in range(0, resamples, most):
        many = min(most, resamples - begun)
        weights = generator.multinomial(rows, np.full(rows, 1.0 / rows), size=many) / rows
        found.append(statistic(weights))
    tail = 0.5 * (1.0 - level)
    low, high = np.quantile(np.concatenate(found), (tail, 1.0 - tail), axis=0)
    return low, high
