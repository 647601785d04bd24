"""How a call ended: the statuses of FMI, and our own for what goes wrong between calls."""

from collections.abc import Mapping
from typing import Final

OK: Final = 0
WARNING: Final = 1
DISCARD: Final = 2
ERROR: Final = 3
FATAL: Final = 4
ENDED: Final = 10
STUCK: Final = 11
RESTLESS: Final = 12
TOO_SMALL: Final = 13
NOT_FINITE: Final = 14
GONE: Final = 15
EVENT: Final = 20
"""No failure: an instance wants event mode."""

MEANING: Final[Mapping[int, str]] = {
    DISCARD: "it could not take the step",
    ERROR: "it reported an error",
    FATAL: "it reported a fatal error",
    ENDED: "it asked to stop",
    STUCK: "it returned early without having moved",
    RESTLESS: "it had too many events in one step",
    TOO_SMALL: "no step was small enough for the tolerance",
    NOT_FINITE: "a state is no finite number",
    GONE: "its state could not be restored",
}
"""What a status of a member that failed means; what is not an FMI status is ours."""
