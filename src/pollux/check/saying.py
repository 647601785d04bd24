"""One value in the vocabulary of a type: numbers, quantities, flags, choices, texts and positions."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, cast

from pollux.check.faults import Fault, shown
from pollux.check.shapes import is_object
from pollux.check.telling import Telling
from pollux.check.vocabulary import Key, linear
from pollux.columns.batch import Place
from pollux.columns.quality import Quality, Reason
from pollux.errors import PolluxError
from pollux.model.schema import Signal
from pollux.model.units import unit

_UNIT_LENGTH: Final = 32
_DOUBTED: Final[Mapping[str, Quality]] = {
    "good": Quality.GOOD,
    "uncertain": Quality.UNCERTAIN,
    "bad": Quality.BAD,
}
_PLACES: Final = (("x", "y", "z"), ("lat", "lon", "height"), ("latitude", "longitude", "height"))


def say(telling: Telling, key: Key, value: object, *, time: int, longest: int) -> None:
    """Tell one value; `Fault` when the signal cannot hold it. `longest` bounds the characters of a text.

    None is a reading that the device could not make: a number that is none. For facts it says nothing.
    """
    if key.kind == "text":
        telling.say_text(key.signal, _text(value, longest), time)
    elif key.kind == "position":
        telling.say_text(key.signal, _place(value), time)
    elif is_object(value):
        _say_quantity(telling, key, value, time)
    elif value is None:
        telling.say(key.signal, math.nan, time)
    else:
        telling.say(key.signal, key.converted(number(key, value)), time)


def number(key: Key, value: object) -> float:
    """A value as the number that a column holds: a flag as 0 or 1, a choice as its code."""
    if key.kind == "choice":
        return _choice(key, value)
    if isinstance(value, bool) or (key.kind == "flag" and value in (0, 1)):
        if key.kind != "flag":
            raise Fault(Reason.WRONG_TYPE, "expected a number, got true or false")
        return 1.0 if value else 0.0
    if key.kind == "flag" or not isinstance(value, int | float):
        what = "true or false" if key.kind == "flag" else "a number"
        raise Fault(Reason.WRONG_TYPE, f"expected {what}, got {shown(value)}")
    try:
        return float(value)
    except OverflowError:
        raise Fault(Reason.WRONG_TYPE, "expected a number of 64 bits, got a larger one") from None


def _say_quantity(telling: Telling, key: Key, told: dict[Any, Any], time: int) -> None:
    if "value" not in told or not told.keys() <= {"value", "unit", "quality"}:
        raise Fault(Reason.WRONG_TYPE, f'expected a number or {{"value", "unit", "quality"}}, got {shown(told)}')
    value = told["value"]
    plain = math.nan if value is None else number(key, value)
    of = told.get("unit")
    factor, offset = (key.factor, key.offset) if of is None else _unit(key, of)
    quality = told.get("quality", "good")
    if not isinstance(quality, str) or quality not in _DOUBTED:
        raise Fault(Reason.WRONG_TYPE, f"expected good, uncertain or bad, got {shown(quality)}")
    if quality != "good":
        telling.doubted[len(telling.value)] = _DOUBTED[quality], Reason.TOLD
    telling.say(key.signal, plain if (factor, offset) == (1.0, 0.0) else plain * factor + offset, time)


def _unit(key: Key, told: object) -> tuple[float, float]:
    if not isinstance(told, str) or len(told) > _UNIT_LENGTH:
        raise Fault(Reason.WRONG_UNIT, f"expected a unit, got {shown(told)}")
    try:
        return _linear(told, key.declared)
    except PolluxError as wrong:
        raise Fault(Reason.WRONG_UNIT, f"expected {key.declared.edge} or a unit like it: {wrong.message}") from None


@lru_cache(maxsize=4096)
def _linear(told: str, signal: Signal) -> tuple[float, float]:
    return linear(unit(told), signal)


def _choice(key: Key, value: object) -> float:
    if not isinstance(value, str) or value not in key.choices:
        raise Fault(Reason.WRONG_TYPE, f"expected one of {', '.join(key.choices)}, got {shown(value)}")
    return float(key.choices.index(value))


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str):
        raise Fault(Reason.WRONG_TYPE, f"expected a text, got {shown(value)}")
    if len(value) > longest:
        raise Fault(Reason.TOO_LARGE, f"expected at most {longest} characters, got {len(value)}")
    return value


def _place(value: object) -> Place:
    if is_object(value):
        told = value
        names = next((names for names in _PLACES if set(names[:2]) <= told.keys() <= set(names)), None)
        value = [told.get(name, 0.0) for name in names] if names else None
    numbers: Sequence[Any] = cast(Sequence[Any], value) if isinstance(value, list | tuple) else ()
    if len(numbers) not in (2, 3) or not all(type(one) in (int, float) and abs(one) < 1e12 for one in numbers):
        raise Fault(Reason.WRONG_TYPE, f"expected [x, y, z] or {{lat, lon, height}}, got {shown(numbers)}")
    x, y, z = (*map(float, numbers), 0.0)[:3]
    return x, y, z
