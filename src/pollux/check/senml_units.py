"""The units of SenML as the units of Pollux: RFC 8428, section 12.1, and the secondary units of RFC 8798.

Logarithmic units (dB, pH) are no products of powers: a value in one of them is the plain number that it is, for a
signal that is declared without dimension.
"""

from collections.abc import Mapping
from typing import Final

_SAME: Final = (
    "m kg g s A K cd mol Hz rad sr N Pa J W C V F S Wb T H lm lx Bq Gy Sv kat l m/s l/s bit bit/s count % 1/s 1/min "
    "S/m VA var J/m deg ms min h MHz kW kVA kvar Ah Wh kWh Wh/km Mbit/s mV mA hPa mm cm km km/h ppm mm/h m/h"
)
_LOGARITHMIC: Final = "dB dBW dBm Bspl pH"

UNITS: Final[Mapping[str, str]] = {
    **{name: name for name in _SAME.split()},
    **dict.fromkeys(_LOGARITHMIC.split(), "1"),
    "Cel": "degC",
    "Ohm": "ohm",
    "m2": "m**2",
    "m3": "m**3",
    "m/s2": "m/s**2",
    "m3/s": "m**3/s",
    "W/m2": "W/m**2",
    "cd/m2": "cd/m**2",
    "kg/m3": "kg/m**3",
    "ug/m3": "ug/m**3",
    "lat": "deg",
    "lon": "deg",
    "/": "1",
    "%RH": "%",
    "%EL": "%",
    "EL": "s",
    "/100": "%",
    "/1000": "permille",
    "beat/min": "bpm",
    "beats": "1",
    "B": "byte",
    "B/s": "byte/s",
    "MB/s": "megabyte/s",
    "GB": "gigabyte",
    "KiB": "kibibyte",
    "VAs": "VA*s",
    "kVAh": "kVA*h",
    "vars": "var*s",
    "varh": "var*h",
    "kvarh": "kvar*h",
}
