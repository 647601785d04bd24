"""The libraries of the extra `geometry`, loaded when they are first needed.

They carry no types of their own, so what comes from them is `Any`; the arrays that leave this package are typed again.
"""

from collections.abc import Callable
from functools import cache, wraps
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ParamSpec, TypeAlias, TypeVar

from pollux.errors import SetupError

P = ParamSpec("P")
T = TypeVar("T")

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
        raise _missing(name.partition(".")[0]) from None


def release(name: str) -> str:
    """The version of a package, without loading it; raises SetupError where the extra is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        raise _missing(name) from None


def _missing(name: str) -> SetupError:
    return SetupError(f"expected {name} for geometry, of the extra `geometry`", hint="make install EXTRAS=geometry")


def one_thread(function: Callable[P, T]) -> Callable[P, T]:
    """The function, in which the libraries of linear algebra use one thread.

    The fronts of a sparse matrix are small. On two cores that others used too, a factorisation by two threads that
    waited for each other took thirty times as long as by one. For the while it holds for the whole process.
    """

    @wraps(function)
    def alone(*args: P.args, **options: P.kwargs) -> T:
        with _threads().limit(limits=1):
            return function(*args, **options)

    return alone


@cache
def _threads() -> Any:
    # It knows what is loaded when it is made, so SciPy's own libraries are loaded before.
    library("scipy.sparse.linalg")
    return library("threadpoolctl").ThreadpoolController()


def dense(matrix: Any) -> Any:
    """A matrix as an array, whether it was sparse or not."""
    return matrix.toarray() if hasattr(matrix, "toarray") else matrix
