"""The members of a fork: what is not known of a twin, drawn once and shared by every option."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pollux.columns.memory import NEVER
from pollux.columns.slices import RowSlice
from pollux.errors import SimulationError
from pollux.simulate import Sampling, ensemble
from pollux.site.told import told_by_others

F64 = NDArray[np.float64]


def started(
    slice_: RowSlice,
    members: int,
    options: Sequence[Mapping[str, float]],
    *,
    believed: F64 | None,
    seed: int,
    sampling: Sampling = "plain",
) -> F64:
    """The columns (layout.width, options * members) to begin with: member i has the same luck in every option.

    Where a filter believes something, members are drawn from its ensemble, each of its members as often as any other as
    far as the numbers allow; actuators and facts stand as they were told. Else what is uncertain is drawn from what is
    known of it, as `sampling` says. Raises SimulationError for a belief that is to be sampled in another way than its
    members stand in it.
    """
    if believed is None:
        # What nobody told is drawn from its prior itself, not from a deviation around the prior's mean.
        sigma = np.where(slice_.event_time == NEVER, np.nan, slice_.sigma)
        return ensemble(
            slice_.layout,
            slice_.values,
            ids=slice_.ids,
            members=members,
            options=options,
            sigma=sigma,
            seed=seed,
            sampling=sampling,
        )
    if sampling != "plain":
        raise SimulationError(
            f"expected plain sampling, got {sampling!r}: what is believed has members of its own",
            at=slice_.ids[0],
            hint="px.prototype(..., sampling=...) for a design; the members of a filter are used as evenly as can be",
        )
    columns = believed[:, drawn(believed.shape[1], members, generator(seed))]
    layout = slice_.layout
    for signal in layout.schema.signals:
        if told_by_others(layout.schema, signal) and signal.name in layout.slot:
            columns[layout.slot[signal.name]] = slice_.values[layout.slot[signal.name], 0]
    out = np.tile(columns, (1, len(options)))
    for number, option in enumerate(options):
        for name, value in option.items():
            out[layout.place(name), number * members : (number + 1) * members] = value
    return out


def generator(seed: int, *, purpose: int = 0) -> np.random.Generator:
    """The luck of a seed, one for each purpose."""
    return np.random.Generator(np.random.Philox(key=[seed % 2**64, purpose] if purpose else seed))


def drawn(ensemble_size: int, members: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Which of an ensemble's members to take when so many are wanted: each as often as any other, as far as it goes."""
    rounds = -(-members // ensemble_size)
    return np.concatenate([rng.permutation(ensemble_size) for _ in range(rounds)])[:members]
