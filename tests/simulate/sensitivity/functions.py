"""Functions whose Sobol indices are known."""

import math

import numpy as np

from pollux.model.priors import normal, uniform
from pollux.simulate.sensitivity import study

ISHIGAMI = study(
    lambda x: np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]),
    {name: uniform(-math.pi, math.pi) for name in ("x1", "x2", "x3")},
    "y",
)
"""T. Ishigami, T. Homma, ISUMA 1990, with a = 7 and b = 0.1."""
ISHIGAMI_FIRST = (0.3139, 0.4424, 0.0)
ISHIGAMI_TOTAL = (0.5576, 0.4424, 0.2437)

A = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0])
G = study(
    lambda x: np.prod((np.abs(4.0 * x - 2.0) + A) / (1.0 + A), axis=1),
    {f"x{k}": uniform(0.0, 1.0) for k in range(8)},
    "g",
)
"""The g-function of Sobol, with the coefficients of Saltelli and Sobol 1995."""
_PARTS = 1.0 / (3.0 * (1.0 + A) ** 2)
_WHOLE = np.prod(1.0 + _PARTS) - 1.0
G_FIRST = _PARTS / _WHOLE
G_TOTAL = _PARTS * (1.0 + _WHOLE) / (1.0 + _PARTS) / _WHOLE

SLOPES = np.array([3.0, -2.0, 0.5, 0.0])
PLANE = study(
    lambda x: np.stack([x @ SLOPES + 5.0, x @ -SLOPES], axis=1),
    {f"x{k}": normal(10.0 * k, 1.0 + k) for k in range(4)},
    ("up", "down"),
)
PLANE_SHARES = (SLOPES * np.arange(1.0, 5.0)) ** 2 / ((SLOPES * np.arange(1.0, 5.0)) ** 2).sum()
