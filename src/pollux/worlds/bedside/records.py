"""What is played at the bed: 32 hours of a real, de-identified monitor, or a synthetic record made by code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

import pollux as px

F64 = NDArray[np.float64]

MINUTE: Final = 60_000_000_000
HEADER: Final = "s00001-2896-10-10-00-31n.hea"

START: Final = 1_791_592_286 * 1_000_000_000
"""2026-10-10 00:31:26. The dates of the record are surrogates in the 29th century; only the time of day is kept."""

CHANNELS: Final = {
    "HR": "heart_rate",
    "PULSE": "pulse",
    "RESP": "respiration",
    "SpO2": "spo2",
    "NBPSys": "cuff_systolic",
    "NBPDias": "cuff_diastolic",
    "NBPMean": "cuff_mean",
    "ABPSys": "line_systolic",
    "ABPDias": "line_diastolic",
    "ABPMean": "line_mean",
}

SOURCE: Final = (
    "Record 3975656n of the MIMIC-III waveform database, de-identified, Open Database License 1.0 "
    "(Johnson et al. 2016, Sci. Data 3:160035; PhysioNet)."
)

SYNTHETIC: Final = "SYNTHETIC record, made by code: no person was there."


@final
@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """Minutes at a bed: by signal the values (n,), NaN where nothing was measured; where they come from."""

    source: str
    values: Mapping[str, F64]

    @property
    def minutes(self) -> int:
        """How long it is."""
        return len(self.values["heart_rate"])

    def part(self, first: int, last: int) -> "Record":
        """The minutes from `first` up to and without `last`."""
        return Record(self.source, {name: column[first:last] for name, column in self.values.items()})

    @property
    def tape(self) -> px.Tape:
        """What the monitor tells."""
        return px.Tape(START + MINUTE * np.arange(self.minutes, dtype=np.int64), self.values)


def recorded() -> Record:
    """The public record; raises SetupError with the command that fetches it."""
    record = px.read_wfdb(px.data_set("bedside") / HEADER)
    return Record(SOURCE, {signal: record[channel] for channel, signal in CHANNELS.items()})


def synthetic(minutes: int = 240, *, seed: int = 1) -> Record:
    """A quiet patient whose oximeter slips off now and then, with a line that is connected for the last minutes.

    Readings have steps of 0.1, cuffs come every 15 minutes. Once a lead of the ECG is off and it reads zero, and once
    the saturation really falls.
    """
    rng = np.random.Generator(np.random.Philox(key=seed))
    minute = np.arange(minutes)
    heart = 56 + 4 * np.sin(2 * np.pi * minute / 180) + rng.normal(0, 1.0, minutes)
    mean = 86 + 6 * np.sin(2 * np.pi * minute / 300) + rng.normal(0, 2.0, minutes)
    values = {
        "heart_rate": heart,
        "pulse": heart + rng.normal(0, 0.5, minutes),
        "respiration": 12 + rng.normal(0, 1.0, minutes),
        "spo2": np.clip(96.5 + rng.normal(0, 0.5, minutes), 0, 100),
        "line_mean": mean,
        "line_systolic": mean + 46,
        "line_diastolic": mean - 23,
        "cuff_mean": np.round(mean),
        "cuff_systolic": np.round(mean + 46),
        "cuff_diastolic": np.round(mean - 23),
    }
    values = {name: np.round(column, 1) for name, column in values.items()}
    _disturb(values, minute, rng)
    return Record(SYNTHETIC, values)


def _disturb(values: dict[str, F64], minute: NDArray[np.int64], rng: np.random.Generator) -> None:
    """The oximeter off in stretches, a lead off, one true fall of the saturation, a loose line, a cuff now and then."""
    minutes = len(minute)
    off = np.repeat(rng.random(-(-minutes // 10)) < 0.2, 10)[:minutes]
    low = (minute >= minutes // 2) & (minute < minutes // 2 + 4)
    off &= ~low
    values["spo2"][low] = 87.0
    values["spo2"][off] = values["pulse"][off] = 0.0
    lead = (minute >= minutes // 4) & (minute < minutes // 4 + 3)
    values["heart_rate"][lead] = values["respiration"][lead] = 0.0
    for name in values:
        if name.startswith("line_"):
            values[name][minute < minutes - 8] = 0.0
        if name.startswith("cuff_"):
            values[name][minute % 15 != 0] = np.nan
