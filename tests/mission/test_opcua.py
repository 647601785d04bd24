"""The row of the mission about field protocols, as far as OPC UA keeps it: both ways, through stock software."""

import asyncio
from pathlib import Path

import pytest
from tests.connect.opcua.authority import fingerprint
from tests.connect.opcua.hearing import until
from tests.connect.opcua.rig import PASSWORD, URI, USER, Plant
from tests.connect.opcua.visiting import index_of, node, visiting
from tests.mission.promises import shows

import pollux as px


class Kiln(px.Twin):
    """A kiln whose controller serves OPC UA."""

    temp = px.sensor("degC", low=-20, high=1500)


@shows(
    "B4",
    state="partly",
    command="docs/how-to/opcua.md, modbus.md and sparkplug.md",
    missing="BACnet (no library with a written licence)",
)
def test_a_node_of_a_stock_server_becomes_a_twin_that_a_stock_client_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed and encrypted on both sides: heard by subscription, shown with unit to an account."""
    monkeypatch.setenv("PLANT_PASSWORD", PASSWORD)
    plant = Plant()
    plant.add("K1.temp", 900.0)
    site = px.Site("works")
    pin = fingerprint(plant.certificate)
    kilns = site.fleet(
        Kiln,
        px.opcua(plant.url, nodes={Kiln.temp: f"nsu={URI};s={{id}}.temp"}, pin=pin, username=USER,
                 password_env="PLANT_PASSWORD"),
    )  # fmt: skip
    with site.open(tmp_path, mqtt=None, opcua="127.0.0.1:0") as live:
        assert live.doors.opcua is not None
        url = f"opc.tcp://127.0.0.1:{live.doors.opcua.port}"
        until(lambda: len(kilns))
        assert round(float(kilns["K1"].now.temp), 2) == 1173.15
        live.accounts.add("hmi", kind="service", roles={"viewer"}, twins=["Kiln/K1"])
        secret = live.accounts.issue("hmi").secret

        async def read() -> float:
            async with visiting(url, "hmi", secret) as client:
                return float(await node(client, await index_of(client), "Kiln/K1/temp").read_value())

        shown = live.doors.opcua
        until(lambda: bool(shown._house.space and shown._house.space._known))
        assert asyncio.run(read()) == pytest.approx(900.0)
    plant.close()
