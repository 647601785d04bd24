"""Units of engineering information: UNECE codes to units of Pollux.

OPC UA (Part 8, 5.6.3) names a unit by the common code of UNECE Recommendation 20, packed into a whole number: the
bytes of its letters, the last one lowest. Codes that are not here are tried by their symbol.
"""

from collections.abc import Mapping
from typing import Final

from pollux.errors import PolluxError
from pollux.model.units import unit

UNECE_URI: Final = "http://www.opcfoundation.org/UA/units/un/cefact"

CODES: Final[Mapping[str, str]] = {
    "C62": "1", "P1": "%", "59": "ppm", "D30": "TJ",
    "CEL": "degC", "FAH": "degF", "KEL": "K",
    "PAL": "Pa", "KPA": "kPa", "MPA": "MPa", "A97": "hPa", "BAR": "bar", "MBR": "mbar", "PS": "psi", "ATM": "atm",
    "HN": "mmHg", "H78": "cmH2O",
    "MTR": "m", "CMT": "cm", "MMT": "mm", "4H": "um", "KMT": "km", "INH": "inch", "FOT": "foot",
    "MTK": "m**2", "MTQ": "m**3", "LTR": "l", "MLT": "ml",
    "SEC": "s", "C26": "ms", "B98": "us", "MIN": "min", "HUR": "h", "DAY": "day",
    "MTS": "m/s", "KMH": "km/h", "MSK": "m/s**2", "C16": "mm/s", "2M": "cm/s",
    "RPM": "rpm", "RPS": "turn/s", "2A": "rad/s", "DD": "deg", "C81": "rad", "E96": "deg/s",
    "HTZ": "Hz", "KHZ": "kHz", "MHZ": "MHz",
    "KGM": "kg", "GRM": "g", "MGM": "mg", "TNE": "t", "KGS": "kg/s", "E93": "kg/h",
    "KMQ": "kg/m**3", "GL": "g/l", "M1": "mg/l",
    "MQH": "m**3/h", "MQS": "m**3/s", "L2": "l/min", "G51": "l/s", "E32": "l/h", "41": "ml/min",
    "NEW": "N", "B47": "kN", "NU": "N*m",
    "AMP": "A", "4K": "mA", "B84": "uA", "VLT": "V", "2Z": "mV", "KVT": "kV", "OHM": "ohm", "B49": "kohm",
    "FAR": "F", "C41": "nF", "4O": "uF", "COU": "C", "AMH": "Ah", "E09": "mAh", "SIE": "S", "D10": "S/m",
    "H61": "mS/cm",
    "WTT": "W", "KWT": "kW", "MAW": "MW", "D46": "VA", "KVA": "kVA", "D44": "var", "KVR": "kvar",
    "JOU": "J", "KJO": "kJ", "WHR": "Wh", "KWH": "kWh", "MWH": "MWh", "3B": "MJ",
    "D54": "W/m**2", "LUX": "lx", "LUM": "lm", "CDL": "cd", "D33": "T", "WEB": "Wb",
    "C34": "mol", "C36": "mol/m**3",
}  # fmt: skip


def code_of(unit_id: int) -> str:
    """The letters of a packed code.

    >>> code_of(4408652), code_of(20529)
    ('CEL', 'P1')
    """
    packed = unit_id & 0xFFFFFFFF
    return packed.to_bytes(4, "big").lstrip(b"\0").decode("ascii", "replace")


def packed(code: str) -> int:
    """A code as the number that OPC UA carries.

    >>> packed("CEL")
    4408652
    """
    return int.from_bytes(code.encode(), "big")


def unit_of(unit_id: int, uri: str, symbol: str) -> str | None:
    """The unit of Pollux that engineering information names, None where it is not known.

    >>> unit_of(4408652, UNECE_URI, "°C"), unit_of(-1, "", "mmHg"), unit_of(0, "", "furlongs of joy")
    ('degC', 'mmHg', None)
    """
    if uri.rstrip("/") == UNECE_URI:
        known = CODES.get(code_of(unit_id))
        if known is not None:
            return known
    return symbol.strip() if symbol.strip() and _is_unit(symbol) else None


def code_for(text: str) -> str | None:
    """The code of a unit of Pollux, None where the table has none.

    >>> code_for("degC"), code_for("K/s/rpm**2")
    ('CEL', None)
    """
    return _BACK.get(text)


def _is_unit(text: str) -> bool:
    try:
        unit(text)
    except PolluxError:
        return False
    return True


_BACK: Final[Mapping[str, str]] = {text: code for code, text in reversed(list(CODES.items()))}
