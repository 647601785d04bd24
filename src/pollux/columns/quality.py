"""How far a value is believed, and why not further.

A value from outside is never dropped without a trace: it is kept with a quality and a reason, or the message that
carried it is refused with a reason. Both come from the tables below, so that pages, alarms and tests use one language.
"""

from enum import IntEnum
from typing import Final, final

import numpy as np


@final
class Quality(IntEnum):
    """How far a value is believed; one byte per value.

    >>> Quality.UNCERTAIN.word
    'uncertain'
    """

    MISSING = 0
    GOOD = 1
    UNCERTAIN = 2
    BAD = 3
    ESTIMATED = 4
    SIMULATED = 5

    @property
    def word(self) -> str:
        """The quality as people read it."""
        return self.name.lower()


@final
class Reason(IntEnum):
    """Why a value is doubted (below 100) or a message refused (from 100 on); two bytes per value.

    >>> Reason.RANGE.sentence
    'outside the declared low and high'
    """

    NONE = 0
    RANGE = 1
    RATE = 2
    STUCK = 3
    SPIKE = 4
    CLOCK = 5
    LATE = 6
    UNIT = 7
    NOT_A_NUMBER = 8
    DISCONNECTED = 9
    TOLD = 10
    FAILED = 11
    UNREACHABLE = 12
    STALE = 13
    OVERRIDDEN = 14
    SCALE = 15
    GAP = 20
    SKEW = 21
    CALIBRATION = 22
    CROSS = 23
    DISAGREE = 24
    MODEL = 25

    UNKNOWN_TOPIC = 100
    UNKNOWN_TWIN = 101
    UNKNOWN_SIGNAL = 102
    BAD_ID = 103
    WRONG_TYPE = 104
    WRONG_UNIT = 105
    WRONG_ROLE = 106
    MALFORMED = 107
    TOO_LARGE = 108
    TOO_MANY = 109
    BAD_TIME = 110
    BAD_SEQUENCE = 111
    MAPPING_FAILED = 112
    NOT_ALLOWED = 113
    PROTOCOL = 114
    UNSEALED = 115
    NO_KEY = 116
    TAMPERED = 117

    @property
    def sentence(self) -> str:
        """The reason as people read it."""
        return _SENTENCES[self]

    @property
    def general(self) -> bool:
        """Whether a reason that says more takes its place: that others contradict a value says not what is wrong."""
        return self in (Reason.CROSS, Reason.DISAGREE, Reason.MODEL)

    @property
    def refuses(self) -> bool:
        """Whether this is a reason to refuse a message rather than to doubt a value."""
        return self >= Reason.UNKNOWN_TOPIC


GENERAL: Final = np.array([reason for reason in Reason if reason.general], np.uint16)
"""The reasons that give way to one that says more."""

_SENTENCES: dict[Reason, str] = {
    Reason.NONE: "nothing is wrong with it",
    Reason.RANGE: "outside the declared low and high",
    Reason.RATE: "changed faster than it can",
    Reason.STUCK: "has not moved for too long",
    Reason.SPIKE: "far from its neighbours in time",
    Reason.CLOCK: "its time stamp cannot be right",
    Reason.LATE: "older than what is known already",
    Reason.UNIT: "looks like another unit than the declared one",
    Reason.NOT_A_NUMBER: "the sensor gave no number",
    Reason.DISCONNECTED: "what the channel shows when nothing is connected to it",
    Reason.TOLD: "doubted by the device itself",
    Reason.FAILED: "the sensor or its device has failed",
    Reason.UNREACHABLE: "its source does not reach the sensor",
    Reason.STALE: "the last value before its source lost the sensor",
    Reason.OVERRIDDEN: "set by hand at its source, or out of service there",
    Reason.SCALE: "outside what the instrument can measure",
    Reason.GAP: "the first one after values were missing",
    Reason.SKEW: "the clock of its device is wrong",
    Reason.CALIBRATION: "measured when no calibration of the sensor was valid",
    Reason.CROSS: "contradicted by the other sensors of the same quantity",
    Reason.DISAGREE: "the sensors of the same quantity disagree, and nothing says which is wrong",
    Reason.MODEL: "far from what the model foresaw",
    Reason.UNKNOWN_TOPIC: "no mapping knows this topic",
    Reason.UNKNOWN_TWIN: "no such twin, and new ones are not created here",
    Reason.UNKNOWN_SIGNAL: "the type has no such signal",
    Reason.BAD_ID: "not a name a twin can have",
    Reason.WRONG_TYPE: "another kind of value than the signal holds",
    Reason.WRONG_UNIT: "a unit of another dimension, or an unknown one",
    Reason.WRONG_ROLE: "a device does not tell signals of this role",
    Reason.MALFORMED: "the payload cannot be read",
    Reason.TOO_LARGE: "the payload is too large",
    Reason.TOO_MANY: "a limit on the number of twins or samples is reached",
    Reason.BAD_TIME: "the time stamp cannot be read",
    Reason.BAD_SEQUENCE: "seq is not a count or boot is not a name",
    Reason.MAPPING_FAILED: "the mapping function failed",
    Reason.NOT_ALLOWED: "the sender may not say this",
    Reason.PROTOCOL: "against the rules of its protocol",
    Reason.UNSEALED: "not sealed, where only sealed payloads are taken",
    Reason.NO_KEY: "no key that holds opens it",
    Reason.TAMPERED: "does not open: changed on its way, or sealed for another twin or with another key",
}
