"""The link against a site that answers by a script: silence, refusals, and what is sent again."""

import json
import socket
import struct
import threading
from contextlib import contextmanager, suppress

import pytest

from pollux.edge import link as linking
from pollux.edge.address import Address
from pollux.edge.link import Link
from pollux.edge.queue import LEAST, Queue
from tests.doors.rig import until

CONNACK = bytes([0x20, 3, 0, 0, 0])


class Scripted:
    """A listener that takes connections one after the other; `answers[i]` gives the reason for a message on the i-th
    one, None for no answer.
    """

    def __init__(self, *answers, connack=CONNACK):
        self.answers, self.heard, self.connack = answers, [], connack
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        for number, answer in enumerate(self.answers):
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            # Who is left in the middle of a word sees the connection reset.
            with client, suppress(OSError):
                self.heard.append([])
                self._talk(client, number, answer)

    def _talk(self, client, number, answer):
        stream = client.makefile("rb")
        while head := stream.read(1):
            size, shift = 0, 0
            while True:
                byte = stream.read(1)[0]
                size |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    break
            body = stream.read(size)
            kind = head[0] >> 4
            if kind == 1:
                client.sendall(self.connack)
            elif kind == 3:
                length = struct.unpack(">H", body[:2])[0]
                packet = body[2 + length : 4 + length]
                told = json.loads(body[5 + length :])
                self.heard[number].append(told["seq"])
                reason = answer(told["seq"])
                if reason is not None:
                    client.sendall(bytes([0x40, 3]) + packet + bytes([reason]))

    def close(self):
        self._door.close()


def filled(folder, count):
    queue = Queue(folder, budget=LEAST)
    for _ in range(count):
        add(queue)
    return queue


def add(queue):
    queue.put(
        "summary",
        twin="Pump/P-7",
        stream="s",
        until=0,
        topic="twins/Pump/P-7/telemetry",
        payload=lambda seq, boot: json.dumps({"seq": seq, "boot": boot}).encode(),
    )


@contextmanager
def linked(queue, site):
    link = Link(queue, Address(f"mqtt://127.0.0.1:{site.port}"), "edge", topics=(), hear=lambda *_: [], keepalive=30)
    link.start()
    try:
        yield link
    finally:
        link.stop()
        site.close()
        queue.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(linking, "SILENCE", 0.6)
    monkeypatch.setattr(linking, "ROUND", 0.1)
    monkeypatch.setattr(linking, "LEAST", 0.05)


def test_a_site_that_answers_nothing_is_left_and_all_is_sent_again_in_order(tmp_path):
    """Half of the answers were lost: what was confirmed is not repeated, what was not comes first."""
    site = Scripted(lambda seq: 0 if seq <= 3 else None, lambda seq: 0)
    with linked(filled(tmp_path / "q", 8), site) as link:
        assert until(lambda: link.sent == 8)
        assert site.heard[0] == [1, 2, 3, 4, 5, 6, 7, 8]
        assert site.heard[1] == [4, 5, 6, 7, 8]
        assert link.connects == 2


def test_an_answer_that_overtakes_another_confirms_nothing_too_early(tmp_path):
    """The first message is never answered: none behind it leaves the queue, whatever was said of it."""
    site = Scripted(lambda seq: None if seq == 1 else 0, lambda seq: 0)
    queue = filled(tmp_path / "q", 4)
    with linked(queue, site) as link:
        assert until(lambda: len(site.heard) == 2)
        assert until(lambda: link.sent == 4)
        assert site.heard[0] == [1, 2, 3, 4]
        assert site.heard[1] == [1, 2, 3, 4]
        assert queue.acked == 4


def test_what_is_refused_for_good_is_given_up_and_counted_and_what_is_not_waits(tmp_path):
    """0x99 says that the payload can never be taken; 0x97, a quota, that it can be later."""
    site = Scripted(lambda seq: {2: 0x99, 4: 0x97}.get(seq, 0), lambda seq: 0)
    with linked(filled(tmp_path / "q", 5), site) as link:
        assert until(lambda: link.sent == 5)
        assert link.refused == 1
        assert site.heard[0][:4] == [1, 2, 3, 4]
        assert site.heard[1] == [4, 5]


def test_no_more_flies_than_the_site_takes_at_a_time(tmp_path):
    """Its receive maximum is a word of MQTT 5: beyond it a connection ends."""
    two_at_a_time = bytes([0x20, 6, 0, 0, 3, 0x21, 0, 2])
    site = Scripted(lambda seq: None, lambda seq: 0, connack=two_at_a_time)
    with linked(filled(tmp_path / "q", 9), site) as link:
        assert until(lambda: link.sent == 9)
        assert site.heard == [[1, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9]]


def test_no_more_flies_than_may_and_the_rest_follows_as_answers_come(tmp_path):
    """Back-pressure: a site that is slow is not flooded."""
    gate = threading.Event()
    site = Scripted(lambda seq: 0 if gate.wait(10) else None)
    queue = filled(tmp_path / "q", 200)
    with linked(queue, site) as link:
        assert until(lambda: site.heard and site.heard[0])
        assert queue.waiting == 200
        gate.set()
        assert until(lambda: link.sent == 200)
        assert site.heard[0] == list(range(1, 201))
        add(queue)
        link.wake()
        assert until(lambda: link.sent == 201)
