"""The strongest lines of a vibration: averaged periodograms of windowed, overlapping segments."""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pollux.columns.arrays import F64, I64

STANDS_OUT: Final = 20.0
"""A line is this many times as strong as the median of all bins; noise in one segment does so once in 2^20 bins."""
FAINTEST: Final = 1e-10
"""100 dB below the strongest bin there is only rounding."""

_LOBE: Final = 2
_EVEN: Final = 0.02


@final
@dataclass(frozen=True, slots=True)
class Line:
    """A line: its frequency in Hz, and the root mean square of the oscillation, in the unit of the values."""

    frequency: float
    rms: float


@final
class Spectrum:
    """The power spectrum of evenly spaced samples, by Welch's method with Hann windows and half overlap.

    `step` is the time between samples in nanoseconds. A segment is as long as `resolution` (Hz) asks: its bins are
    `rate / size` apart, with `size` the even number next to rate / resolution, and two sines are told apart from four
    bins on, the width of the main lobe. With window w the density of bin k is

        P_k = 2 / (rate sum(w^2)) mean_over_segments |FFT(w (x - mean(x)))_k|^2

    A gap, a doubted sample or uneven steps end a run; a segment lies within one run, the rest of a run is left out.
    Spectra of the same step and size merge: powers and segments add.

    Source: Welch, "The use of fast Fourier transform for the estimation of power spectra", IEEE Trans. Audio
    Electroacoust. 15, 1967.

    >>> spectrum = Spectrum(1_000_000, resolution=1.0)
    >>> t = np.arange(4000) * 1_000_000
    >>> spectrum.add(t, 3.0 * np.sin(2 * np.pi * 50.25 * t / 1e9))
    >>> [(round(line.frequency, 2), round(line.rms, 2)) for line in spectrum.lines(1)]
    [(50.25, 2.12)]
    """

    __slots__ = ("_last", "_power", "_run", "_window", "segments", "size", "step")

    def __init__(self, step: int, *, resolution: float) -> None:
        self.step = step
        self.size = max(8, 2 * round(1e9 / step / resolution / 2))
        self.segments = 0
        self._window = np.hanning(self.size + 1)[:-1]
        self._power = np.zeros(self.size // 2 + 1)
        self._run = np.empty(0)
        self._last = 0

    def add(self, times: I64, values: F64) -> None:
        """Add samples in ascending time, (n,) each: what belongs together is found by the times."""
        if not len(times):
            return
        steps = np.diff(times, prepend=self._last)
        breaks = np.flatnonzero(np.abs(steps - self.step) > _EVEN * self.step)
        for number, piece in enumerate(np.split(values, breaks)):
            if number:
                self._run = np.empty(0)
            self._extend(piece)
        self._last = int(times[-1])

    def merge(self, other: "Spectrum") -> None:
        """Add the segments of another spectrum of the same step and size."""
        self._power = self._power + other._power
        self.segments += other.segments

    @property
    def resolution(self) -> float:
        """Hz between two bins."""
        return 1e9 / self.step / self.size

    @property
    def density(self) -> F64:
        """Power per Hz at 0, resolution, ..., rate / 2, (size / 2 + 1,); NaN before the first segment."""
        scale = 2.0 * self.step / 1e9 / float(self._window @ self._window)
        with np.errstate(invalid="ignore"):
            density: F64 = self._power * scale / self.segments if self.segments else np.full_like(self._power, np.nan)
        return density

    def lines(self, most: int) -> list[Line]:
        """The strongest lines that stand out of the rest, strongest first, at least a main lobe apart."""
        density = self.density
        if not self.segments:
            return []
        least = max(STANDS_OUT * float(np.median(density)), FAINTEST * float(density.max()))
        inner = density[1:-1]
        tops = 1 + np.flatnonzero((inner >= density[:-2]) & (inner > density[2:]) & (inner > least))
        found: list[int] = []
        for top in tops[np.argsort(-density[tops], kind="stable")].tolist():
            if len(found) < most and all(abs(top - other) > 2 * _LOBE for other in found):
                found.append(top)
        return [self._line(density, top) for top in found]

    def _line(self, density: F64, top: int) -> Line:
        # For a Hann window the ratio of the two highest bins says where between them a sine lies: Grandke,
        # "Interpolation algorithms for discrete Fourier transforms of weighted signals", IEEE Trans. Instrum. Meas. 32,
        # 1983, eq. 23.
        side = 1 if density[top + 1] >= density[top - 1] else -1
        ratio = float(np.sqrt(density[top + side] / density[top]))
        between = (2.0 * ratio - 1.0) / (ratio + 1.0)
        lobe = density[max(top - _LOBE, 0) : top + _LOBE + 1]
        return Line((top + side * between) * self.resolution, float(np.sqrt(lobe.sum() * self.resolution)))

    def _extend(self, values: F64) -> None:
        run = np.concatenate((self._run, values))
        hop = self.size // 2
        if len(run) >= self.size:
            segments = sliding_window_view(run, self.size)[::hop]
            level = segments - segments.mean(axis=1, keepdims=True)
            self._power += (np.abs(np.fft.rfft(level * self._window, axis=1)) ** 2).sum(axis=0)
            self.segments += len(segments)
            run = run[len(segments) * hop :]
        self._run = run
