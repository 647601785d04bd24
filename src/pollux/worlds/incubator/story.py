"""The story in simulated time: every experiment through the front door, each reading held against what was foreseen.

A recording is played as a device: MQTT, log, mirror, filter. After every update the twin is forked and run ahead; what
the fork foresees is compared with readings that come later. Nothing of the future is used, except where it is said: the
forecast over ten minutes is told what the heater will do, as a controller would know it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

import numpy as np

import pollux as px
from pollux.worlds.incubator.box import LEARNING, Incubator
from pollux.worlds.incubator.experiments import F64, I64, Experiment
from pollux.worlds.incubator.open_loop import open_loop

UPDATE: Final = LEARNING.interval
GRID: Final = "3 s"
AHEAD: Final = "10 min"
EVERY: Final = 8
"""Updates between two forecasts over ten minutes."""

PROMISED: Final = 0.6
"""The online error is at most this part of the published model's open-loop error."""

ZERO_CELSIUS: Final = 273.15


@final
@dataclass(frozen=True, slots=True)
class Score:
    """Root mean square errors of one experiment in kelvin.

    `online`: each reading beside what was foreseen of it at the last update, 0 to 15 s before; `last`: beside the last
    reading known then; `ahead`: ten minutes ahead, NaN for an experiment that is shorter; `published`: the published
    model, left to itself.
    """

    experiment: str
    readings: int
    online: float
    last: float
    ahead: float
    published: float

    @property
    def ratio(self) -> float:
        """The online error as a part of the published model's."""
        return self.online / self.published

    @property
    def held(self) -> bool:
        """Whether the promise held."""
        return self.ratio <= PROMISED

    def __str__(self) -> str:
        ahead = "     -" if np.isnan(self.ahead) else f"{self.ahead:6.2f}"
        return (
            f"{self.experiment:19} {self.readings:6}  {self.online:6.3f}  {self.last:6.3f}  {ahead}"
            f"  {self.published:9.2f}  {self.ratio:6.3f}  {'held' if self.held else 'NOT HELD'}"
        )


HEADING: Final = "experiment          readings  online    last  10 min  published   ratio"


def play(boxes: px.Fleet[Incubator], experiment: Experiment) -> Score:
    """Play one experiment into an open site with a simulated clock, and score what was foreseen."""
    foreseen = Foreseen(experiment)
    with px.replay(boxes, {experiment.id: experiment.tape}, every=LEARNING.every):
        for number, moment in enumerate(_updates(experiment)):
            boxes.live.advance_to(moment)
            foreseen.next_readings(boxes[experiment.id], moment)
            if number % EVERY == EVERY - 1:
                foreseen.ten_minutes(boxes[experiment.id], moment)
        # The last readings are taken in now: left over, they would be met by a run to the next experiment, months away.
        boxes.live.advance_to(int(experiment.times[-1]) + 2 * UPDATE)
    return foreseen.score()


def _updates(experiment: Experiment) -> Iterator[int]:
    """The moments at which the filter takes in what came since the last one, while readings come."""
    first = -(-int(experiment.times[0] + UPDATE) // UPDATE) * UPDATE
    yield from range(first, int(experiment.times[-1]), UPDATE)


@final
class Foreseen:
    """What was foreseen of one experiment, and how far off it was."""

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._online: list[float] = []
        self._last: list[float] = []
        self._ahead: list[float] = []

    def next_readings(self, box: px.Handle[Incubator], moment: int) -> None:
        """Foresee the readings until the next update with the heater as it is now."""
        times, air = self._experiment.times, self._experiment.air
        coming = (times > moment) & (times <= moment + UPDATE)
        path, grid = _path(box.fork(members=LEARNING.members), LEARNING.every)
        self._online += (np.interp(times[coming], grid, path) - air[coming]).tolist()
        self._last += (float(air[times <= moment][-1]) - air[coming]).tolist()

    def ten_minutes(self, box: px.Handle[Incubator], moment: int) -> None:
        """Foresee the reading in ten minutes, told what the heater will do; the room is taken to stay as it is."""
        end = moment + px.duration(AHEAD)
        one = self._experiment
        if end > one.times[-1]:
            return
        plan = (one.times > moment) & (one.times <= end)
        course = px.level(one.times[plan], one.heater[plan])
        path, _ = _path(box.fork(members=LEARNING.members, inputs={"heater": course}), AHEAD)
        self._ahead.append(float(path[-1] - np.interp(end, one.times, one.air)))

    def score(self) -> Score:
        """The errors of all that was foreseen."""
        one = self._experiment
        published = open_loop(one) - one.air
        return Score(
            one.id, len(one.times), _rms(self._online), _rms(self._last), _rms(self._ahead), _rms(published.tolist())
        )


def _path(fork: px.Fork[Incubator], span: str) -> tuple[F64, I64]:
    """The median of the air in degC over the run, and its moments."""
    band = fork.run(span, every=GRID).band(Incubator.air)
    return band.median[0] - ZERO_CELSIUS, band.times


def _rms(errors: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(errors)))) if errors else float("nan")
