"""How data come in over HTTP, in whatever they are written."""

import json
from pathlib import Path
from typing import Any

from tests.check.said import SAID, SECONDS
from tests.doors.rig import House, opened, until
from tests.mission.promises import shows
from websockets.sync.client import connect

from pollux.columns.encodings import FORMS


def first(house: House, twin: str, signal: str) -> Any:
    """A value of a twin, once there is such a twin."""
    until(lambda: house.get(f"/twins/{twin}").status == 200, what=twin)
    return house.value(twin, signal)


@shows("B3", state="works", command="docs/reference/http.md")
def test_single_batch_and_stream_are_acknowledged_once_they_are_durable(tmp_path: Path) -> None:
    """POST for one twin, POST for several, and a WebSocket that counts back; all three are in the twins."""
    with opened(tmp_path) as house:
        assert house.ask("POST", "/twins/Machine/M-1/telemetry", b'{"temp": 301.0}').status == 202
        batch = json.dumps([{"twin": f"Machine/M-{n}", "data": {"temp": 300 + n}} for n in (2, 3)]).encode()
        assert house.ask("POST", "/telemetry", batch).json == {"accepted": 2}
        address = f"ws://127.0.0.1:{house.http}/api/v1/telemetry"
        with connect(address, additional_headers={"Authorization": f"Bearer {house.token}"}) as socket:
            socket.send(json.dumps([{"twin": "Machine/M-4", "data": {"temp": 304.0}}]))
            assert json.loads(socket.recv(timeout=10)) == {"durable": 1, "accepted": 1}
        for number in (1, 2, 3, 4):
            assert first(house, f"Machine/M-{number}", "temp")["value"] == 300 + number


@shows(
    "B5",
    state="works",
    command="docs/reference/formats.md",
)
def test_one_reading_in_every_format_says_the_same(tmp_path: Path) -> None:
    """JSON, lines, CBOR, MessagePack, blocks, SenML, CSV, XML, Sparkplug B and Arrow: same values, same time."""
    media = {form.encoding: form.media[0] for form in FORMS}
    with opened(tmp_path) as house:
        for encoding, body in SAID.items():
            twin = f"Machine/{encoding.name}"
            assert house.ask("POST", f"/twins/{twin}/telemetry", body, media=media[encoding]).status == 202
            temp = first(house, twin, "temp")
            assert (temp["value"], temp["t"], house.value(twin, "speed")["value"]) == (300.5, SECONDS, 900.0)
