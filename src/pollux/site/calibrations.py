"""Calibrations from a file: one line a point, as laboratories and spreadsheets write them."""

import csv
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from pollux.check import Calibration
from pollux.errors import SetupError

_NEEDED: Final = ("twin", "signal")
_KEYS: Final = ("twin", "signal", "valid_from", "valid_until", "uncertainty", "certificate")
_CURVES: Final = ("raw", "true", "gain", "offset")


def calibrations(path: str | Path) -> tuple[Calibration, ...]:
    """The calibrations in a CSV file: columns `twin,signal,raw,true`, one line a point, or `twin,signal,gain,offset`.

    Further columns: `valid_from`, `valid_until` (ISO 8601), `uncertainty`, `certificate`. Lines that are alike in all
    but raw and true are the points of one curve. Raises SetupError with the line for what cannot be read.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pollux as px
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "sensors.csv")
    ...     _ = file.write_text("twin,signal,raw,true\\nP-7,temp,0,0.4\\nP-7,temp,100,99.8\\n")
    ...     px.calibrations(file)[0].points
    ((0.0, 0.4), (100.0, 99.8))
    """
    place = str(path)
    with Path(path).open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        names = reader.fieldnames or ()
        lacking = [name for name in _NEEDED if name not in names]
        strange = [name for name in names if name not in (*_KEYS, *_CURVES)]
        if lacking or strange:
            raise SetupError(f"expected columns twin,signal,raw,true, got {','.join(names)}", at=place)
        lines = [(number, line) for number, line in enumerate(reader, 2) if any(line.values())]
    grouped = groupby(lines, key=lambda pair: tuple(pair[1].get(name) or "" for name in _KEYS))
    return tuple(_calibration(key, [*some], place) for key, some in grouped)


def _calibration(key: Sequence[str], lines: Sequence[tuple[int, dict[str, str]]], place: str) -> Calibration:
    twin, signal, start, end, uncertainty, certificate = key
    number, first = lines[0]
    at = f"{place}, line {number}"
    try:
        points = tuple((float(line["raw"]), float(line["true"])) for _, line in lines if line.get("raw"))
        linear = {name: float(first[name]) for name in ("gain", "offset") if first.get(name)}
        unsure = float(uncertainty or 0.0)
    except (TypeError, ValueError, KeyError) as wrong:
        raise SetupError(f"expected numbers, got {_shown(first.values())}: {wrong}", at=at) from None
    if linear and len(lines) > 1:
        raise SetupError("expected gain and offset once, got them in several lines", at=at)
    try:
        return Calibration(
            twin,
            signal,
            points,
            gain=linear.get("gain", 1.0),
            offset=linear.get("offset", 0.0),
            valid_from=start,
            valid_until=end,
            uncertainty=unsure,
            certificate=certificate,
        )
    except ValueError as wrong:
        raise SetupError(str(wrong), at=at) from None


def _shown(values: Iterable[str | None]) -> str:
    return ",".join(one or "" for one in values)[:120]
