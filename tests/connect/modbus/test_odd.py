"""Devices that answer late, wrongly, in pieces or not at all: nothing passes for what it is not."""

import asyncio
import contextlib
import socket
import struct
import threading

import pytest

import pollux as px
from pollux.clock import WallClock
from pollux.columns.field import MODBUS_TIMEOUT
from pollux.connect.modbus import driver as drivers
from pollux.connect.modbus.address import place_of
from pollux.connect.modbus.counters import Counters
from pollux.connect.modbus.framing import Rtu
from pollux.connect.modbus.line import Line
from pollux.connect.modbus.polling import Poller
from pollux.errors import Overloaded
from pollux.model.schema import schema_of
from tests.connect.field.paper import Kept, place
from tests.connect.modbus.stock import Pump, free_port, hearing, until

FAST = "20 ms"
GOOD = b"\x03\x02\x00\x15"


class Odd:
    """A server that answers each request with the bytes that a function makes of it; an exception hangs up."""

    def __init__(self, answer, *, rtu=False):
        self._answer, self._rtu = answer, rtu
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections, self.requests = 0, 0
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                self._open.append(sock)
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with contextlib.suppress(OSError, EOFError):
            while request := sock.recv(8 if self._rtu else 12):
                self.requests += 1
                self.asked = struct.unpack_from(">HH", request, 2 if self._rtu else 8)
                number, _, _, unit = (0, 0, 0, request[0]) if self._rtu else struct.unpack_from(">HHHB", request)
                for piece in self._answer(self.requests, number, unit):
                    sock.sendall(piece)
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def framed(number, unit, pdu=GOOD):
    """An answer with the header of Modbus TCP."""
    return struct.pack(">HHHB", number, 0, len(pdu) + 1, unit) + pdu


def source(odd, **more):
    """A device that keeps its temperature in register 0."""
    options = {"timeout": "100 ms", "every": FAST} | more
    return px.modbus(f"tcp://127.0.0.1:{odd.port}", id="P-1", registers={Pump.temp: px.Register(0)}, **options)


def test_an_answer_in_single_bytes_is_whole(tmp_path):
    """However the network cuts it."""
    with (
        Odd(lambda _, number, unit: [bytes([b]) for b in framed(number, unit)]) as odd,
        hearing(source(odd), tmp_path) as heard,
    ):
        assert heard.first()["temp"].value == 21


@pytest.mark.parametrize(
    ("answer", "counted"),
    [
        (lambda _, number, unit: [framed(number + 7, unit)], "stray_answers"),
        (lambda _, number, unit: [framed(number, unit + 1)], "stray_answers"),
        (lambda _, number, unit: [framed(number, unit, b"\x04\x02\x00\x15")], "stray_answers"),
        (lambda _, number, unit: [framed(number, unit, b"\x03\x04\x00\x15\x00\x15")], "broken_answers"),
        (lambda _, number, unit: [framed(number, unit, b"\x03\x04\x00\x15")], "broken_answers"),
        (lambda _, number, unit: [b"HTTP/1.1 400 Bad Request\r\n"], "broken_answers"),
        (lambda *_: [], "timeouts"),
        (lambda *_: _hang_up(), "lost_connections"),
    ],
    ids=["number", "unit", "function", "longer", "shorter", "http", "silent", "hangs up"],
)
def test_what_is_no_answer_is_no_value(answer, counted, tmp_path):
    """It is counted, and the value is told as one that could not be reached, once."""
    with Odd(answer) as odd, hearing(source(odd), tmp_path) as heard:
        until(lambda: heard.driver.counters["polls"] >= 3)
        assert heard.driver.counters[counted] >= 1
        assert [(poll["temp"].value, poll["temp"].status) for poll in heard.polls()] == [(None, MODBUS_TIMEOUT)]
        assert heard.driver.trouble
        assert not heard.driver.connected


def _hang_up():
    raise EOFError


def test_a_late_answer_is_not_that_of_the_next_question(tmp_path):
    """The first answer comes together with the second, which is the one that counts."""

    def answer(count, number, unit):
        return [] if count == 1 else [framed(number - 1, unit, b"\x03\x02\x00\x63"), framed(number, unit)]

    with Odd(answer) as odd, hearing(source(odd), tmp_path) as heard:
        until(lambda: heard.driver.connected)
        assert {poll["temp"].value for poll in heard.polls()} == {None, 21}
        assert heard.driver.counters["stray_answers"] >= 1


