"""Uniform numbers for designs and ensembles: plain, Latin hypercube, Sobol; each stream has a key of its own."""

from pollux.simulate.sampling.design import Sampling, levels
from pollux.simulate.sampling.hypercube import latin
from pollux.simulate.sampling.plain import luck, stream
from pollux.simulate.sampling.sequence import sobol

__all__ = ["Sampling", "latin", "levels", "luck", "sobol", "stream"]
