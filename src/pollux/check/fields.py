"""Values of field protocols to samples: each with its own time, status and unit."""

from functools import lru_cache

from pollux.check.faults import Fault, shown
from pollux.check.saying import say
from pollux.check.statuses import worth
from pollux.check.telling import Telling
from pollux.check.times import GREATEST
from pollux.check.vocabulary import TOLD, Key, linear
from pollux.columns.field import Datum, Field, FieldProtocol
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality, Reason
from pollux.errors import PolluxError
from pollux.model.schema import Schema
from pollux.model.units import unit


def tell_field(field: Field, schema: Schema, telling: Telling, *, entry: int, longest: int) -> None:
    """Tell what a frame of a field protocol says, one message; faults of single values go into the telling.

    Values are named by the signals of the class: the driver that heard them knows it, so that no names are mapped here.
    A value that its source calls bad is told with that reason, and as no number where it is none.
    """
    for datum in field.data:
        try:
            _tell(datum, field.protocol, schema, telling, longest)
        except Fault as fault:
            telling.faults.append((telling.here, fault.at(f"$.{datum.signal[:60]}")))
    telling.close(telling.here, entry)


def _tell(datum: Datum, protocol: FieldProtocol, schema: Schema, telling: Telling, longest: int) -> None:
    key = _key(schema, datum.signal, datum.unit)
    if datum.time is not None and abs(datum.time) > GREATEST:
        raise Fault(Reason.BAD_TIME, f"expected a time before the year 2262, got {shown(datum.time)}")
    quality, reason = worth(protocol, datum.status)
    value = datum.value
    if quality is Quality.BAD:
        if key.kind in ("text", "position"):
            raise Fault(Reason.WRONG_TYPE, f"expected a {key.kind}, got the bad status 0x{datum.status:08X}")
        value = value if isinstance(value, bool | int | float) else None
    place = len(telling.value)
    say(telling, key, value, time=NEVER if datum.time is None else datum.time, longest=longest)
    if quality is not Quality.GOOD and len(telling.value) > place:
        telling.doubted[place] = quality, reason


@lru_cache(maxsize=4096)
def _known(schema: Schema, name: str, of: str | None) -> Key | Fault:
    place = schema.index.get(name)
    if place is None:
        return Fault(Reason.UNKNOWN_SIGNAL, f"expected a signal of {schema.name}, got {shown(name)}")
    signal = schema.signals[place]
    if signal.role not in TOLD:
        return Fault(Reason.WRONG_ROLE, f"expected a sensor, an actuator or a fact, got the {signal.role} {name}")
    try:
        told = signal.edge if of is None else unit(of)
        return Key(name, place, signal, *linear(told, signal))
    except PolluxError as wrong:
        return Fault(Reason.WRONG_UNIT, f"expected {signal.edge} or a unit like it: {wrong.message}")


def _key(schema: Schema, name: str, of: str | None) -> Key:
    found = _known(schema, name, of)
    if isinstance(found, Fault):
        raise Fault(found.reason, found.detail)
    return found
