"""MQTT over WebSocket (OASIS MQTT 5.0, section 6): bytes to and from the endpoint, which asks who it is by CONNECT.

The frames of the WebSocket say nothing about packets: one may hold several, or a part of one. Whoever comes in has
passed the entrance and its look at Host and Origin, as on every WebSocket.
"""

import asyncio
import contextlib
import socket
from typing import Final, final

from starlette.types import Receive, Scope, Send

from pollux.show.dispatch import ROUTE
from pollux.show.entrance import CERTIFICATE
from pollux.show.house import House

PATH: Final = "/mqtt"
PROTOCOLS: Final = ("mqtt", "mqttv3.1")
"""The subprotocol of the standard, and the one that older clients name."""

CHUNK: Final = 1 << 14
_NO_BYTES: Final = 1003
_GONE: Final = 1001
_NOT_HERE: Final = 1008


@final
class MqttTunnel:
    """Serves MQTT to clients that can only speak WebSocket, such as those in a browser."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client until either side ends it."""
        await receive()
        scope[ROUTE] = "mqtt"
        chosen = next((one for one in scope.get("subprotocols", ()) if one in PROTOCOLS), None)
        client = scope.get("client") or ("", 0)
        end = chosen and self._house.tunnel(str(client[0]), scope.get("state", {}).get(CERTIFICATE))
        if not end:
            # Before it is accepted: the client sees that there is no MQTT here, or that it did not ask for it.
            await send({"type": "websocket.close", "code": _NOT_HERE})
            return
        await send({"type": "websocket.accept", "subprotocol": chosen})
        with end:
            end.setblocking(False)
            code = await _passed(end, receive, send)
        with contextlib.suppress(Exception):  # the client may be gone already
            await send({"type": "websocket.close", "code": code})


async def _passed(end: socket.socket, receive: Receive, send: Send) -> int:
    """Pass bytes on in both directions until one side ends; the code to close with."""
    tasks = asyncio.ensure_future(_inward(end, receive)), asyncio.ensure_future(_outward(end, send))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    return next((code for code in ended if isinstance(code, int)), _GONE)


async def _inward(end: socket.socket, receive: Receive) -> int:
    loop = asyncio.get_running_loop()
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return _GONE
        data = message.get("bytes")
        if data is None:
            return _NO_BYTES  # [MQTT-6.0.0-1]
        await loop.sock_sendall(end, data)


async def _outward(end: socket.socket, send: Send) -> int:
    loop = asyncio.get_running_loop()
    while data := await loop.sock_recv(end, CHUNK):
        await send({"type": "websocket.send", "bytes": data})
    return _GONE
