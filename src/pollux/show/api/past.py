"""What was: history, marks on the time bar, one turn of the cycle."""

from dataclasses import replace
from typing import Final

import numpy as np

from pollux.clock import DAY
from pollux.errors import DataRefused
from pollux.show.api import seen
from pollux.show.asks import CycleQuery, HistoryQuery, MarksQuery, Moment
from pollux.show.compose.history import EXTRAS, Picture, within
from pollux.show.compose.marks import marks
from pollux.show.documents.past import History, Marks, Series
from pollux.show.facts import Turn
from pollux.show.live.frames import Frame, FrameKind, encode
from pollux.show.problems import absent
from pollux.show.routes import Call, Reply, moment, seconds

MOST_FIELDS: Final = 64
BINARY: Final = "application/octet-stream"
NOTHING_TURNS: Final = Frame(FrameKind.CYCLE, 0, 0, 0.0, np.empty(0, np.float32))
"""The answer where a twin has no turn, or had none then: a frame without rows."""


def stretch(call: seen.AnyCall, start: Moment | None, end: Moment | None, at: Moment | None) -> tuple[int, int]:
    """The stretch of time that was asked for: the last day unless said otherwise, and nothing after `at`."""
    known_at = moment(at, "?at")
    until = moment(end, "?to")
    until = until if until is not None else known_at if known_at is not None else call.now
    begin = moment(start, "?from")
    begin = begin if begin is not None else until - DAY
    if begin >= until:
        raise DataRefused("expected a beginning before the end", at="?from")
    return begin, until


def read_history(call: Call[HistoryQuery, None]) -> History:
    """Series of the twin between two moments."""
    query, type_, twin = call.query, call.type, call.id
    reader = seen.offered(call.tenancy.history)
    start, end = stretch(call, query.from_, query.to, query.at)
    asked = [name for name in (query.fields or "").split(",") if name]
    picture = Picture(start, end, query.points, query.agg, frozenset(asked) & EXTRAS)
    names = [name for name in dict.fromkeys(asked) if name not in EXTRAS] or _numbers(call)
    if len(names) > MOST_FIELDS:
        raise DataRefused(f"expected at most {MOST_FIELDS} fields, got {len(names)}", at="?fields")
    seen.require_twin(call, type_, twin)
    seen.looked(call, type_, twin)
    at = moment(query.at, "?at")
    gaps = within(reader.gaps(type_.name, twin, start, end), start, end)
    series: list[Series] = []
    seq = 0
    for name in names:
        if not call.sight.field(type_, twin, name):
            raise DataRefused(f"expected a field of {type_.name}, got {name!r}", at="?fields")
        if not type_.fields[type_.index[name]].numeric:
            raise DataRefused(f"expected a field with numbers, {name} has none", at="?fields")
        samples = reader.series(type_.name, twin, name, start, end, at=at)
        seq = max(seq, samples.seq)
        series.append(picture.series(type_.fields[type_.index[name]], samples, gaps))
    return History(twin=call.twin, from_=seconds(start), to=seconds(end), seq=seq, series=tuple(series))


def _numbers(call: seen.AnyCall) -> list[str]:
    fields = (call.type.fields[place] for place in call.sight.fields(call.type, call.id))
    return [field.name for field in fields if field.plain and field.role in ("measured", "estimate", "set")]


def read_marks(call: Call[MarksQuery, None]) -> Marks:
    """What stands on the time bar between two moments, as known at one."""
    query, type_, twin, tenancy = call.query, call.type, call.id, call.tenancy
    start, end = stretch(call, query.from_, query.to, query.at)
    at, kinds = moment(query.at, "?at"), seen.types(call)
    seen.require_twin(call, type_, twin)
    seen.looked(call, type_, twin)
    last = end if at is None else min(end, at + 1)
    alarms = [
        alarm for alarm in tenancy.alarms.past(type_.name, twin, start, last) if seen.alarm_seen(call, alarm, kinds)
    ]
    orders = tenancy.orders.list(type_.name, twin, at=at) if tenancy.orders else ()
    shown = [order for order in orders if seen.order_seen(call, order)]
    gaps = tenancy.history.gaps(type_.name, twin, start, last) if tenancy.history else ()
    return marks(alarms, shown, within(gaps, start, last), start=start, end=end)


def read_cycle(call: Call[CycleQuery, None]) -> Reply:
    """One whole turn of the twin's cycle, or of an option of a fork of it, as a binary frame."""
    query, type_, twin = call.query, call.type, call.id
    seen.require_twin(call, type_, twin)
    at = moment(query.at, "?at")
    if query.fork is None:
        turn = call.tenancy.live.turn(type_.name, twin, at=at)
    else:
        if seen.offered(call.tenancy.forks).find(query.fork).twin != call.twin:
            raise absent()
        turn = call.tenancy.live.fork_turn(query.fork, query.option or "0", at)
    if turn is None:
        return Reply(encode(NOTHING_TURNS), media=BINARY)
    if not all(call.may("read", name) for name in turn.fields):
        raise absent()
    seen.looked(call, type_, twin)
    return Reply(encode(cycle_frame(_columns(turn, query.fields), 0)), media=BINARY)


def _columns(turn: Turn, wanted: str | None) -> Turn:
    """The columns of a turn that were asked for, in that order; raises DataRefused for one that it has not."""
    if wanted is None:
        return turn
    names = tuple(name for name in wanted.split(",") if name)
    missing = [name for name in names if name not in turn.fields]
    if missing:
        raise DataRefused(f"expected a column of the turn, got {missing[0]!r}", at="?fields")
    return replace(turn, fields=names, rows=turn.rows[:, [turn.fields.index(name) for name in names]])


def cycle_frame(turn: Turn, channel: int) -> Frame:
    """A turn as a frame: row after row."""
    values = np.ascontiguousarray(turn.rows, np.float32).reshape(-1)
    return Frame(FrameKind.CYCLE, channel, turn.seq, seconds(turn.begun), values, dt=turn.step)
