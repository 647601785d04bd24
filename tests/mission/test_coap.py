"""The row of the mission about CoAP, kept with a stock client."""

import asyncio
import json
from pathlib import Path

import cbor2
from tests.doors.rig import opened
from tests.doors.stock_coap import COAP, JSON, Stock, port_of, stock
from tests.mission.promises import shows

from pollux.clock import SECOND, WallClock


@shows(
    "B2",
    state="works",
    command="pollux serve boiler/site.py --data boiler/data --coap 127.0.0.1:5683 --insecure",
)
def test_a_stock_client_does_a_whole_day(tmp_path: Path) -> None:
    """Telemetry in and in blocks, the state once and observed, links, refusals; after a restart all of it is there."""
    past = WallClock().now() // SECOND - 500
    body = json.dumps([{"temp": 320 + n % 50, "t": past + n} for n in range(200)]).encode()

    async def day(client: Stock) -> None:
        mine, seen = "twins/Machine/M-1/telemetry?name=M-1", f"twins/Machine/M-1/state?token={house.token}"
        for method in ("POST", "PUT"):
            assert await client.ask(method, mine, b'{"temp": 310}', content_format=JSON) == ("2.04", b"")
        assert (await client.ask("POST", mine, cbor2.dumps({"speed": 900}), content_format=60))[0] == "2.04"
        assert (await client.ask("POST", mine, body, content_format=JSON))[0] == "2.04"
        observed = client.request("GET", seen, observe=0)
        first = await asyncio.wait_for(observed.response, 20)
        assert json.loads(first.payload)["temp"]["value"] == 310
        told = asyncio.ensure_future(anext(aiter(observed.observation)))
        assert (await client.ask("POST", mine, b'{"temp": 333.5}', content_format=JSON))[0] == "2.04"
        assert json.loads((await asyncio.wait_for(told, 20)).payload)["temp"]["value"] == 333.5
        observed.observation.cancel()
        code, payload = await client.ask("GET", seen, accept=60)
        assert (code, cbor2.loads(payload)["speed"]["value"]) == ("2.05", 900)
        links = (await client.ask("GET", ".well-known/core?name=M-1"))[1].decode()
        assert "</twins/Machine/M-1/telemetry>" in links
        assert (await client.ask("POST", "twins/Machine/M-2/telemetry?name=M-1", b"{}"))[0] == "4.04"
        assert (await client.ask("POST", "twins/Machine/M-1/telemetry", b"{}"))[0] == "4.01"
        assert (await client.ask("POST", mine, b"{", content_format=JSON))[0] == "4.00"

    with opened(tmp_path, coap=COAP) as house:
        stock(port_of(house), day)
        assert house.value("Machine/M-1", "temp")["value"] == 333.5
        assert house.count('pollux_coap_total{kind="acknowledged"}') == 5
    with opened(tmp_path, coap=COAP) as house:
        assert house.value("Machine/M-1", "temp")["value"] == 333.5
        series = house.get("/twins/Machine/M-1/history?fields=temp").json["series"][0]
        assert series["v"] == [*(320 + n % 50 for n in range(200)), 310, 310, 333.5]
