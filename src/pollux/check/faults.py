"""A fault: why a message, or a part of it, is not taken."""

from collections.abc import Sized
from typing import Final, cast, final

from pollux.columns.quality import Reason

_LONGEST: Final = 64


@final
class Fault(Exception):
    """Raised and caught inside decoding only; outside it is a `Refusal`. `path` is where, such as `$.temp`."""

    def __init__(self, reason: Reason, detail: str, *, path: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.path = path

    def at(self, path: str) -> "Fault":
        """The same fault with its place, unless it knows one already."""
        return self if self.path else Fault(self.reason, self.detail, path=path)

    @property
    def told(self) -> str:
        """What was expected and found, and where."""
        return f"{self.detail} - at {self.path}" if self.path else self.detail


def shown(value: object) -> str:
    """A foreign value for a message: short, whatever it is.

    >>> shown([1, 2]), shown(2**5000)
    ('list of 2', 'a whole number of 5001 bits')
    """
    if isinstance(value, dict | list | tuple):
        many = cast(Sized, value)
        return f"{type(many).__name__} of {len(many)}"
    if isinstance(value, int) and value.bit_length() > _LONGEST:
        return f"a whole number of {value.bit_length()} bits"
    return repr(value[:_LONGEST] if isinstance(value, str | bytes) else value)[:_LONGEST]
