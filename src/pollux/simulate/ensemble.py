"""Members, options and twins: one table in which every option meets the same luck.

Luck is drawn with a key of its own for each seed, twin and signal. So member i of a twin is the same whatever the
options, the other twins and the chunks, and options are compared on common random numbers. With plain and Sobol
sampling it is the same whatever the number of members, too; a Latin hypercube is made for one number of members.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from pollux.columns.arrays import F64
from pollux.columns.layout import Layout
from pollux.errors import SimulationError
from pollux.model.priors import Prior
from pollux.model.quantile import standard_normal_quantile
from pollux.model.schema import Signal
from pollux.simulate.sampling import Sampling, levels


def ensemble(
    layout: Layout,
    columns: F64,
    *,
    ids: Sequence[str],
    members: int,
    options: Sequence[Mapping[str, float]] = ({},),
    sigma: F64 | None = None,
    seed: int = 0,
    sampling: Sampling = "plain",
) -> F64:
    """The columns (layout.width, twins * options * members) to start a what-if with; members lie side by side.

    `columns` are those of the twins, (layout.width, twins), and `sigma` how uncertain their signals are, (signals,
    twins), as a fork has them. A signal with a known sigma is drawn around its value (in the free numbers of its prior,
    so that it stays possible), one without but with a prior is drawn from the prior, and others are taken as they are.
    An option says what is different in it, by name: actuators, parameters, also states.

    `sampling` says how a twin's members fill the space of what is uncertain: "plain", "latin" or "sobol".

    Column `(twin * len(options) + option) * members + member` belongs to member `member`.
    """
    _check(layout, columns, ids, sigma)
    out = np.empty((layout.width, len(ids), len(options), members))
    out[:] = columns[:, :, None, None]
    for twin, name in enumerate(ids):
        known = [0.0] * len(layout.schema.signals) if sigma is None else sigma[:, twin].tolist()
        uncertain = {
            one.name: (one, spread)
            for one, spread in zip(layout.schema.signals, known, strict=True)
            if one.name in layout.slot and (one.prior is not None or _is_spread(spread))
        }
        drawn = levels(sampling, list(uncertain), members, seed=seed, twin=name)
        for (signal, spread), uniform in zip(uncertain.values(), drawn, strict=True):
            row = layout.slot[signal.name]
            out[row, twin] = _drawn(signal, out[row, twin], spread, uniform)
    for option, different in enumerate(options):
        for name, value in different.items():
            out[layout.place(name), :, option] = value
    return out.reshape(layout.width, -1)


def _check(layout: Layout, columns: F64, ids: Sequence[str], sigma: F64 | None) -> None:
    if columns.shape != (layout.width, len(ids)):
        raise SimulationError(f"expected columns of shape {(layout.width, len(ids))}, got {columns.shape}")
    signals = (len(layout.schema.signals), len(ids))
    if sigma is not None and sigma.shape != signals:
        raise SimulationError(f"expected standard deviations of shape {signals}, got {sigma.shape}")


def _is_spread(sigma: float) -> bool:
    return math.isfinite(sigma) and sigma > 0.0


def _drawn(signal: Signal, values: F64, sigma: float, uniform: F64) -> F64:
    """The members (options, members) of one uncertain signal of one twin."""
    if not _is_spread(sigma):
        assert signal.prior is not None
        return np.broadcast_to(signal.prior.quantile(uniform), values.shape)
    deviations = standard_normal_quantile(uniform)
    if signal.prior is None:
        return np.clip(values + sigma * deviations, signal.low, signal.high)
    return _around(signal.prior, values, sigma, deviations)


def _around(prior: Prior, values: F64, sigma: float, deviations: F64) -> F64:
    """Numbers around a value, normal in the free numbers of the prior, with this standard deviation to first order."""
    free = prior.to_free(values)
    slope = (prior.from_free(free + 1e-4) - prior.from_free(free - 1e-4)) / 2e-4
    return prior.from_free(free + deviations * sigma / np.where(slope > 0.0, slope, np.inf))
