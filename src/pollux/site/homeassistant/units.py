"""Units as Home Assistant knows them, and which class of device each makes.

Source: Home Assistant developer documentation, "Sensor entity", available device classes and their units (equal to
`DEVICE_CLASS_UNITS` of homeassistant/components/sensor/const.py, 2024.3). A unit that is not here is shown as it is,
without a class. A percentage has none: it may be humidity, a battery, or an opening.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Shown(NamedTuple):
    """A unit in the words of Home Assistant, the class of device, and that of the state."""

    unit: str
    device: str = ""
    state: str = "measurement"


_CLASSES: Final[Mapping[str, Mapping[str, str]]] = {
    "temperature": {"degC": "°C", "degF": "°F", "K": "K"},
    "pressure": {"Pa": "Pa", "hPa": "hPa", "kPa": "kPa", "bar": "bar", "mbar": "mbar", "psi": "psi", "mmHg": "mmHg"},
    "power": {"W": "W", "kW": "kW"},
    "apparent_power": {"VA": "VA"},
    "reactive_power": {"var": "var"},
    "energy": {"Wh": "Wh", "kWh": "kWh", "MWh": "MWh", "MJ": "MJ"},
    "voltage": {"V": "V", "mV": "mV"},
    "current": {"A": "A", "mA": "mA"},
    "frequency": {"Hz": "Hz", "kHz": "kHz", "MHz": "MHz"},
    "volume_flow_rate": {"m**3/h": "m³/h", "l/min": "L/min"},
    "volume_storage": {"l": "L", "ml": "mL", "m**3": "m³"},
    "distance": {"m": "m", "cm": "cm", "mm": "mm", "km": "km"},
    "weight": {"kg": "kg", "g": "g", "mg": "mg"},
    "duration": {"s": "s", "min": "min", "h": "h", "day": "d"},
    "speed": {"m/s": "m/s", "km/h": "km/h"},
    "irradiance": {"W/m**2": "W/m²"},
    "illuminance": {"lx": "lx"},
}
_PLAIN: Final[Mapping[str, str]] = {"1": "", "percent": "%"}
_STATES: Final[Mapping[str, str]] = {"energy": "total"}
"""An amount of energy is no measurement there; one that only grows may be told so by hand."""

_KNOWN: Final[Mapping[str, Shown]] = {
    ours: Shown(theirs, device, _STATES.get(device, "measurement"))
    for device, units in _CLASSES.items()
    for ours, theirs in units.items()
}


def shown(unit: str) -> Shown:
    """How a unit of Pollux is told.

    >>> shown("degC"), shown("rpm"), shown("1").unit
    (Shown(unit='°C', device='temperature', state='measurement'), Shown(unit='rpm', device='', state='measurement'), '')
    """
    return _KNOWN.get(unit) or Shown(_PLAIN.get(unit, unit))
