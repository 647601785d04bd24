"""Telemetry over a WebSocket: counted back in order once it is durable, and never before."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cbor2
import pytest

from pollux.columns.frames import Encoding
from pollux.errors import Overloaded
from pollux.show import Application
from pollux.show.live.link import SIGN_IN_AGAIN, TRY_LATER
from pollux.show.rates import Rates
from pollux.show.streams import MOST_IN_FLIGHT

from .client import HOST, Client, scope_of
from .house import FakeHouse

ONE = "/api/v1/twins/Pump/P-1/telemetry"
MANY = "/api/v1/telemetry"


class Socket:
    """One end of a WebSocket to an application, without a network."""

    def __init__(
        self, client: Client, path: str, token: str | None, *, origin: str | None = None, offers: tuple[str, ...] = ()
    ) -> None:
        self._client = client
        headers = {"host": HOST} | ({"authorization": f"Bearer {token}"} if token else {})
        headers |= {"origin": origin} if origin else {}
        self._scope = scope_of("websocket", "GET", path, headers) | {"subprotocols": list(offers)}
        self._to: asyncio.Queue[Any] = asyncio.Queue()
        self._from: asyncio.Queue[Any] = asyncio.Queue()
        self._task = asyncio.run_coroutine_threadsafe(self._serve(), client._loop)
        self._put({"type": "websocket.connect"})

    async def _serve(self) -> None:
        await self._client._app(self._scope, self._to.get, self._from.put)

    def _put(self, message: dict[str, Any]) -> None:
        asyncio.run_coroutine_threadsafe(self._to.put(message), self._client._loop).result(10)

    def next(self) -> dict[str, Any]:
        """What comes next."""
        return self._client.run(asyncio.wait_for(self._from.get(), 10))  # type: ignore[no-any-return]

    def quiet(self) -> bool:
        """Whether nothing has come and nothing comes in a moment."""

        async def wait() -> bool:
            await asyncio.sleep(0.05)
            return self._from.empty()

        return bool(self._client.run(wait()))

    def send(self, *payloads: str | bytes) -> None:
        for payload in payloads:
            kind = "text" if isinstance(payload, str) else "bytes"
            self._put({"type": "websocket.receive", kind: payload})

    def said(self) -> Any:
        """What the next text says."""
        message = self.next()
        assert message["type"] == "websocket.send", message
        return json.loads(message["text"])

    def settled(self, count: int) -> tuple[list[Any], dict[str, int]]:
        """What was refused, and the count, once so many messages are settled."""
        refused: list[Any] = []
        while True:
            said = self.said()
            if "refused" in said:
                refused.append(said)
            elif said["durable"] >= count:
                return refused, said

    def close(self) -> None:
        self._put({"type": "websocket.disconnect", "code": 1000})
        self._task.result(10)


@contextmanager
def stream(client: Client, path: str, token: str | None, **options: Any) -> Iterator[Socket]:
    socket = Socket(client, path, token, **options)
    assert socket.next()["type"] == "websocket.accept"
    yield socket
    socket.close()


def test_what_is_open_and_what_is_too_much_is_counted(client: Client, house: FakeHouse) -> None:
    """Under /metrics: streams, what became durable, and what was refused by the queue and by the rate of an account."""
    with stream(client, ONE, house.tokens["device"]) as socket:
        socket.send('{"temp": 300}')
        socket.settled(1)
        text = client.get("/metrics", house.tokens["admin"]).body.decode()
    assert "\npollux_telemetry_streams 1\n" in text
    assert "\npollux_telemetry_accepted_total 1\n" in text
    assert '\npollux_telemetry_refused_total{queue="account"} 0\n' in text


def test_messages_are_counted_back_once_they_are_durable(client: Client, house: FakeHouse) -> None:
    """Nothing is said before the log has synced; then one count for all that are done."""
    house.disk.slow = True
    with stream(client, ONE, house.tokens["device"]) as socket:
        socket.send('{"temp": 300}', '[{"temp": 301}]')
        assert house.disk.waited.wait(10)
        assert socket.quiet()
        house.disk.slow = False
        house.disk.sync()
        assert socket.settled(2) == ([], {"durable": 2, "accepted": 2})
    assert [payload for _, _, payload, _ in house.disk.messages()] == [b'{"temp": 300}', b'[{"temp": 301}]']


def test_a_stream_of_all_twins_takes_batches(client: Client, house: FakeHouse) -> None:
    """As POST does: each message a batch, `accepted` counts what was in it."""
    with stream(client, MANY, house.tokens["device"]) as socket:
        socket.send(json.dumps([{"twin": "Pump/P-1", "data": {"temp": 1}}] * 3))
        assert socket.settled(1) == ([], {"durable": 1, "accepted": 3})


@pytest.mark.parametrize(
    ("query", "offers", "chosen"),
    [
        ("?type=cbor", (), None),
        ("?type=application/cbor", (), None),
        ("", (), None),
        ("?type=csv", ("chat", "telemetry.cbor"), "telemetry.cbor"),
    ],
)
def test_binary_messages_are_what_the_client_says(
    client: Client, house: FakeHouse, query: str, offers: tuple[str, ...], chosen: str | None
) -> None:
    """By the query or by a subprotocol; CBOR where nothing is said; texts are JSON all the same."""
    socket = Socket(client, ONE + query, house.tokens["device"], offers=offers)
    assert socket.next()["subprotocol"] == chosen
    socket.send(cbor2.dumps({"temp": 300.0}), '{"temp": 301}')
    assert socket.settled(2)[1]["accepted"] == 2
    socket.close()
    assert [encoding for *_, encoding in house.disk.messages()] == [Encoding.CBOR, Encoding.JSON]


def test_a_message_that_is_refused_is_named_and_the_stream_goes_on(client: Client, house: FakeHouse) -> None:
    """With its number, the place and the reason; it counts as settled, since nothing more becomes of it."""
    with stream(client, MANY, house.tokens["device"]) as socket:
        foreign = json.dumps([{"twin": "Pump/P-2", "data": {}}])
        socket.send("{", foreign, json.dumps([{"twin": "Pump/P-1", "data": {}}]), "")
        refused, settled = socket.settled(4)
    assert settled == {"durable": 4, "accepted": 1}
    assert [(one["refused"], one["at"]) for one in refused] == [(1, "$"), (2, "$[0].twin"), (4, "$")]
    assert len(house.disk.messages()) == 1


def test_what_is_in_flight_is_bounded(client: Client, house: FakeHouse) -> None:
    """While the log does not sync, a socket is read so far and no further."""
    house.disk.slow = True
    with stream(client, ONE, house.tokens["device"]) as socket:
        socket.send(*['{"temp": 300}'] * (2 * MOST_IN_FLIGHT))
        assert house.disk.waited.wait(10)
        assert socket.quiet()
        left = socket._to.qsize()
        assert MOST_IN_FLIGHT - 3 <= left <= MOST_IN_FLIGHT
        house.disk.slow = False
        house.disk.sync()
        assert socket.settled(2 * MOST_IN_FLIGHT)[1]["accepted"] == 2 * MOST_IN_FLIGHT


def test_a_log_that_fails_ends_the_stream_and_counts_nothing_more(client: Client, house: FakeHouse) -> None:
    """1011, and no count for what was not made durable."""
    house.disk.slow = True
    socket = Socket(client, ONE, house.tokens["device"])
    socket.next()
    socket.send('{"temp": 300}')
    assert house.disk.waited.wait(10)
    house.disk.fail()
    assert socket.next() == {"type": "websocket.close", "code": 1011}
    socket._task.result(10)


def test_a_log_that_is_full_is_waited_for(client: Client, house: FakeHouse) -> None:
    """A stream that finds no room is not read until there is some, and loses nothing."""
    with stream(client, ONE, house.tokens["device"]) as socket:
        put, tries = client._app.inlet.put, [0]

        def full(messages: Any, done: Any) -> None:
            tries[0] += 1
            if tries[0] < 3:
                raise Overloaded("full", retry_after=0.01)
            put(messages, done)

        client._app.inlet.put = full  # type: ignore[method-assign]
        socket.send('{"temp": 300}', '{"temp": 301}')
        assert socket.settled(2)[1]["accepted"] == 2
    assert tries == [4]


def test_a_stream_that_finds_no_room_for_long_is_told_to_come_back(house: FakeHouse, page: Path) -> None:
    """1013, when its rate says that it would take longer than a socket is held."""
    client = Client(Application(house, page=page, rates=Rates(0.001, 1, now=lambda: 0.0)))
    try:
        socket = Socket(client, ONE, house.tokens["device"])
        socket.next()
        socket.send('{"temp": 300}', '{"temp": 301}')
        assert socket.settled(1)[1] == {"durable": 1, "accepted": 1}
        assert socket.next() == {"type": "websocket.close", "code": TRY_LATER}
        socket._task.result(10)
    finally:
        client.close()


def test_an_account_that_ends_ends_its_streams(client: Client, house: FakeHouse) -> None:
    """With the next message: nothing of a revoked device is taken any more."""
    house.accounts.add("P-9", kind="device", roles={"device"}, twins=["Pump/P-9"])
    token = house.accounts.issue("P-9").secret
    socket = Socket(client, ONE.replace("P-1", "P-9"), token)
    socket.next()
    socket.send('{"temp": 300}')
    assert socket.settled(1)[1]["accepted"] == 1
    house.accounts.disable("P-9")
    socket.send('{"temp": 301}')
    assert socket.next() == {"type": "websocket.close", "code": SIGN_IN_AGAIN}
    socket._task.result(10)
    assert len(house.disk.messages()) == 1


@pytest.mark.parametrize(
    ("path", "token", "origin", "status"),
    [
        (ONE.replace("P-1", "P-2"), "device", None, 404),
        (ONE, "viewer", None, 404),
        (ONE + "?type=text/plain", "device", None, 415),
        (ONE + "?type=png", "device", None, 415),
        (ONE + "?what=1", "device", None, 422),
        (ONE, "device", "https://elsewhere.example", 403),
    ],
)
def test_whoever_may_not_send_opens_nothing(
    client: Client, house: FakeHouse, path: str, token: str, origin: str | None, status: int
) -> None:
    """The gate, the origin and the type are looked at before the socket is open."""
    socket = Socket(client, path, house.tokens[token], origin=origin)
    assert socket.next()["status"] == status
    socket._task.result(10)


def test_nobody_is_told_to_sign_in(client: Client) -> None:
    """By a close code, because a browser shows a page no status of a refused WebSocket."""
    socket = Socket(client, ONE, None, origin=f"http://{HOST}")
    assert socket.next()["type"] == "websocket.accept"
    assert socket.next() == {"type": "websocket.close", "code": SIGN_IN_AGAIN}
