"""A client that speaks ASGI with an application in a loop of its own: no socket, the same bytes."""

import asyncio
import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pollux.show import Application

HOST = "127.0.0.1:8080"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    read: int
    """How many bytes of the request's body were asked for."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def cookie(self) -> str | None:
        return self.headers["set-cookie"].partition(";")[0] if "set-cookie" in self.headers else None


class Client:
    """Runs the application's life, and asks it things; `token` is who asks."""

    def __init__(self, app: Application) -> None:
        self._app, self._loop = app, asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._to_life: asyncio.Queue[Any] = asyncio.Queue()
        self._from_life: asyncio.Queue[Any] = asyncio.Queue()
        self._life = asyncio.run_coroutine_threadsafe(
            self._app({"type": "lifespan", "asgi": {}, "state": {}}, self._to_life.get, self._from_life.put), self._loop
        )
        self._exchange("lifespan.startup")

    def close(self) -> None:
        self._exchange("lifespan.shutdown")
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def run(self, work: Any) -> Any:
        """Run a coroutine in the application's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def get(self, path: str, token: str | None = None, **more: Any) -> Answer:
        return self.ask("GET", path, token, **more)

    def post(self, path: str, document: object, token: str | None = None, **more: Any) -> Answer:
        return self.ask("POST", path, token, json.dumps(document).encode(), media="application/json", **more)

    def ask(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: bytes | Iterable[bytes] = b"",
        *,
        media: str | None = None,
        headers: Mapping[str, str] | None = None,
        host: str | None = HOST,
    ) -> Answer:
        given = {} if host is None else {"host": host}
        given |= {"authorization": f"Bearer {token}"} if token else {}
        given |= {"content-type": media} if media else {}
        chunks = [body] if isinstance(body, bytes) else [*body]
        given |= {"content-length": str(len(body))} if isinstance(body, bytes) and body else {}
        given |= {key.lower(): value for key, value in (headers or {}).items()}
        answer: Answer = self.run(self._ask(method, path, given, chunks))
        return answer

    async def _ask(self, method: str, path: str, headers: Mapping[str, str], chunks: list[bytes]) -> Answer:
        sent: list[Any] = []
        queue, read = [*chunks], 0

        async def receive() -> dict[str, Any]:
            nonlocal read
            if not queue:
                await asyncio.Event().wait()
            piece = queue.pop(0)
            # What comes after the answer has begun is thrown away and not read.
            read += 0 if sent else len(piece)
            return {"type": "http.request", "body": piece, "more_body": bool(queue)}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope_of("http", method, path, headers), receive, send)
        start = next(message for message in sent if message["type"] == "http.response.start")
        body = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], found, body, read)

    def _exchange(self, kind: str) -> None:
        asyncio.run_coroutine_threadsafe(self._to_life.put({"type": kind}), self._loop).result(10)
        answer = asyncio.run_coroutine_threadsafe(self._from_life.get(), self._loop).result(10)
        assert answer["type"] == f"{kind}.complete", answer


def scope_of(kind: str, method: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    from urllib.parse import unquote

    where, _, query = path.partition("?")
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http" if kind == "http" else "ws",
        "path": unquote(where),
        "raw_path": where.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(key.encode(), value.encode("latin-1")) for key, value in headers.items()],
        "server": ("127.0.0.1", 8080),
        "client": ("127.0.0.1", 50000),
        "extensions": {"websocket.http.response": {}},
    }
