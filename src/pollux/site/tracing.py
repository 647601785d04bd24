"""`pollux trace`: why the data of a device do or do not arrive, step by step."""

import argparse
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

import msgspec

from pollux.clock import SECOND, iso
from pollux.errors import NotFound
from pollux.show.documents.alarms import Fault
from pollux.show.documents.tracing import Attempt, Heard, Trace
from pollux.site.calling import Caller

_SIGNS: Final = {"ok": "ok", "broken": "BROKEN", "unknown": "-"}
SHOWN: Final = 5


def run(options: argparse.Namespace) -> int:
    """Ask a running site what it knows of a device, and print it."""
    caller = Caller(options.url, authority=options.authority)
    try:
        found = caller.get(f"/devices/{quote(options.device, safe='')}/trace", Trace)
    except NotFound:
        hint = "the name of its account, or the id of its twin; `pollux token list` shows the accounts"
        raise NotFound(f"nobody of the name {options.device!r} is known or was heard", hint=hint) from None
    print(msgspec.json.encode(found).decode() if options.json else "\n".join(told(found)))
    return 0


def told(trace: Trace) -> Iterator[str]:
    """The trace as lines for people."""
    yield f"{trace.device}: {trace.verdict}"
    yield ""
    for step in trace.steps:
        delay = "" if step.delay is None else f"  ({_seconds(step.delay)})"
        yield f"  {_SIGNS[step.state]:7} {step.label:11} {step.text}{delay}"
        if step.hint:
            yield f"  {'':19} try: {step.hint}"
    yield from _section("newest message", (line for one in trace.heard for line in _heard(one)))
    yield from _section("refused messages", (line for one in trace.faults[:SHOWN] for line in _fault(one)))
    yield from _section("refused attempts to come in", map(_attempt, trace.attempts[-SHOWN:]))
    unnamed = () if trace.connections else trace.unnamed
    yield from _section("refused connections of nobody knows whom", map(_attempt, unnamed[-SHOWN:]))


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = [*lines]
    if found:
        yield from ("", f"{title}:", *(f"  {line}" for line in found))


def _heard(one: Heard) -> Iterator[str]:
    yield f"{_time(one.t)}  {one.topic}  {one.excerpt}"
    for value in one.values:
        why = f": {value.reason}" if value.reason else ""
        number = "–" if value.value is None else f"{value.value:.6g}"
        yield f"    {one.twin}.{value.field} = {number} {value.unit}  {value.quality}{why}"


def _fault(one: Fault) -> Iterator[str]:
    where = f"  {one.topic}" if one.topic else ""
    yield f"{_time(one.t)}{where}  {one.excerpt.mark if one.excerpt else ''}"
    yield f"    {one.title}: {one.text}"
    if one.hint:
        yield f"    try: {one.hint}"


def _attempt(one: Attempt) -> str:
    client = f" as {one.client}" if one.client else ""
    return f"{_time(one.t)}  from {one.address or '?'}{client}: {one.why}"


def _time(seconds: float) -> str:
    return iso(round(seconds * SECOND))


def _seconds(delay: float) -> str:
    return f"{delay * 1_000:.1f} ms" if abs(delay) < 1 else f"{delay:,.1f} s"
