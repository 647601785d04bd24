"""The libraries of the extra `geometry`, loaded when they are first needed.

They carry no types of their own, so what comes from them is `Any`; the arrays that leave this package are typed again.
"""

from importlib import import_module
from typing import Any, TypeAlias

from pollux.errors import SetupError

Sparse: TypeAlias = Any
"""A sparse matrix of SciPy."""


def library(name: str) -> Any:
    """A module of scikit-fem or SciPy; raises SetupError where the extra is not installed.

    >>> library("no_such_library")
    Traceback (most recent call last):
    ...
    pollux.errors.SetupError: expected no_such_library for geometry, of the extra `geometry`
    hint: make install EXTRAS=geometry
    """
    try:
        return import_module(name)
    except ImportError:
        whole = name.partition(".")[0]
        hint = "make install EXTRAS=geometry"
        raise SetupError(f"expected {whole} for geometry, of the extra `geometry`", hint=hint) from None


def dense(matrix: Any) -> Any:
    """A matrix as an array, whether it was sparse or not."""
    return matrix.toarray() if hasattr(matrix, "toarray") else matrix
