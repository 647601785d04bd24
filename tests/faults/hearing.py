"""A client with a session that is kept: it comes and goes, confirms some of what it hears, and notes everything."""

import contextlib
import json
import socket
import threading
from typing import final

import numpy as np

from pollux.connect.wire.decode import decode, header
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V3, Ack, Answers, Connack, Connect, Packet, Publish, Subscribe, Wish
from pollux.connect.wire.properties import Kind

FILTER = "twins/Counter/+/telemetry"
PATIENCE = 1.0


@final
class Hearing:
    """Hears all counting devices at QoS 1 over one session of 3.1.1.

    `lost` counts connections that found no session although a subscription had been acknowledged, `held` those that
    found one. `heard` has the numbers of each device in the order in which they came. Once it is `steady` it stays and
    confirms everything.
    """

    def __init__(self, port: int, token: str, *, seed: int) -> None:
        self._port, self._token, self._random = port, token.encode(), np.random.default_rng(seed)
        self.heard: dict[str, list[int]] = {}
        self.lost = self.held = 0
        self.subscribed = False
        self.steady = False
        self._buffer = bytearray()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hear nothing more."""
        self._over.set()
        self._thread.join()

    def has(self, acknowledged: dict[str, set[int]]) -> bool:
        """Whether all of these numbers were heard."""
        return all(numbers <= set(self.heard.get(name, ())) for name, numbers in acknowledged.items())

    def _run(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1) as line:
                self._buffer = bytearray()
                line.settimeout(PATIENCE)
                self._speak(line)
            self._over.wait(float(self._random.uniform(0.02, 0.3)))

    def _speak(self, line: socket.socket) -> None:
        line.sendall(encode(Connect(V3, "hearer", False, 60, "ann", self._token), V3))
        answer = self._next(line)
        if not isinstance(answer, Connack) or answer.code:
            return
        self.lost += self.subscribed and not answer.session_present
        self.held += answer.session_present
        if not answer.session_present:
            line.sendall(encode(Subscribe(1, (Wish(FILTER, 1),)), V3))
        left = int(self._random.integers(1, 400))
        while not self._over.is_set() and (left or self.steady):
            try:
                packet = self._next(line)
            except TimeoutError:
                continue
            if packet is None:
                return
            self._take(line, packet)
            left -= 1

    def _take(self, line: socket.socket, packet: Packet) -> None:
        if isinstance(packet, Answers):
            self.subscribed = True
        elif isinstance(packet, Publish):
            name = packet.topic.decode().split("/")[2]
            self.heard.setdefault(name, []).append(json.loads(packet.payload)["n"])
            if self.steady or self._random.random() < 0.97:
                line.sendall(encode(Ack(Kind.PUBACK, packet.packet_id), V3))

    def _next(self, line: socket.socket) -> Packet | None:
        while not (found := self._whole()):
            data = line.recv(4096)
            if not data:
                return None
            self._buffer += data
        first, body = self._buffer[0], bytes(self._buffer[found[0] : found[1]])
        del self._buffer[: found[1]]
        return decode(first, body, V3)

    def _whole(self) -> tuple[int, int] | None:
        """Where the body of the first packet lies, once it has come."""
        found = header(self._buffer, 0, len(self._buffer)) if self._buffer else None
        return found if found is not None and found[1] <= len(self._buffer) else None
