"""A device's voice survives what connections do: closed doors, nobody there, a line that is cut."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.castor.plants import Kiln

import pollux as px
from pollux.castor.chorus import Chorus
from pollux.castor.speaker import Credentials, Speaker
from pollux.clock import SECOND, instant
from pollux.errors import SetupError

START = instant("2026-03-01T00:00:00Z")


class Line:
    """A line to a port of this machine that can be cut: every connection through it ends at once."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection."""
        while self._open:
            end = self._open.pop()
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it has ended already

    def close(self) -> None:
        """End for good."""
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._to))
            self.connections += 1
            self._open += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    @staticmethod
    def _carry(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(4096):
                target.sendall(data)
        except OSError:
            pass
        finally:
            target.close()


@pytest.fixture
def kilns(tmp_path: Path) -> Iterator[px.Fleet[Kiln]]:
    """The fleet of an open site to which devices of this machine may come by their name."""
    site = px.Site()
    fleet = site.fleet(Kiln)
    with site.open(tmp_path, clock=px.SimulatedClock(START), insecure=True):
        yield fleet


def port(kilns: px.Fleet[Kiln]) -> int:
    """Where the site listens."""
    endpoint = kilns.live.endpoint
    assert endpoint is not None
    return endpoint.port


def test_a_line_that_is_cut_loses_nothing_and_doubles_nothing(kilns: px.Fleet[Kiln]) -> None:
    """Messages without acknowledgement are sent again after the line has come back, and have their effect once."""
    line = Line(port(kilns))
    with Chorus() as chorus:
        speaker = Speaker(chorus, Credentials("127.0.0.1", line.port, "K-1"), "Kiln/K-1", boot="b")
        speaker.start()
        speaker.ready()
        for number in range(60):
            speaker.send({"heat": float(number)}, time=START + number * SECOND)
            if number % 20 == 10:
                line.cut()
        assert speaker.wait(timeout=30.0)
        speaker.stop()
    line.close()
    assert line.connections > 1
    batch, _ = kilns.live.estate.recent["Kiln"].of(0, 2, 0)
    assert sorted(np.rint(batch.value - 273.15).astype(int).tolist()) == list(range(60))


def test_a_closed_door_is_told(kilns: px.Fleet[Kiln]) -> None:
    """A wrong token, and nobody there, are named with the twin."""
    kilns.live.accounts.add("K-2", kind="device", roles={"device"}, twins=["Kiln/K-2"])
    with Chorus() as chorus:
        wrong = Speaker(chorus, Credentials("127.0.0.1", port(kilns), "K-2", "guessed"), "Kiln/K-2", boot="b")
        wrong.start()
        with pytest.raises(SetupError, match="closed"):
            wrong.ready(timeout=0.5)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = int(taken.getsockname()[1])
    with Chorus() as chorus:
        alone = Speaker(chorus, Credentials("127.0.0.1", free, "K-3"), "Kiln/K-3", boot="b")
        alone.start()
        with pytest.raises(SetupError, match="nobody answers"):
            alone.ready(timeout=0.5)


def test_what_is_for_another_twin_is_not_acknowledged(kilns: px.Fleet[Kiln]) -> None:
    """A device that speaks for a twin that is not its own is not heard."""
    with Chorus() as chorus:
        liar = Speaker(chorus, Credentials("127.0.0.1", port(kilns), "K-4"), "Kiln/K-5", boot="b")
        liar.start()
        liar.ready()
        liar.send({"heat": 20.0}, time=START)
        assert not liar.wait(timeout=0.3)
    assert len(kilns) == 0
