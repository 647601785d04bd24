"""A window: everything that is known of one signal over one minute, without its samples."""

import math
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64, I64, U16
from pollux.columns.quality import Reason
from pollux.edge.moments import Moments
from pollux.edge.sketch import Sketch
from pollux.edge.spectrum import Line, Spectrum

NO_LINE: Final = Line(math.nan, math.nan)


@final
class Window:
    """The figures of one signal over a stretch of time. Windows of the same declaration merge.

    `doubted` counts samples that are not believed, by reason; they are in no figure. A `step` above zero is the time
    between samples in nanoseconds, and asks for a spectrum in bins of `resolution` Hz.
    """

    __slots__ = ("_sketch", "_spectrum", "doubted", "moments")

    def __init__(self, step: int = 0, resolution: float = 1.0, *, quantiles: bool = True) -> None:
        self.moments = Moments()
        self.doubted: dict[Reason, int] = {}
        self._sketch = Sketch() if quantiles else None
        self._spectrum = Spectrum(step, resolution=resolution) if step else None

    def add(self, times: I64, values: F64, reasons: U16) -> None:
        """Add samples in ascending time, (n,) each."""
        good = reasons == Reason.NONE
        if not good.all():
            self._doubt(reasons[~good])
            times, values = times[good], values[good]
        self.moments = self.moments.merge(Moments.of(values))
        if self._sketch is not None:
            self._sketch.add(values)
        if self._spectrum is not None:
            self._spectrum.add(times, values)

    def merge(self, other: "Window") -> None:
        """Add all that another window has seen."""
        self.moments = self.moments.merge(other.moments)
        for reason, count in other.doubted.items():
            self.doubted[reason] = self.doubted.get(reason, 0) + count
        if self._sketch is not None and other._sketch is not None:
            self._sketch.merge(other._sketch)
        if self._spectrum is not None and other._spectrum is not None:
            self._spectrum.merge(other._spectrum)

    @property
    def empty(self) -> bool:
        """Whether it has seen nothing at all."""
        return not (self.moments.count or self.doubted)

    def quantile(self, q: float) -> float:
        """The value that about the fraction q does not exceed; NaN for no samples."""
        return math.nan if self._sketch is None else self._sketch.quantile(q)

    def line(self, number: int) -> Line:
        """The line of the spectrum with so many stronger ones, NaN where no such line stands out."""
        lines = self._spectrum.lines(1 + number) if self._spectrum is not None else []
        return lines[number] if number < len(lines) else NO_LINE

    def _doubt(self, reasons: U16) -> None:
        for number, count in enumerate(np.bincount(reasons).tolist()):
            if count:
                self.doubted[Reason(number)] = self.doubted.get(Reason(number), 0) + count
