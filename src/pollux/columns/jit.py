"""How kernels are compiled; needs numba, imported by kernel files only."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numba

_F = TypeVar("_F", bound=Callable[..., Any])


class Decorator(Protocol):
    """Gives back what it compiles, for whoever reads the types."""

    def __call__(self, function: _F, /) -> _F: ...


# `_nrt` is not among the options that numba's type hints know.
_njit: Any = numba.njit

# Never fastmath: NaN, infinity and the last bit are what they are in Python. Reference counting is off: nothing is made
# here, and counting the arrays at every call costs more than the calls.
jit: Decorator = _njit(_nrt=False)
inlined: Decorator = _njit(_nrt=False, forceinline=True)

# A kernel of some microseconds keeps the interpreter's lock: to ask for it again, behind others, costs more than that.
# numba's cache watches the file of an entry point, not of what it calls: clear it after a change in a kernel file.
short: Decorator = _njit(_nrt=False, cache=True)
# A kernel of milliseconds and more lets others compute meanwhile.
long: Decorator = _njit(_nrt=False, cache=True, nogil=True)
