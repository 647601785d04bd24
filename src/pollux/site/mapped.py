"""`pollux map`: try the mappings of a site on sample messages, and print what would arrive where."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from pollux.clock import WallClock
from pollux.errors import SetupError
from pollux.site.declare import declared_in
from pollux.site.live import TENANT
from pollux.site.samples import Unreadable, read_samples
from pollux.site.trial import Summary, Told, Trial, Tried

MOST_MESSAGES: Final = 100_000
_SHOWN: Final = 10


def run(options: argparse.Namespace) -> int:
    """Print message by message, then a summary; with `--json` one document a line."""
    site = declared_in(options.site)
    trial = Trial([one.holding() for one in site.declared.values()], TENANT, WallClock().now())
    for count, sample in enumerate(read_samples(_lines(options.sample))):
        if count == MOST_MESSAGES:
            print(f"pollux: only the first {MOST_MESSAGES} messages were looked at", file=sys.stderr)
            break
        tried = trial.one(sample)
        if isinstance(sample, Unreadable):
            _say({"line": sample.line, "unreadable": sample.detail}, f"line {sample.line}  {sample.detail}", options)
        elif tried is not None:
            _say(tried, _text(tried), options)
    _say({"summary": trial.summary}, _summary(trial.summary), options)
    return 0


def _lines(path: str) -> Iterator[bytes]:
    """The lines of a file, or of standard input for `-`."""
    if path == "-":
        yield from sys.stdin.buffer
        return
    source = Path(path)
    if not source.is_file():
        raise SetupError("there is no such file", at=path, hint="mosquitto_sub -v -t '#' > sample.txt makes one")
    with source.open("rb") as lines:
        yield from lines


def _say(document: object, text: str, options: argparse.Namespace) -> None:
    print(msgspec.json.encode(document).decode() if options.json else _printable(text))


def _printable(text: str) -> str:
    """What others have named, so that it cannot steer a terminal."""
    return "".join(sign if sign.isprintable() or sign == "\n" else ascii(sign)[1:-1] for sign in text)


def _text(tried: Tried) -> str:
    lines = [f"line {tried.line}  {tried.topic}  {tried.payload[:60]}"]
    lines += [f"    {_value(value)}" for value in tried.values[:_SHOWN]]
    if len(tried.values) > _SHOWN:
        lines.append(f"    and {len(tried.values) - _SHOWN} more values")
    for turned in tried.refused[:_SHOWN]:
        lines.append(f"    refused, {turned.reason}: {turned.detail}")
        lines += [f"        hint: {turned.hint}"] if turned.hint else []
    if not tried.values and not tried.refused:
        lines.append("    nothing: the mapping ignores it")
    return "\n".join(lines)


def _value(value: Told) -> str:
    twin = f"{value.twin} (new)" if value.created else value.twin
    told = _amount(value.told, value.told_unit)
    stored = _amount(value.stored, value.unit)
    same = told == stored or value.unit is None
    doubt = f"  {value.quality}: {value.reason}" if value.reason else ""
    return f"{twin}  {value.signal} = {told}{'' if same else f' -> {stored}'}  at {value.t}{doubt}"


def _amount(value: object, unit: str | None) -> str:
    number = f"{value:.10g}" if isinstance(value, float) else "no number" if value is None else repr(value)
    return number if unit in (None, "1") else f"{number} {unit}"


def _summary(summary: Summary) -> str:
    head = f"{summary.messages} messages, {summary.values} values for {len(summary.twins)} twins"
    lines = [head + (f", {summary.doubted} doubted" if summary.doubted else "")]
    lines += [f"refused: {_counts(summary.refused)}"] if summary.refused else []
    lines += [f"topics that no mapping knows: {_counts(summary.unmapped)}"] if summary.unmapped else []
    lines += [f"lines that are no message: {summary.unreadable}"] if summary.unreadable else []
    return "\n".join(["", *lines])


def _counts(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda pair: -pair[1])
    shown = ", ".join(f"{count} {name}" for name, count in ordered[:_SHOWN])
    return shown if len(ordered) <= _SHOWN else f"{shown} and {len(ordered) - _SHOWN} others"
