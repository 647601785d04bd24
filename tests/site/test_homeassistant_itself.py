"""Home Assistant itself, started headless: the entities exist, follow values, and set them."""

import shutil
from pathlib import Path

import pytest
from tests.connect.rig import until
from tests.site.hass import hass
from tests.site.test_homeassistant import pump, site


def test_entities_exist_in_home_assistant_and_follow_values(tmp_path: Path) -> None:
    """Through its own discovery and its REST API: states with units and classes, a number that becomes an order."""
    program = shutil.which("hass")
    if program is None:
        pytest.skip("hass is not on this machine; docs/how-to/home-assistant.md says how to install it")
    with site().open(tmp_path / "data", act=True) as live:
        assert live.endpoint is not None
        live.accounts.add("home", kind="service", roles={"service", "operator"}, twins=["*"])
        broker = {"broker": "127.0.0.1", "port": live.endpoint.port, "username": "home",
                  "password": live.accounts.issue("home").secret}  # fmt: skip
        pump(live)
        with hass(program, tmp_path / "hass", broker) as home:
            log = tmp_path / "hass" / "log"
            until(lambda: home.states().get("sensor.pump_p_7_temp", {}).get("state") == "20.5", log.read_text()[-3000:])
            found = home.states()
            told = {name: one["state"] for name, one in found.items() if "pump_p_7" in name}
            assert told == {
                "sensor.pump_p_7_temp": "20.5", "sensor.pump_p_7_energy": "unknown",
                "sensor.pump_p_7_valve": "unknown", "binary_sensor.pump_p_7_running": "on",
                "sensor.pump_p_7_fuel": "oil", "number.pump_p_7_speed": "900.0", "button.pump_p_7_flush": "unknown",
            }  # fmt: skip
            temp = found["sensor.pump_p_7_temp"]["attributes"]
            assert (temp["unit_of_measurement"], temp["device_class"], temp["quality"]) == ("°C", "temperature", "good")
            pump(live, temp=31.25)
            until(lambda: home.states()["sensor.pump_p_7_temp"]["state"] == "31.25")
            home.ask("services/number/set_value", {"entity_id": "number.pump_p_7_speed", "value": 1500})
            order = until(lambda: next(iter(live.estate.orders.of("Pump", "P-7")), None))
            assert (order.proposer, order.params[0][0]) == ("home", "speed")
