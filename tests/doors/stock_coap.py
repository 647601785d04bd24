"""A stock CoAP client, aiocoap, that talks to an open site."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiocoap
from aiocoap.numbers.codes import Code

from .rig import House

COAP = "127.0.0.1:0"
JSON = 50


class Stock:
    """An aiocoap client that speaks to a site."""

    def __init__(self, context: aiocoap.Context, port: int) -> None:
        self.context, self.port = context, port

    def request(self, method: str, path: str, payload: bytes = b"", **more: Any) -> Any:
        uri = f"coap://127.0.0.1:{self.port}/{path}"
        code = getattr(Code, method)
        return self.context.request(aiocoap.Message(code=code, uri=uri, payload=payload, **more))

    async def ask(self, method: str, path: str, payload: bytes = b"", **more: Any) -> tuple[str, bytes]:
        """Code and payload of the answer."""
        answer = await asyncio.wait_for(self.request(method, path, payload, **more).response, 20)
        return answer.code.dotted, answer.payload


def stock(port: int, talk: Callable[[Stock], Awaitable[None]]) -> None:
    """Talk to a site with a client of our own, to its end."""

    async def whole() -> None:
        context = await aiocoap.Context.create_client_context()
        try:
            await talk(Stock(context, port))
        finally:
            await context.shutdown()

    asyncio.run(whole())


def port_of(house: House) -> int:
    assert house.live.coap is not None
    return house.live.coap.port
