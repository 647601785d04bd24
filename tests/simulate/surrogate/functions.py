"""Functions to be learnt: smooth ones, a bent one, and one with published indices."""

import numpy as np

import pollux as px

SMOOTH = px.study(
    lambda x: np.exp(-x[:, 0]) * np.sin(3.0 * x[:, 1]) + x[:, 2] ** 2,
    {"a": px.uniform(0, 1), "b": px.uniform(-1, 1), "c": px.normal(0, 0.5)},
    "y",
)
PAIR = px.study(
    lambda x: np.exp(-x[:, 0]) * np.sin(2.0 * x[:, 1]), {"a": px.uniform(0, 1), "b": px.normal(0, 0.5)}, "y"
)
POLYNOMIAL = px.study(
    lambda x: 1.0 + 2.0 * x[:, 0] - x[:, 0] * x[:, 1] ** 2 + 0.5 * x[:, 2] ** 3,
    {"a": px.uniform(-1, 3), "b": px.normal(1, 2), "c": px.lognormal(2, 0.0001)},
    "y",
)
BORE = px.study(
    lambda x: (
        (2.0 * np.pi * x[:, 2] * (x[:, 3] - x[:, 5]))
        / (
            np.log(x[:, 1] / x[:, 0])
            * (1.0 + 2.0 * x[:, 6] * x[:, 2] / (np.log(x[:, 1] / x[:, 0]) * x[:, 0] ** 2 * x[:, 7]) + x[:, 2] / x[:, 4])
        )
    ),
    {
        "radius": px.uniform(0.05, 0.15),
        "influence": px.uniform(100, 50_000),
        "upper": px.uniform(63_070, 115_600),
        "head": px.uniform(990, 1110),
        "lower": px.uniform(63.1, 116),
        "low head": px.uniform(700, 820),
        "length": px.uniform(1120, 1680),
        "conductivity": px.uniform(9855, 12_045),
    },
    "flow",
)
"""Flow through a borehole, m3/a: M. D. Morris, T. J. Mitchell, D. Ylvisaker, Technometrics 35 (1993) 243-255."""


def wrong(surrogate, study, *, points=500):
    """The true root mean square error in parts of the spread, on points of the same priors that are not outside."""
    asked = study.design(points, sampling="plain", seed=99)
    truth, told = study.evaluate(asked), surrogate.predict(asked)
    return np.sqrt(np.mean((told.mean - truth)[~told.outside] ** 2, axis=0)) / truth.std(axis=0)