def test_a_late_answer_of_rtu_is_not_that_of_the_next_question(tmp_path):
    """There it bears no number, so that the line is left alone until it is over."""

    def answer(count, number, unit):
        if count == 1:
            threading.Event().wait(0.15)
        return [Rtu().wrap(0, unit, b"\x03\x02\x00\x63" if count == 1 else GOOD)]

    with Odd(answer, rtu=True) as odd:
        slow = px.modbus(
            f"rtu+tcp://127.0.0.1:{odd.port}", id="P-1", timeout="100 ms", every=FAST,
            registers={Pump.temp: px.Register(0)},
        )  # fmt: skip
        with hearing(slow, tmp_path) as heard:
            until(lambda: heard.driver.connected)
            assert [poll["temp"].value for poll in heard.polls()][:2] == [None, 21]


def test_a_read_that_is_never_answered_is_left_out(tmp_path):
    """Where others are answered, the device is there: three rounds of that, and the register rests."""
    asked = []

    def answer(_, number, unit):
        asked.append(odd.asked)
        return [] if odd.asked == (100, 1) else [framed(number, unit)]

    with Odd(answer) as odd:
        two = px.modbus(
            f"tcp://127.0.0.1:{odd.port}", id="P-1", timeout="50 ms", every=FAST,
            registers={Pump.flow: px.Register(100), Pump.temp: px.Register(0)},
        )  # fmt: skip
        with hearing(two, tmp_path) as heard:
            until(lambda: len(heard.polls()) >= 8)
            polls = heard.polls()
            assert heard.driver.connected
    assert [poll["flow"].status for poll in polls if "flow" in poll] == [MODBUS_TIMEOUT] * 3
    assert {poll["temp"].value for poll in polls} == {21}
    assert asked.count((100, 1)) == 3


def test_after_three_silences_a_line_is_made_anew(tmp_path):
    """A connection that is half open would stay so for ever."""
    with Odd(lambda count, number, unit: [] if count <= 3 else [framed(number, unit)]) as odd:
        with hearing(source(odd), tmp_path) as heard:
            until(lambda: heard.driver.connected)
        assert odd.connections == 2


def test_a_device_that_talks_unasked_fills_nothing(tmp_path):
    """A flood of answers to nothing is thrown away, and the right one is found in it."""

    def answer(_, number, unit):
        return [framed(number + 1, unit) * 2_000, framed(number, unit)]

    with Odd(answer) as odd, hearing(source(odd, timeout="2 s"), tmp_path) as heard:
        until(lambda: len(heard.polls()) >= 3)
        assert {poll["temp"].value for poll in heard.polls()} == {21}
        assert heard.driver.counters["stray_answers"] >= 4_000


def test_silence_is_waited_for_longer_and_longer():
    """Twice as long each time, up to a minute; one that answers again has its own pace."""
    place_ = place_of(f"tcp://127.0.0.1:{free_port()}")
    one = px.modbus("tcp://127.0.0.1", id="P-1", every="1 s", registers={Pump.temp: px.Register(0)})

    async def pauses():
        poller = Poller(one.bound(schema_of(Pump)), Line(place_, WallClock(), rate=50), Counters(), lambda data: None)
        found = [poller.pause]
        for _ in range(7):
            await poller.poll()
            found.append(poller.pause)
        return found

    assert asyncio.run(pauses()) == [1, 2, 4, 8, 16, 32, 60, 60]


def test_the_thread_ends_with_the_last_device(tmp_path):
    """And begins again with the next."""
    with Odd(lambda _, number, unit: [framed(number, unit)]) as odd:
        for _ in range(2):
            with hearing(source(odd, unit=1), tmp_path) as one, hearing(source(odd, unit=2), tmp_path) as two:
                until(lambda: one.driver.connected and two.driver.connected)
                ours = [t for t in threading.enumerate() if t.name == "pollux-modbus"]
                assert len(ours) == 1
            assert not [t for t in threading.enumerate() if t.name == "pollux-modbus"]


def test_stopping_does_not_wait_for_an_answer(tmp_path):
    """A question of a minute ends with the site."""
    with Odd(lambda *_: []) as odd, hearing(source(odd, timeout="1 min"), tmp_path):
        until(lambda: odd.requests == 1)
    assert not [thread for thread in threading.enumerate() if thread.name == "pollux-modbus"]


def test_a_full_log_drops_polls_and_counts_them(tmp_path):
    """Nothing grows without a bound; what is offered again is what was read first."""
    kept = Kept()
    kept.refuses = Overloaded("no room", retry_after=1.0)
    with Odd(lambda _, number, unit: [framed(number, unit)]) as odd, pytest.MonkeyPatch.context() as patch:
        patch.setattr(drivers, "FRAMES", 3)
        driver = source(odd).driver(schema_of(Pump), place(tmp_path, kept))
        driver.start()
        try:
            until(lambda: driver.counters["dropped"] >= 2)
            kept.refuses = None
            until(lambda: kept.batches)
            assert len(kept.batches[0]) == 3
        finally:
            driver.stop()
