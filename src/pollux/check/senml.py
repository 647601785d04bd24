"""SenML, the sensor measurement lists of RFC 8428: packs in JSON or CBOR, resolved record by record.

A pack is a list of records. Base fields (`bn bt bu bv bs bver`) hold from their record on; a name is `bn + n`, a time
`bt + t`, a value `bv + v`, a sum `bs + s`. The last level of a name, after `/` or `:`, is the signal, what stands
before it the device. Times below 2**28 s are relative to the arrival (section 4.5.3); they count in microseconds here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, final

from pollux.check.faults import Fault, shown
from pollux.check.senml_units import UNITS
from pollux.check.shapes import is_list, is_object
from pollux.check.times import Nanoseconds
from pollux.check.vocabulary import RESERVED
from pollux.columns.quality import Reason

VERSION: Final = 10
_RELATIVE_BELOW: Final = 2**28 * 1_000_000
_LATEST: Final = 2**63 // 1_000_000_000
_LONGEST: Final = 256
_KNOWN: Final = frozenset(("bver", "bn", "bt", "bu", "bv", "bs", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut"))
_VALUES: Final = ("v", "vs", "vb", "vd")


@final
@dataclass(frozen=True, slots=True)
class Record:
    """One resolved value: whose, of which signal, when (nanoseconds UTC), what, in which unit of Pollux."""

    device: str
    wire: str
    time: Nanoseconds
    value: float | str | bool
    unit: str | None

    @property
    def said(self) -> Any:
        """The value as a document has it: a quantity where the record names a unit."""
        return self.value if self.unit is None else {"value": self.value, "unit": self.unit}


def read_senml(pack: object, arrival: int) -> list[Record]:
    """The records of a decoded pack, resolved; raises `Fault` for what is no SenML.

    >>> pack = [{"bn": "urn:dev:mac:0024:", "bt": 1795428000, "n": "temp", "u": "Cel", "v": 21.5}, {"n": "rh", "v": 40}]
    >>> [(one.device, one.wire, one.said) for one in read_senml(pack, 0)]
    [('urn:dev:mac:0024', 'temp', {'value': 21.5, 'unit': 'degC'}), ('urn:dev:mac:0024', 'rh', 40)]
    """
    if not is_list(pack):
        raise Fault(Reason.MALFORMED, f"expected a list of SenML records, got {shown(pack)}")
    base: dict[str, Any] = {}
    found: list[Record] = []
    for number, told in enumerate(pack):
        try:
            found += _resolved(_labelled(told), base, arrival)
        except Fault as fault:
            raise fault.at(f"$[{number}]") from None
    return found


def by_time(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Records as documents: one for each time, in the order told; a signal told twice at one time begins another.

    >>> by_time(read_senml([{"n": "a", "t": 2, "v": 1}, {"n": "b", "t": 2, "v": 5}], 0))
    [{'t': 2000000000, 'a': 1, 'b': 5}]
    """
    documents: list[dict[str, Any]] = []
    at: dict[int, dict[str, Any]] = {}
    for record in records:
        open_ = at.get(record.time)
        if open_ is None or record.wire in open_:
            open_ = at[record.time] = {"t": record.time}
            documents.append(open_)
        open_[record.wire] = record.said
    return documents


def of_one_device(records: Sequence[Record]) -> list[dict[str, Any]]:
    """The documents of a pack whose topic or address names the twin; `Fault` when several devices speak in it."""
    devices = dict.fromkeys(record.device for record in records)
    if len(devices) > 1:
        some = ", ".join(repr(name[:60]) for name in list(devices)[:2])
        raise Fault(Reason.MALFORMED, f"expected records of one device, got {some}")
    return by_time(records)


def _labelled(told: object) -> dict[str, Any]:
    """The fields of a record that are known."""
    if not is_object(told):
        raise Fault(Reason.MALFORMED, f"expected a SenML record, got {shown(told)}")
    for label in told.keys() - _KNOWN:
        if str(label).endswith("_"):
            # Section 4.4: a label that ends in an underscore must be understood, or the pack is not taken.
            raise Fault(Reason.MALFORMED, f"expected only SenML labels that are known, got {shown(label)}")
    return {label: value for label, value in told.items() if label in _KNOWN}


