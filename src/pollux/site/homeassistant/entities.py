"""What of a twin becomes an entity of Home Assistant, and how each is announced."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pollux.model.schema import Schema, Signal
from pollux.show.compose.types import outward_number
from pollux.site.homeassistant.topics import DiscoveryTopics, coded
from pollux.site.homeassistant.units import shown

_SHOWN = ("number", "flag", "choice")


class Entity(NamedTuple):
    """Where one is announced, and as what."""

    topic: str
    config: Mapping[str, Any]


def entities(
    schema: Schema, twin: str, topics: DiscoveryTopics, *, site: str, acts: bool, bridge: bool, version: str
) -> Iterator[Entity]:
    """The entities of a twin: sensors and facts, actuators as numbers and commands as buttons where the site `acts`.

    What is `personal` in a thing, texts and positions are not shown: they are not in the state that everybody hears.
    """
    common = _common(schema, twin, topics, site=site, bridge=bridge, version=version)
    for signal in schema.signals:
        if signal.role not in ("sensor", "actuator", "fact") or signal.kind not in _SHOWN:
            continue
        if signal.personal and not schema.personal:
            continue
        component, more = _signal(schema, signal, acts=acts)
        config = {
            **common,
            **_called(schema, twin, signal.name, signal.doc, site),
            **_state(schema, twin, signal),
            **more,
        }
        if component == "number":
            config["command_topic"] = topics.asking(schema.name, twin, signal.name)
        yield Entity(topics.config(component, schema.name, twin, signal.name), config)
    for name, command in schema.commands.items() if acts else ():
        if not command.parameters:
            pressed = {"command_topic": topics.asking(schema.name, twin, name), "payload_press": "PRESS"}
            config = {**common, **_called(schema, twin, name, command.doc, site), **pressed}
            yield Entity(topics.config("button", schema.name, twin, name), config)


def _common(
    schema: Schema, twin: str, topics: DiscoveryTopics, *, site: str, bridge: bool, version: str
) -> dict[str, Any]:
    available = [{"topic": topics.availability(schema.name, twin)}]
    if bridge:
        available.append({"topic": topics.bridge})
    return {
        "availability": available,
        "availability_mode": "all",
        "device": {
            "identifiers": [f"pollux-{site}-{coded(schema.name)}-{coded(twin)}"],
            "name": twin,
            "model": schema.name,
            "manufacturer": "Pollux",
            "sw_version": version,
        },
        "origin": {"name": "Pollux", "sw_version": version},
    }


def _called(schema: Schema, twin: str, name: str, doc: str, site: str) -> dict[str, Any]:
    id_ = f"{coded(schema.name)}-{coded(twin)}-{coded(name)}"
    said = doc.strip().split("\n")[0].rstrip(".")[:60]
    return {"name": said or name, "unique_id": f"pollux-{site}-{id_}", "object_id": id_.replace("-", "_").lower()}


def _state(schema: Schema, twin: str, signal: Signal) -> dict[str, Any]:
    """Where the value is found: in the twin's retained state, with unit, time and quality as attributes."""
    topic, told = f"twins/{schema.name}/{twin}/state", f"value_json.get({json.dumps(signal.name)}, {{}})"
    return {
        "state_topic": topic,
        "value_template": _template(signal, told),
        "json_attributes_topic": topic,
        "json_attributes_template": f"{{{{ {told} | tojson }}}}",
    }


def _template(signal: Signal, told: str) -> str:
    if signal.kind == "flag":
        return f"{{% set v = {told}.get('value') %}}{{{{ 'None' if v is none else ('ON' if v else 'OFF') }}}}"
    if signal.kind == "choice":
        names = json.dumps(list(signal.choices))
        return f"{{% set v = {told}.get('value') %}}{{{{ 'None' if v is none else {names}[v | int] }}}}"
    return f"{{{{ {told}.get('value') }}}}"


def _signal(schema: Schema, signal: Signal, *, acts: bool) -> tuple[str, dict[str, Any]]:
    """The component of a signal, and what is said of it beside name and place."""
    told: dict[str, Any] = {"entity_category": "diagnostic"} if signal.role == "fact" else {}
    if signal.kind == "flag":
        return "binary_sensor", told
    if signal.kind == "choice":
        return "sensor", {**told, "device_class": "enum", "options": list(signal.choices)}
    seen = shown(str(signal.edge))
    if seen.unit:
        told["unit_of_measurement"] = seen.unit
    if seen.device:
        told["device_class"] = seen.device
    if signal.role == "actuator" and acts:
        return "number", {**told, **_limits(schema, signal), "mode": "box"}
    return "sensor", told if signal.role == "fact" else {**told, "state_class": seen.state}


def _limits(schema: Schema, signal: Signal) -> dict[str, float]:
    low, high = (outward_number(schema, signal.name, bound) for bound in (signal.low, signal.high))
    span = high - low
    step = next((step for step in (1.0, 0.1, 0.01) if span >= 100 * step), 0.001)
    return {"min": low, "max": high, "step": step}
