"""A record through the front door, minute by minute in simulated time: mirrored, doubted, watched, and counted."""

from collections import Counter
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

import pollux as px
from pollux.worlds.bedside.bed import LOOSE, UNLIVELY, UNSATURATED, Bedside
from pollux.worlds.bedside.records import F64, MINUTE, START, Record

BED: Final = "B-1"
LINES: Final = ("line_systolic", "line_diastolic", "line_mean")


@final
@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What became of the samples of one signal, in their order: values, qualities and reasons (n,)."""

    value: F64
    quality: NDArray[np.uint8]
    reason: NDArray[np.uint16]

    @property
    def zeros(self) -> int:
        """How many samples read zero."""
        return int((self.value == 0).sum())

    def doubted(self, doubt: px.Disconnected | px.OutOfRange) -> int:
        """How many of the zeros have the quality and the reason that this doubt gives."""
        worth = (self.quality == doubt.quality) & (self.reason == doubt.reason)
        return int(((self.value == 0) & worth).sum())

    @property
    def bad(self) -> int:
        """How many samples were set aside."""
        return int((self.quality == LOOSE.quality).sum())

    @property
    def uncertain(self) -> int:
        """How many samples are shown and doubted."""
        return int((self.quality == UNLIVELY.quality).sum())


@final
@dataclass(frozen=True, slots=True)
class Raised:
    """Alarms of one rule: how many, how many of them on values that were believed or persisted, their signal."""

    title: str
    signal: str
    count: int
    confirmed: int


@final
@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What was seen while a record was played.

    `mirrored` counts the minutes whose heart rate stood in the twin at once; `believed` those at which the twin showed
    a loose line's zero as its last value; `zero_alarms` are limit alarms that such a zero raised.
    """

    minutes: int
    mirrored: int
    believed: int
    zero_alarms: int
    heard: dict[str, Heard]
    raised: tuple[Raised, ...]

    def checks(self) -> list[tuple[str, bool]]:
        """The promises of the story, and whether each held."""
        lines, spo2, heart = [self.heard[name] for name in LINES], self.heard["spo2"], self.heard["heart_rate"]
        loose, flagged = sum(one.zeros for one in lines), sum(one.doubted(LOOSE) for one in lines)
        low = sum(one.count for one in self.raised if one.title == "Heart rate low")
        return [
            (f"every minute is mirrored: {self.mirrored} of {self.minutes}", self.mirrored == self.minutes),
            (f"each zero of the loose line is flagged as disconnected: {flagged} of {loose}", flagged == loose > 0),
            (f"none of them is ever the last value: {self.believed}", self.believed == 0),
            (f"none of them raises a limit alarm: {self.zero_alarms}", self.zero_alarms == 0),
            _all_doubted("saturation", spo2, UNSATURATED),
            _all_doubted("heart rate", heart, UNLIVELY),
            (f"and alarms all the same, since it may be true: {low}", low > 0),
        ]


def _all_doubted(what: str, one: Heard, doubt: px.OutOfRange) -> tuple[str, bool]:
    doubted = one.doubted(doubt)
    return f"each zero of the {what} is doubted: {doubted} of {one.zeros}", doubted == one.zeros > 0


def play(beds: px.Fleet[Bedside], record: Record) -> Findings:
    """Play a record into an open site with a simulated clock, looking at the twin after every minute."""
    live, mirrored, believed = beds.live, 0, 0
    with px.replay(beds, {BED: record.tape}):
        for minute in range(record.minutes):
            moment = START + minute * MINUTE
            live.advance_to(moment)
            now = beds[BED].now
            mirrored += float(now.heart_rate.age) == 0.0
            believed += any(float(getattr(now, name)) == 0.0 for name in LINES)
    heard = {name: _heard(beds, name) for name in record.values}
    alarms = [*live.estate.alarms, *live.estate.alarms.past()]
    on_zeros = sum(one.signal in LINES and one.value == 0 and "doubted" not in one.rule for one in alarms)
    told = Counter((one.title, one.signal) for one in alarms)
    sure = Counter((one.title, one.signal) for one in alarms if one.confirmed)
    raised = tuple(Raised(title, signal, n, sure[title, signal]) for (title, signal), n in sorted(told.items()))
    return Findings(record.minutes, mirrored, believed, on_zeros, heard, raised)


def _heard(beds: px.Fleet[Bedside], name: str) -> Heard:
    """The samples of a signal as they stand in the mirror's memory."""
    estate = beds.live.estate
    block = estate.blocks["Bedside"]
    batch, _ = estate.recent["Bedside"].of(block.row(BED), block.schema.index[name], 0)
    return Heard(batch.value, batch.quality, batch.reason)
