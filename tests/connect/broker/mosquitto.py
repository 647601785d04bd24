"""A real Mosquitto for tests, which saves on every change, and a device that publishes through it."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.connect.rig import until


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Mosquitto:
    """A broker on a port that stays over restarts; `lines` of its configuration are of its only listener."""

    def __init__(self, program: str, folder: Path, *lines: str, saving: bool = True) -> None:
        self.program, self.port = program, free_port()
        self.config = folder / "mosquitto.conf"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
        kept = (
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_on_changes true",
            "autosave_interval 1",
        )
        common = ("max_queued_messages 100000", "user root", "log_dest none", f"listener {self.port} 127.0.0.1")
        self.config.write_text("\n".join(("allow_anonymous true", *(kept if saving else ()), *common, *lines)))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen([self.program, "-c", str(self.config)])
        until(self._listens, "mosquitto listens")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False


@contextmanager
def mosquitto(tool: Callable[[str], str], folder: Path, *lines: str, saving: bool = True) -> Iterator[Mosquitto]:
    broker = Mosquitto(tool("mosquitto"), folder, *lines, saving=saving)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


class Device:
    """A device that publishes at QoS 1 and keeps what is not confirmed until it is."""

    def __init__(self, port: int, name: str, *, qos: int = 1) -> None:
        self.qos, self.sent, self.taken = qos, 0, 0
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv311, clean_session=False
        )
        self.client.reconnect_delay_set(1, 1)
        self.client.max_inflight_messages_set(50)
        self.heard: list[Any] = []
        self.client.on_message = lambda client, data, message: self.heard.append(message)
        self.client.on_publish = self._published
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def say(self, topic: str, payload: bytes) -> None:
        self.client.publish(topic, payload, self.qos)
        self.sent += 1

    def _published(self, *_: Any) -> None:
        self.taken += 1

    def confirmed(self) -> None:
        """Wait until the broker has everything."""
        until(lambda: self.taken == self.sent, "everything published")

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
