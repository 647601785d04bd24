"""Surrogates: polynomial chaos, Gaussian processes and small networks, learnt from designed runs of a slow model."""

from pollux.simulate.surrogate.response import Kind
from pollux.simulate.surrogate.surrogate import Prediction, Surrogate, surrogate

__all__ = ["Kind", "Prediction", "Surrogate", "surrogate"]
