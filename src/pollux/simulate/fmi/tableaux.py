"""Explicit Runge-Kutta methods as tables: nodes, stages, weights, and the difference to the embedded method.

Sources: Kutta 1901; Dormand and Prince, J. Comput. Appl. Math. 6 (1980) 19-26.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64


@final
@dataclass(frozen=True, slots=True)
class Tableau:
    """A method of `order`; `error` holds the weights less those of the embedded method, all zero without one."""

    order: int
    nodes: F64
    stages: F64
    weights: F64
    error: F64


def _table(order: int, stages: list[list[float]], weights: list[float], error: list[float]) -> Tableau:
    full = np.zeros((len(weights), len(weights)))
    for i, row in enumerate(stages):
        full[i + 1, : len(row)] = row
    return Tableau(order, full.sum(axis=1), full, np.array(weights), np.array(error))


CLASSICAL: Final = _table(4, [[1 / 2], [0, 1 / 2], [0, 0, 1]], [1 / 6, 1 / 3, 1 / 3, 1 / 6], [0.0] * 4)

DORMAND_PRINCE: Final = _table(
    5,
    [
        [1 / 5],
        [3 / 40, 9 / 40],
        [44 / 45, -56 / 15, 32 / 9],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
        [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
    ],
    [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0],
    [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40],
)
