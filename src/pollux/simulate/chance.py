"""By what the noise of a run is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.simulate.methods.rows import Luck

EXACT: Final = 1 << 50
"""Whole numbers below it are exact in a float, and stay so when a run counts on from them."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Chance:
    """The noise of a run: a key for each member, of a seed and a number; equal keys have equal noise.

    `seeds` and `numbers` are whole numbers of shape (members,). The default gives every member of a run noise of its
    own; `shared` gives the options of a what-if the same.
    """

    seeds: I64
    numbers: I64

    def into(self, table: F64, luck: Luck, first: int) -> None:
        """Write the keys into the table of a run whose first step has this number."""
        table[luck.seed] = self.seeds % EXACT
        table[luck.member] = self.numbers % EXACT
        table[luck.first] = first % EXACT


def plain(members: int, seed: int = 0) -> Chance:
    """Noise of its own for each of so many members.

    >>> plain(3).numbers.tolist()
    [0, 1, 2]
    """
    return Chance(np.full(members, seed), np.arange(members))


def shared(ids: Sequence[str], *, options: int, members: int, seed: int) -> Chance:
    """The keys of the columns of `ensemble`: a member of a twin has the same noise under every option.

    >>> shared(["P-7"], options=2, members=3, seed=1).numbers.tolist()
    [0, 1, 2, 0, 1, 2]
    """
    seeds = [_seed(name, seed) for name in ids]
    numbers = np.tile(np.arange(members), len(ids) * options)
    return Chance(np.repeat(np.array(seeds, np.int64), options * members), numbers)


def _seed(name: str, seed: int) -> int:
    digest = blake2b(f"{seed}\0{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") % EXACT
