"""The identity of a message: a count, and the name of the life that the counter lives."""

from collections.abc import Mapping
from typing import Any, Final

from pollux.check.faults import Fault
from pollux.columns.batch import NO_SEQUENCE
from pollux.columns.quality import Reason

SEQUENCE_LIMIT: Final = 10**18
BOOT_LENGTH: Final = 64


def identity(told: Mapping[Any, Any], path: str) -> tuple[int, str | None]:
    """The sequence number and the boot that a payload carries; `Fault` when they are no such things."""
    seq, boot = told.get("seq"), told.get("boot")
    if seq is not None and (type(seq) is not int or not 0 <= seq < SEQUENCE_LIMIT):
        raise Fault(Reason.BAD_SEQUENCE, "expected a count from 0 below 1e18", path=f"{path}.seq")
    if type(boot) is int and abs(boot) < SEQUENCE_LIMIT:
        boot = str(boot)
    if boot is not None and not (isinstance(boot, str) and 0 < len(boot) <= BOOT_LENGTH):
        raise Fault(Reason.BAD_SEQUENCE, f"expected a name of at most {BOOT_LENGTH} characters", path=f"{path}.boot")
    return NO_SEQUENCE if seq is None else seq, boot
