"""The published experiments with the real box, read from their tables; and what of them a device would send.

In most experiments two sensors hang in the box and one beside it; which one that is has changed over the years. The
first two were made to see how even the air in the box is, with all three inside: there nobody measured the room.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

import pollux as px

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

SECOND: Final = 1_000_000_000


@final
@dataclass(frozen=True, slots=True, eq=False)
class Experiment:
    """One run of a box: moments in nanoseconds UTC (n,), temperatures in degC, the heater 0 or 1; room NaN: unmeasured.

    `about` says what was done; `synthetic` that it was made by code and no box was there.
    """

    id: str
    about: str
    times: I64
    air: F64
    room: F64
    heater: F64
    synthetic: bool = False

    @property
    def tape(self) -> px.Tape:
        """What the device tells."""
        return px.Tape(self.times, {"air": self.air, "room": self.room, "heater": self.heater})

    @property
    def around(self) -> F64:
        """The room's temperature, or where nobody measured it that of the box at the beginning, when it was at rest."""
        return self.room if np.isfinite(self.room).all() else np.full(len(self.times), self.air[0])


@final
@dataclass(frozen=True, slots=True)
class Table:
    """A table of the data set: its file, the twin's id, the columns in the box and the one of the room."""

    file: str
    id: str
    about: str
    box: tuple[str, ...] = ("t2", "t3")
    room: str = "t1"


TABLES: Final = (
    Table("20200917_calibration_fan_12v/random_on_off_sequences.csv", "2020-random-0", "weak fan, heater at random"),
    Table("20200917_calibration_fan_12v/random_on_off_sequences_1.csv", "2020-random-1", "weak fan, heater at random"),
    Table("20200917_calibration_fan_12v/random_on_off_sequences_2.csv", "2020-random-2", "weak fan, heater at random"),
    Table("20200917_calibration_fan_12v/ramp_up_cool_down.csv", "2020-ramp", "weak fan, heated up, left to cool"),
    Table("20200918_calibration_fan_24V/semi_random_movement.csv", "2020-strong-fan", "strong fan, heater at random"),
    Table("20201221_controller_tunning/exp1_ht3_hg2.csv", "2020-control-3-2", "controlled: on 3 s, off 2 s"),
    Table("20201221_controller_tunning/exp2_ht20_hg30.csv", "2020-control-20-30", "controlled: on 20 s, off 30 s"),
    Table("20210122_lid_opening_kalman/lid_opening_experiment_jan_2021.csv", "2021-lid", "lid opened twice for 1 min"),
    Table(
        "20230501_calibration_empty_system/20230501_calibration_empty_system.csv",
        "2023-empty",
        "the run to which the published parameters were fitted",
        ("t1", "t2"),
        "t3",
    ),
    Table(
        "20200712_uniform_temperature/uniform_temperature.csv",
        "2020-even-weak",
        "weak fan, all sensors in the box",
        ("t1", "t2", "t3"),
        "",
    ),
    Table(
        "20200712_uniform_temperature/uniform_temperature_better_fan.csv",
        "2020-even-strong",
        "better fan, all sensors in the box",
        ("t1", "t2", "t3"),
        "",
    ),
)


def published() -> tuple[Experiment, ...]:
    """The experiments of the public data set, by time; raises SetupError with the command that fetches it."""
    folder = px.data_set("incubator")
    return tuple(sorted((read(folder / table.file, table) for table in TABLES), key=lambda one: int(one.times[0])))


def read(path: Path, table: Table) -> Experiment:
    """One table; raises DataRefused for a line that is none of its kind."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(_rows(file, path.name, table))
    columns = np.array([numbers for _, *numbers in rows])
    times = np.array([moment for moment, *_ in rows], np.int64)
    return Experiment(table.id, table.about, times, columns[:, 0], columns[:, 1], columns[:, 2])


def _rows(file: Iterator[str], name: str, table: Table) -> Iterator[tuple[float, ...]]:
    """Moment, mean of the box, room and heater of each line; blank lines between them are passed over."""
    for row in csv.DictReader(line for line in file if line.strip()):
        try:
            air = sum(float(row[column]) for column in table.box) / len(table.box)
            room = float(row[table.room]) if table.room else float("nan")
            yield _moment(row["time"]), air, room, {"True": 1.0, "False": 0.0}[row["heater_on"].strip()]
        except (KeyError, TypeError, ValueError) as error:
            raise px.DataRefused(f"expected time, temperatures, True or False, got {error}", at=name) from None


def _moment(text: str) -> int:
    """A time of either unit in nanoseconds.

    >>> _moment("1600355347.5"), _moment("1682912554273107499")
    (1600355347500000000, 1682912554273107499)
    """
    return int(text) if "." not in text else round(float(text) * SECOND)
