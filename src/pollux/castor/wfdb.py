"""Read records in the WFDB format of PhysioNet: a header in text, samples in formats 16, 80 and 212.

Only what replaying a bedside record needs: single segments, any number of signals and samples per frame. Source of the
format: the WFDB Applications Guide, header(5) and signal(5).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray

from pollux.clock import SECOND
from pollux.errors import DataRefused

_SIGNAL = re.compile(r"(?P<gain>-?[0-9.eE+-]+?)?(\((?P<base>-?\d+)\))?(/(?P<unit>\S+))?")
_FORMAT = re.compile(r"(?P<format>\d+)(x(?P<frames>\d+))?(:\d+)?(\+(?P<offset>\d+))?")
_INVALID = {"16": -32768, "80": -128, "212": -2048}


@final
@dataclass(frozen=True, slots=True)
class Channel:
    """One signal as its header line says: where it is stored and how counts become units."""

    name: str
    unit: str
    file: str
    format: str
    per_frame: int
    offset: int
    gain: float
    baseline: int


@final
@dataclass(frozen=True, slots=True)
class Recording:
    """Samples of several channels on one clock.

    `values` is (channels, samples) in the channels' units, NaN where the record marks a sample as invalid; `start` is
    nanoseconds since 1970 UTC as the header gives it (zero without a date), `step` nanoseconds between samples.
    """

    name: str
    start: int
    step: int
    channels: tuple[Channel, ...]
    values: NDArray[np.float64]

    def __getitem__(self, channel: str) -> NDArray[np.float64]:
        """One channel's samples by its name; the units' are its channel's."""
        names = [c.name for c in self.channels]
        if channel not in names:
            raise DataRefused(f"no channel {channel!r}", at=self.name, hint=f"there are {', '.join(names)}")
        samples: NDArray[np.float64] = self.values[names.index(channel)]
        return samples


def read_wfdb(header: Path) -> Recording:
    """Read a record by its header file; raises DataRefused where the header or a file is not understood.

    >>> import pathlib, tempfile, numpy, pollux as px
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     header = pathlib.Path(folder, "r.hea")
    ...     _ = header.write_text("r 1 250 4\\nr.dat 16 200/mV 12 0 0 0 0 II\\n")
    ...     numpy.array([0, 200, 400, -200], "<i2").tofile(pathlib.Path(folder, "r.dat"))
    ...     record = px.read_wfdb(header)
    >>> record["II"].tolist(), record.step
    ([0.0, 1.0, 2.0, -1.0], 4000000)
    """
    lines = [line for line in header.read_text("ascii", "replace").splitlines() if line and not line.startswith("#")]
    if not lines:
        raise DataRefused("expected a record line, got an empty header", at=header.name)
    fields = lines[0].split()
    if "/" in fields[0]:
        raise DataRefused(
            "expected one segment, got a record of several", at=header.name, hint="name a segment's header"
        )
    count, rate = int(fields[1]), _number(fields[2].split("/")[0], header) if len(fields) > 2 else 250.0
    channels = [_channel(line, header) for line in lines[1 : 1 + count]]
    if len(channels) != count:
        raise DataRefused(f"expected {count} signals, got {len(channels)}", at=header.name)
    values = _samples(header, channels, int(fields[3]) if len(fields) > 3 else 0)
    return Recording(fields[0], _start(fields[4:]), round(SECOND / rate), tuple(channels), values)


def _channel(line: str, header: Path) -> Channel:
    fields = line.split(maxsplit=8)
    form = _FORMAT.fullmatch(fields[1])
    if form is None or form["format"] not in _INVALID:
        raise DataRefused(f"expected format 16, 80 or 212, got {fields[1]!r}", at=header.name)
    scale = _SIGNAL.fullmatch(fields[2]) if len(fields) > 2 else None
    zero = int(fields[4]) if len(fields) > 4 else 0
    return Channel(
        name=fields[8].strip() if len(fields) > 8 else fields[0],
        unit=(scale and scale["unit"]) or "mV",
        file=fields[0],
        format=form["format"],
        per_frame=int(form["frames"] or 1),
        offset=int(form["offset"] or 0),
        gain=float((scale and scale["gain"]) or 0) or 200.0,
        baseline=int(scale["base"]) if scale and scale["base"] else zero,
    )


def _samples(header: Path, channels: Sequence[Channel], length: int) -> NDArray[np.float64]:
    """Every channel's samples; a channel with several samples a frame is thinned to the first of each frame."""
    columns: list[NDArray[np.float64]] = []
    for file in dict.fromkeys(c.file for c in channels):
        group = [c for c in channels if c.file == file]
        counts = _counts(header.parent / file, group[0])
        frame = sum(c.per_frame for c in group)
        table = counts[: len(counts) // frame * frame].reshape(-1, frame)
        at = 0
        for channel in group:
            raw = table[:, at]
            good = raw != _INVALID[channel.format]
            columns.append(np.where(good, (raw - channel.baseline) / channel.gain, np.nan))
            at += channel.per_frame
    shortest = min(map(len, columns))
    return np.stack([c[: length or shortest][:shortest] for c in columns])


def _counts(path: Path, channel: Channel) -> NDArray[np.int64]:
    if not path.exists():
        raise DataRefused("the file of samples is missing", at=path.name)
    raw = np.frombuffer(path.read_bytes(), np.uint8)[channel.offset :]
    if channel.format == "16":
        return raw[: len(raw) // 2 * 2].view("<i2").astype(np.int64)
    if channel.format == "80":
        return raw.astype(np.int64) - 128
    low, middle, high = raw[: len(raw) // 3 * 3].reshape(-1, 3).astype(np.int64).T
    pairs = np.stack([low + ((middle & 0x0F) << 8), high + ((middle & 0xF0) << 4)], axis=1).ravel()
    return np.where(pairs > 2047, pairs - 4096, pairs)


def _start(fields: Sequence[str]) -> int:
    """The moment of the first sample, taken as UTC, since a record names no zone."""
    if len(fields) < 2:
        return 0
    hour, minute, second = ([0.0, 0.0] + [float(part) for part in fields[0].split(":")])[-3:]
    day, month, year = (int(part) for part in fields[1].split("/"))
    midnight = datetime(year, month, day, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return midnight.days * 86_400 * SECOND + round((hour * 3600 + minute * 60 + second) * SECOND)


def _number(text: str, header: Path) -> float:
    try:
        return float(text)
    except ValueError:
        raise DataRefused(f"expected a sampling rate, got {text!r}", at=header.name) from None
