"""A device that counts over MQTT, comes back whatever happens to its connection, and knows what was acknowledged."""

import contextlib
import json
import socket
import threading
import time
from typing import final

from pollux.connect.wire.decode import decode, header
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V3, Ack, Connect, Publish

WINDOW = 20
PATIENCE = 1.0
"""Seconds without an answer after which a connection is given up: a half-open one looks alive."""


@final
class Counting:
    """Publishes 1, 2, 3, ... at QoS 1 with `seq`, at most WINDOW in flight; what was not acknowledged is sent again."""

    def __init__(self, name: str, port: int, *, pause: float = 0.001) -> None:
        self.name, self._port, self._pause = name, port, pause
        self.acknowledged: set[int] = set()
        self.sent = 0
        self._flying: dict[int, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Send nothing more."""
        self._over.set()
        self._thread.join()

    @property
    def quiet(self) -> bool:
        """Whether everything that was sent is acknowledged."""
        return not self._flying

    def _run(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1) as line:
                line.settimeout(PATIENCE)
                self._speak(line)
            self._over.wait(0.05)

    def _speak(self, line: socket.socket) -> None:
        line.sendall(encode(Connect(V3, self.name, True, 60, self.name, None), V3))
        if line.recv(4) != b"\x20\2\0\0":
            return
        for number, packet_id in [*self._flying.items()]:
            line.sendall(self._packet(number, packet_id))
        heard = bytearray()
        last = time.monotonic()
        line.settimeout(0.001)
        while not self._over.is_set():
            while len(self._flying) < WINDOW:
                self.sent += 1
                self._flying[self.sent] = self.sent % 65_535 + 1
                line.sendall(self._packet(self.sent, self._flying[self.sent]))
            try:
                data = line.recv(4096)
            except TimeoutError:
                if time.monotonic() - last > PATIENCE:
                    return
                continue
            if not data:
                return
            heard += data
            last = time.monotonic()
            self._take(heard)
            self._over.wait(self._pause)

    def _packet(self, number: int, packet_id: int) -> bytes:
        body = json.dumps({"n": number, "seq": number, "boot": "b"}).encode()
        return encode(Publish(f"twins/Counter/{self.name}/telemetry".encode(), body, 1, packet_id=packet_id), V3)

    def _take(self, heard: bytearray) -> None:
        while (found := header(heard, 0, len(heard))) is not None and found[1] <= len(heard):
            packet = decode(heard[0], bytes(heard[found[0] : found[1]]), V3)
            del heard[: found[1]]
            if isinstance(packet, Ack):
                number = next((n for n, one in self._flying.items() if one == packet.packet_id), None)
                if number is not None:
                    del self._flying[number]
                    self.acknowledged.add(number)
