"""The live twin: decoded batches in, new state and effects out; pure, without clock, waiting or storage."""

from pollux.mirror.document import state_document
from pollux.mirror.effects import Changes, Counts, Effects
from pollux.mirror.mirror import Mirror
from pollux.mirror.presence import LATE_AFTER, OFFLINE_AFTER, Presence

__all__ = [
    "LATE_AFTER",
    "OFFLINE_AFTER",
    "Changes",
    "Counts",
    "Effects",
    "Mirror",
    "Presence",
    "state_document",
]
