"""The Sobol sequence, scrambled: points that fill the cube more evenly than chance does."""

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import F64
from pollux.errors import SimulationError
from pollux.simulate.sampling.directions import BITS, DIMENSIONS, directions
from pollux.simulate.sampling.plain import stream


def sobol(seed: int, twin: str, name: str, dimension: int, members: int, *, first: int = 0) -> F64:
    r"""Numbers between 0 and 1 of one dimension (from 0) of a scrambled Sobol sequence, for `members` points.

    Point i is $\bigoplus_k i_k L v_k \oplus s$ over the binary digits of i, with direction numbers v, a random lower
    triangular matrix L and a random shift s for each seed, twin and name. So a point is the same however many are
    asked for, each single number is uniform, and any $2^m$ points from a multiple of $2^m$ on fall one into each of
    $2^m$ equal strata of every dimension. The mean of a smooth function converges nearly like $n^{-3/2}$.

    Raises SimulationError for more dimensions than there are direction numbers (256).

    Reference: J. Matousek, On the L2-discrepancy for anchored boxes, Journal of Complexity 14 (1998) 527-556; A. B.
    Owen, Scrambled net variance for integrals of smooth functions, Annals of Statistics 25 (1997) 1541-1562.

    >>> sorted((sobol(7, "P-7", "wear", 3, 8) * 8).astype(int).tolist())
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    if dimension >= DIMENSIONS:
        raise SimulationError(
            f"expected at most {DIMENSIONS} uncertain signals for Sobol points, got {dimension + 1}",
            hint='sampling="latin" and sampling="plain" have no such limit',
        )
    scrambling = stream(seed, twin, name, "sobol")
    numbers = _scrambled(directions(dimension), scrambling)
    index = np.arange(first, first + members, dtype=np.uint64)
    bits = np.full(members, scrambling.integers(0, 1 << BITS, dtype=np.uint64))
    for k in range(int(first + members).bit_length()):
        bits ^= np.where((index >> np.uint64(k)) & np.uint64(1), numbers[k], np.uint64(0))
    return (bits.astype(np.float64) + 0.5) * 2.0**-BITS


def _scrambled(numbers: NDArray[np.uint64], scrambling: np.random.Generator) -> NDArray[np.uint64]:
    """The direction numbers times a random lower triangular matrix with ones on its diagonal, digit by digit."""
    places = np.arange(BITS - 1, -1, -1, dtype=np.uint64)
    matrix = np.tril(scrambling.integers(0, 2, (BITS, BITS)), -1) + np.eye(BITS, dtype=np.int64)
    digits = (numbers[None, :] >> places[:, None]) & np.uint64(1)
    mixed = (matrix @ digits.astype(np.int64)) & 1
    return np.asarray((mixed.astype(np.uint64) << places[:, None]).sum(axis=0, dtype=np.uint64))
