"""What Home Assistant's documentation asks of a discovery message, written down strictly: unknown keys are wrong.

Source: Home Assistant, "MQTT", "MQTT Discovery", and the pages of its MQTT sensor, binary sensor, number and button.
"""

import re
from typing import Any

_TOPIC = re.compile(r"(?P<prefix>[^+#]+)/(?P<component>\w+)/[a-zA-Z0-9_-]+/[a-zA-Z0-9_-]+/config")
_COMMON = {"name": str, "unique_id": str, "object_id": str, "device": dict, "origin": dict, "availability": list,
           "availability_mode": str}  # fmt: skip
_STATE = {"state_topic": str, "value_template": str, "json_attributes_topic": str, "json_attributes_template": str}
_OPTIONAL = {"entity_category": str, "device_class": str}
_KEYS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "sensor": (_STATE, {"unit_of_measurement": str, "state_class": str, "options": list}),
    "binary_sensor": (_STATE, {}),
    "number": ({**_STATE, "command_topic": str, "min": float, "max": float, "step": float, "mode": str},
               {"unit_of_measurement": str}),
    "button": ({"command_topic": str, "payload_press": str}, {}),
}  # fmt: skip
_UNITS = {
    "temperature": {"°C", "°F", "K"},
    "pressure": {"Pa", "hPa", "kPa", "bar", "cbar", "mbar", "mmHg", "inHg", "psi"},
    "energy": {"Wh", "kWh", "MWh", "MJ", "GJ"},
}


def check_entity(topic: str, config: dict[str, Any]) -> None:
    """Raise AssertionError for what is not in the documentation."""
    found = _TOPIC.fullmatch(topic)
    assert found, topic
    required, optional = _KEYS[found["component"]]
    required, known = {**_COMMON, **required}, {**_COMMON, **required, **optional, **_OPTIONAL}
    assert required.keys() <= config.keys() <= known.keys(), config.keys() ^ known.keys()
    for name, value in config.items():
        assert isinstance(value, known[name]), (name, value)
    assert set(config["device"]) == {"identifiers", "name", "model", "manufacturer", "sw_version"}
    assert set(config["origin"]) == {"name", "sw_version"}
    assert config["availability_mode"] in ("all", "any", "latest")
    assert all(set(one) == {"topic"} for one in config["availability"])
    assert config.get("entity_category", "diagnostic") in ("diagnostic", "config")
    units = _UNITS.get(config.get("device_class", ""))
    assert units is None or config["unit_of_measurement"] in units
    if "options" in config:
        assert config["device_class"] == "enum"
        assert not {"state_class", "unit_of_measurement"} & set(config)
    if config.get("device_class") == "energy":
        assert config.get("state_class") in (None, "total", "total_increasing")
    if "min" in config:
        assert config["min"] < config["max"]
        assert config["step"] >= 0.001
