"""Surrogates: polynomial chaos, Gaussian processes and small networks, learnt from designed runs of a slow model."""

from pollux.simulate.surrogate.fitted import Prediction, Surrogate, surrogate
from pollux.simulate.surrogate.response import Kind

__all__ = ["Kind", "Prediction", "Surrogate", "surrogate"]
