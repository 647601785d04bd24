"""The row of the mission about field protocols, as far as Modbus keeps it, with a stock server."""

from pathlib import Path

from pymodbus.simulator import SimDevice
from tests.connect.modbus.stock import registers, serving, until
from tests.mission.promises import shows

import pollux as px


class Press(px.Twin):
    """A press with a controller that speaks Modbus."""

    force = px.actuator("kN", low=0, high=100, safe=0)
    temp = px.sensor("degC", low=-20, high=150)


@shows(
    "B4",
    state="partly",
    command="docs/how-to/opcua.md, modbus.md and sparkplug.md",
    missing="BACnet (no library with a written licence)",
)
def test_a_stock_modbus_server_is_mirrored_and_set_only_where_it_is_declared(tmp_path: Path) -> None:
    """Registers become values with units; an order is done when it was read back; without `act` nothing is written."""
    with serving(SimDevice(3, simdata=[registers(100, 653, 0, 7)])) as stock:
        site = px.Site("works")
        presses = site.fleet(
            Press,
            px.modbus(
                f"tcp://127.0.0.1:{stock.port}",
                unit=3,
                id="P-1",
                registers={Press.temp: px.Register("40101", "int16", scale=0.1, unit="degC")},
                actuators={Press.force: px.Register("40102", scale=0.1)},
                every="20 ms",
            ),
        )
        with site.open(tmp_path, mqtt=None):
            until(lambda: len(presses))
            assert round(float(presses["P-1"].now.temp), 2) == 338.45
        assert {function for function, _, _ in stock.asked} == {3}
        with site.open(tmp_path, mqtt=None, act=True):
            order = presses["P-1"].set({Press.force: 12.5}, reason="the seat is worn")
            assert order.wait("done")
        assert stock.cells(100, 3, unit=3) == [653, 125, 7]