def _resolved(told: dict[str, Any], base: dict[str, Any], arrival: int) -> list[Record]:
    base |= {name: value for name, value in told.items() if name in ("bn", "bt", "bu", "bv", "bs", "bver")}
    if _number(base, "bver", VERSION) > VERSION:
        raise Fault(Reason.MALFORMED, f"expected SenML of version {VERSION} or before, got {shown(base['bver'])}")
    values = [label for label in _VALUES if label in told]
    if len(values) > 1:
        raise Fault(Reason.MALFORMED, f"expected one value, got {' and '.join(values)}")
    if not values and "s" not in told and "n" not in told:
        return []  # only base fields, for the records after it
    if not values and "s" not in told and "bs" not in base:
        raise Fault(Reason.MALFORMED, "expected a value or a sum, got neither")
    device, wire = _name(f"{_text(base, 'bn')}{_text(told, 'n')}")
    time, unit = _time(base, told, arrival), told.get("u", base.get("bu"))
    found: list[Record] = []
    if values:
        value = _value(told, base)
        found.append(Record(device, wire, time, value, _unit(unit) if "v" in told else None))
    if "s" in told or "bs" in base:
        of = _unit(unit)
        total = _number(base, "bs") + _number(told, "s")
        found.append(Record(device, f"{wire}.sum", time, total, None if of is None else f"({of})*s"))
    return found


def _value(told: dict[str, Any], base: dict[str, Any]) -> float | str | bool:
    if "v" in told:
        return _number(told, "v") + _number(base, "bv") if "bv" in base else _number(told, "v")
    if "vs" in told:
        return _text(told, "vs")
    if "vb" in told:
        flag = told["vb"]
        if not isinstance(flag, bool):
            raise Fault(Reason.WRONG_TYPE, f"expected true or false, got {shown(flag)}", path="$.vb")
        return flag
    raise Fault(Reason.WRONG_TYPE, "expected a number, a text or a flag, got data (vd)")


def _name(full: str) -> tuple[str, str]:
    """The device and the signal of a resolved name."""
    if not full or len(full) > _LONGEST:
        raise Fault(Reason.UNKNOWN_SIGNAL, f"expected a name of 1 to {_LONGEST} characters, got {len(full)}")
    cut = max(full.rfind("/"), full.rfind(":"))
    device, wire = full[: max(cut, 0)], full[cut + 1 :]
    if not wire or wire in RESERVED:
        raise Fault(Reason.UNKNOWN_SIGNAL, f"expected a signal at the end of the name, got {shown(full)}")
    return device, wire


def _time(base: dict[str, Any], told: dict[str, Any], arrival: int) -> Nanoseconds:
    micros = _micros(base, "bt") + _micros(told, "t")
    return Nanoseconds(micros * 1_000 if micros >= _RELATIVE_BELOW else arrival + micros * 1_000)


def _micros(of: dict[str, Any], label: str) -> int:
    number = _number(of, label)
    if not abs(number) < _LATEST:
        raise Fault(Reason.BAD_TIME, f"expected seconds, got {shown(number)}")
    return number * 1_000_000 if isinstance(number, int) else round(number * 1e6)


def _number(of: dict[str, Any], label: str, default: float = 0) -> float:
    number = of.get(label, default)
    if type(number) is int and abs(number) < 2**63:
        return number
    if type(number) is not float:
        raise Fault(Reason.WRONG_TYPE, f"expected a number of 64 bits in {label}, got {shown(number)}")
    return number


def _text(of: dict[str, Any], label: str) -> str:
    text = of.get(label, "")
    if not isinstance(text, str):
        raise Fault(Reason.WRONG_TYPE, f"expected a text in {label}, got {shown(text)}")
    return text


def _unit(told: object) -> str | None:
    if told is None:
        return None
    found = UNITS.get(told) if isinstance(told, str) else None
    if found is None:
        raise Fault(Reason.WRONG_UNIT, f"expected a unit of the SenML registry, got {shown(told)}")
    return found
