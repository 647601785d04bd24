"""Errors as RFC 9457 documents, and which status each error of Pollux becomes.

Forbidden and absent are told apart by nobody: AccessRefused and NotFound answer alike, with the same words.
"""

import math
from http import HTTPStatus
from typing import Final, final

import msgspec

from pollux.clock import ClockError
from pollux.errors import (
    AccessRefused,
    Conflict,
    DataRefused,
    ModelError,
    NotFound,
    OrderRefused,
    Overloaded,
    PolluxError,
    SimulationError,
    StorageFailed,
)
from pollux.show.documents.common import Problem
from pollux.watch.alarms import AlarmRefused

MEDIA: Final = "application/problem+json"
NOTHING_HERE: Final = "there is nothing here that you may see"

Headers = tuple[tuple[bytes, bytes], ...]

_STATUS: Final[tuple[tuple[type[PolluxError], int], ...]] = (
    (Conflict, 409),
    (OrderRefused, 422),
    (AlarmRefused, 422),
    (DataRefused, 422),
    (ClockError, 422),
    (SimulationError, 422),
    (ModelError, 422),
    (Overloaded, 429),
    (StorageFailed, 503),
)


@final
class Refused(Exception):
    """An answer that is a problem: raised where it is found, written where the answer is made."""

    def __init__(
        self, status: int, detail: str, *, at: str | None = None, hint: str | None = None, headers: Headers = ()
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.at, self.hint, self.headers = status, detail, at, hint, headers

    @property
    def problem(self) -> Problem:
        """The document."""
        return Problem(
            title=HTTPStatus(self.status).phrase, status=self.status, detail=self.detail, at=self.at, hint=self.hint
        )

    @property
    def body(self) -> bytes:
        """The document as JSON."""
        return msgspec.json.encode(self.problem)


def absent() -> Refused:
    """The one answer for what is not there and for what may not be seen.

    >>> absent().status, absent().at
    (404, None)
    """
    return Refused(404, NOTHING_HERE)


def from_error(error: PolluxError) -> Refused:
    """The answer for an error that was raised on purpose.

    >>> from_error(NotFound("no order 'x'", at="Pump/P-7")).detail == absent().detail
    True
    >>> from_error(Overloaded("too many", retry_after=2.5)).headers
    ((b'retry-after', b'3'),)
    """
    if isinstance(error, NotFound | AccessRefused):
        return absent()
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    if status == 500:
        return Refused(500, "the site could not do this", hint="its operator finds the cause in the log")
    headers: Headers = ()
    if isinstance(error, Overloaded):
        headers = ((b"retry-after", str(max(1, math.ceil(error.retry_after))).encode()),)
    if isinstance(error, StorageFailed):
        headers = ((b"retry-after", b"60"),)
    return Refused(status, error.message, at=error.at, hint=error.hint, headers=headers)
