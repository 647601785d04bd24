"""The payload of Sparkplug B (Eclipse Sparkplug 3.0, section 6.4; field numbers of the Tahu schema), read in bounds.

This is the format alone: metrics with names, aliases, times, qualities. Births, deaths, rebirths and what an alias
stands for are a conversation, and not in one payload. Of the values numbers, flags, texts and times are read; data
sets, templates, bytes and arrays are named and refused where a signal would need them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

from pollux.check.faults import Fault
from pollux.check.protobuf import fields, flag, octets, real, signed, text, whole
from pollux.check.times import GREATEST, Nanoseconds
from pollux.check.vocabulary import RESERVED
from pollux.columns.quality import Reason

MOST_METRICS: Final = 100_000

_SIGNED: Final = {1: 8, 2: 16, 3: 32, 4: 64}
_QUALITY: Final = "Quality"
_GOOD: Final = 192
_UNCERTAIN: Final = 64
_STALE: Final = 500

_Read = Callable[[int, int | bytes], Any]
_NAME, _ALIAS, _TIME, _TYPE, _HISTORICAL, _NULL, _PROPERTIES = 1, 2, 3, 4, 5, 7, 9
_METRIC: Final[Mapping[int, _Read]] = {
    _NAME: text, _ALIAS: whole, _TIME: whole, _TYPE: whole, _HISTORICAL: whole, _NULL: whole, _PROPERTIES: octets,
    10: whole, 11: whole, 12: real, 13: real, 14: flag, 15: text,
}  # fmt: skip
_METRIC_VALUES: Final = range(10, 16)
_COMPOUND: Final = {16: "bytes", 17: "a data set", 18: "a template", 19: "an extension"}
_PROPERTY: Final[Mapping[int, _Read]] = {
    1: whole, 2: whole, 3: whole, 4: whole, 5: real, 6: real, 7: flag, 8: text,
}  # fmt: skip
_PROPERTY_VALUES: Final = range(3, 9)


@final
@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: `name` may be empty where an `alias` stands for it; `value` is None for null.

    `kind` is the datatype (0 where the payload says none), `time` milliseconds since 1970; `properties` holds those
    that are numbers, flags or texts; `compound` names a value that is none.
    """

    name: str = ""
    alias: int | None = None
    time: int | None = None
    kind: int = 0
    historical: bool = False
    value: float | str | bool | None = None
    properties: Mapping[str, Any] | None = None
    compound: str = ""

    @property
    def quality(self) -> str:
        """The quality that the device tells: good 192 and above, uncertain or stale, else bad."""
        told = (self.properties or {}).get(_QUALITY, _GOOD)
        if not isinstance(told, int) or told == _STALE:
            return "uncertain"
        return "good" if told >= _GOOD else "uncertain" if told >= _UNCERTAIN else "bad"


@final
@dataclass(frozen=True, slots=True)
class SparkplugPayload:
    """A payload: its time in milliseconds, its metrics, its sequence number from 0 to 255."""

    time: int | None
    seq: int | None
    metrics: tuple[Metric, ...]


def read_sparkplug(payload: bytes) -> SparkplugPayload:
    """The payload in these bytes; raises `Fault` and `ValueError` for what is none."""
    time, seq, metrics = None, None, list[Metric]()
    for number, kind, value in fields(payload):
        if number == 1:
            time = whole(kind, value)
        elif number == 2:
            metrics.append(_metric(octets(kind, value)))
            if len(metrics) > MOST_METRICS:
                raise Fault(Reason.TOO_MANY, f"expected at most {MOST_METRICS} metrics, got more")
        elif number == 3:
            seq = whole(kind, value)
    return SparkplugPayload(time, seq, tuple(metrics))


def documents(payload: SparkplugPayload) -> list[dict[str, Any]]:
    """The metrics as documents, one for each time; a metric without a name is told by its alias, which no type knows.

    The sequence number counts modulo 256 for a whole edge node, so it is not the `seq` of a document.
    """
    told: list[dict[str, Any]] = []
    at: dict[int | None, dict[str, Any]] = {}
    for metric in payload.metrics:
        when = metric.time if metric.time is not None else payload.time
        name = metric.name or f"alias {metric.alias}"
        # A metric says a value, also where it is called as a document calls its time.
        name = f"metric {name}" if name in RESERVED else name
        open_ = at.get(when)
        if open_ is None or name in open_:
            open_ = at[when] = {} if when is None else {"t": _nanoseconds(when)}
            told.append(open_)
        open_[name] = _said(metric)
    return told


def _said(metric: Metric) -> Any:
    if metric.compound:
        return {"datatype": metric.compound}
    quality = metric.quality
    return metric.value if quality == "good" else {"value": metric.value, "quality": quality}


def _nanoseconds(millis: int) -> Nanoseconds:
    return Nanoseconds(min(millis * 1_000_000, GREATEST + 1))


def _metric(message: bytes) -> Metric:
    said = _said_in(message, _METRIC)
    compound = next((what for number, what in _COMPOUND.items() if number in said), "")
    value = next((said[number] for number in _METRIC_VALUES if number in said), None)
    datatype = said.get(_TYPE, 0)
    return Metric(
        name=said.get(_NAME, ""),
        alias=said.get(_ALIAS),
        time=said.get(_TIME),
        kind=datatype,
        historical=bool(said.get(_HISTORICAL)),
        value=None if said.get(_NULL) else _whole(value, datatype),
        properties=_properties(said[_PROPERTIES]) if _PROPERTIES in said else None,
        compound=compound,
    )


def _said_in(message: bytes, known: Mapping[int, _Read]) -> dict[int, Any]:
    """The fields of a message that are known, and the numbers of those that are too much; the last of each holds."""
    said: dict[int, Any] = {}
    for number, kind, raw in fields(message):
        read = known.get(number)
        if read is not None:
            said[number] = read(kind, raw)
        elif number in _COMPOUND:
            said[number] = None
    return said


def _whole(value: Any, datatype: int) -> Any:
    """Signed types travel as two's complement in unsigned fields."""
    return signed(value, _SIGNED[datatype]) if type(value) is int and datatype in _SIGNED else value


def _properties(message: bytes) -> Mapping[str, Any]:
    keys: list[str] = []
    values: list[Any] = []
    for number, kind, raw in fields(message):
        if number == 1:
            keys.append(text(kind, raw))
        elif number == 2:
            values.append(_property(octets(kind, raw)))
    if len(keys) != len(values):
        raise ValueError(f"expected a value for each of {len(keys)} properties, got {len(values)}")
    return dict(zip(keys, values, strict=True))


def _property(message: bytes) -> Any:
    said = _said_in(message, _PROPERTY)
    value = next((said[number] for number in _PROPERTY_VALUES if number in said), None)
    return None if said.get(2) else _whole(value, said.get(1, 0))
