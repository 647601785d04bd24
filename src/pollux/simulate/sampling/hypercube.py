"""Latin hypercube: each signal falls once into each of as many equal strata as there are members."""

from pollux.columns.arrays import F64
from pollux.simulate.sampling.plain import luck, stream


def latin(seed: int, twin: str, name: str, members: int) -> F64:
    r"""Uniform numbers $(\pi_i + u_i)/n$ for one signal, with a random permutation $\pi$ of the n strata.

    The strata are made for this number of members: with another number every member is another one.

    Reference: M. D. McKay, R. J. Beckman, W. J. Conover, A comparison of three methods for selecting values of input
    variables, Technometrics 21 (1979) 239-245.

    >>> sorted((latin(7, "P-7", "wear", 4) * 4).astype(int).tolist())
    [0, 1, 2, 3]
    """
    strata = stream(seed, twin, name, "strata").permutation(members)
    # A stratum's own number may round up to the next stratum's edge; the last one must stay below 1.
    inside = luck(seed, twin, name, members) * (1.0 - 2.0**-40)
    place: F64 = (strata + inside) / members
    return place
