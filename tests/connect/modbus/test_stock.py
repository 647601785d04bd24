"""Against stock pymodbus servers: every kind of number in every order, refusals, holes, restarts, silence, serial."""

import asyncio
import os
import pty
import struct
import threading

import pytest
from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.simulator import DataType, SimData, SimDevice

import pollux as px
from pollux.clock import SECOND
from pollux.columns.field import MODBUS_MISSING, MODBUS_TIMEOUT
from tests.connect.modbus.stock import Pump, free_port, hearing, registers, serving, times, until

FORMS = {"int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
         "float32": "f", "float64": "d"}  # fmt: skip
SAMPLES = {"int16": -1234, "uint16": 54321, "int32": -123456789, "uint32": 3123456789, "int64": -(2**40) - 5,
           "uint64": 2**41 + 7, "float32": -12.625, "float64": 1234.0625}  # fmt: skip
FAST = "20 ms"


def cells_of(kind: str, value: float, order: str) -> list[int]:
    """The registers of a number as a device with this order keeps it, straight from the meaning of the letters."""
    raw = struct.pack(">" + FORMS[kind], value)
    words = [raw[i : i + 2] for i in range(0, len(raw), 2)]
    if order in ("CDAB", "DCBA"):
        words.reverse()
    if order in ("BADC", "DCBA"):
        words = [word[::-1] for word in words]
    return [int.from_bytes(word, "big") for word in words]


@pytest.mark.parametrize("order", ["ABCD", "CDAB", "BADC", "DCBA"])
def test_every_kind_in_every_order(order, tmp_path):
    """All kinds side by side in one device, read in one request."""
    cells: list[int] = []
    mapped: dict[str, px.Register] = {}
    for kind, value in SAMPLES.items():
        mapped[kind] = px.Register(100 + len(cells), kind, order=order)  # type: ignore[arg-type]
        cells += cells_of(kind, value, order)
    with serving(SimDevice(1, simdata=[registers(100, *cells)])) as stock:
        found: dict[str, object] = {}
        for first, second in zip(list(FORMS)[::2], list(FORMS)[1::2], strict=True):
            two = {"flow": mapped[first], "total": mapped[second]}
            source = px.modbus(f"tcp://127.0.0.1:{stock.port}", id="P-1", registers=two)
            with hearing(source, tmp_path) as heard:
                said = heard.first()
                found |= {first: said["flow"].value, second: said["total"].value}
        assert found == SAMPLES


def test_bits_decimals_and_tables(tmp_path):
    """Coils, discrete inputs, input registers, bits of registers and binary-coded decimals."""
    device = SimDevice(
        7,
        simdata=(
            [SimData(0, values=[False] * 16 + [True] + [False] * 15, datatype=DataType.BITS)],
            [SimData(0, values=[False, True] + [False] * 14, datatype=DataType.BITS)],
            [registers(0, 0x1234, 0b0101_0000)],
            [registers(0, 0xFFF6, 0x0012, 0x3456)],
        ),
    )
    with serving(device) as stock:
        source = px.modbus(
            f"tcp://127.0.0.1:{stock.port}",
            unit=7,
            id="P-1",
            registers={
                Pump.valve: px.Register("00017"),
                Pump.temp: px.Register("30001", "int16", scale=0.5, offset=100),
                Pump.flow: px.Register(1, "bcd32", table="input"),
                Pump.total: px.Register(1, "bits", bit=4, width=3),
                Pump.speed: px.Register("40001", "bcd16"),
            },
        )
        with hearing(source, tmp_path) as heard:
            said = {name: datum.value for name, datum in heard.first().items()}
        assert said == {"valve": 1.0, "temp": 95.0, "flow": 123456.0, "total": 5.0, "speed": 1234.0}
        assert {function for function, _, _ in stock.asked} == {1, 3, 4}


def test_what_shows_that_nothing_is_connected_is_said_so(tmp_path):
    """A pattern of the handbook and a NaN have no value and a status of their own."""
    nan = cells_of("float32", float("nan"), "CDAB")
    with serving(SimDevice(1, simdata=[registers(0, 0x8000, *nan, 21)])) as stock:
        source = px.modbus(
            f"tcp://127.0.0.1:{stock.port}",
            id="P-1",
            registers={
                Pump.temp: px.Register(0, "int16", missing=0x8000),
                Pump.flow: px.Register(1, "float32", order="CDAB"),
                Pump.total: px.Register(3, missing=[0xFFFF, 0x8000]),
            },
        )
        with hearing(source, tmp_path) as heard:
            said = {name: (datum.value, datum.status) for name, datum in heard.first().items()}
    assert said == {"temp": (None, MODBUS_MISSING), "flow": (None, MODBUS_MISSING), "total": (21.0, 0)}


def test_a_value_is_dated_by_the_middle_of_its_round_trip(tmp_path):
    """A device that takes 0.2 s to answer is taken to have measured 0.1 s after it was asked."""

    async def slow(*_):
        await asyncio.sleep(0.2)

    with serving(SimDevice(1, simdata=[registers(0, 1)], action=slow)) as stock:
        source = px.modbus(f"tcp://127.0.0.1:{stock.port}", id="P-1", registers={Pump.temp: px.Register(0)})
        with hearing(source, tmp_path) as heard:
            (at,) = times(heard.first())
            frames = heard.kept.batches[0]
    assert 0.09 * SECOND < int(frames.arrival[0]) - at < 5 * SECOND


def test_a_hole_is_read_around_and_remembered(tmp_path):
    """A read over registers that the device refuses is taken apart once, and never made again."""
    with serving(SimDevice(1, simdata=[registers(0, 10, 11), registers(6, 16)])) as stock:
        source = px.modbus(
            f"tcp://127.0.0.1:{stock.port}",
            id="P-1",
            every=FAST,
            registers={Pump.temp: px.Register(0), Pump.flow: px.Register(1), Pump.total: px.Register(6)},
        )
        with hearing(source, tmp_path) as heard:
            until(lambda: len(heard.polls()) > 3)
            assert {name: datum.value for name, datum in heard.polls()[0].items()} == {
                "temp": 10,
                "flow": 11,
                "total": 16,
            }
            assert heard.driver.counters["exceptions"] == 1
            assert heard.driver.trouble == ""
        assert stock.asked[0] == (3, 0, 7)
        assert set(stock.asked[1:]) == {(3, 0, 2), (3, 6, 1)}


def test_a_register_that_is_not_there_is_bad_and_the_others_are_good(tmp_path):
    """Side by side with one that exists; it is asked for once."""
    with serving(SimDevice(1, simdata=[registers(0, 10)])) as stock:
        source = px.modbus(
            f"tcp://127.0.0.1:{stock.port}",
            id="P-1",
            every=FAST,
            registers={Pump.temp: px.Register(0), Pump.flow: px.Register(1)},
        )
        with hearing(source, tmp_path) as heard:
            until(lambda: len(heard.polls()) > 3)
            first, later = heard.polls()[0], heard.polls()[-1]
        assert (first["temp"].value, first["flow"].value, first["flow"].status) == (10, None, 2)
        assert list(later) == ["temp"]
        assert stock.asked.count((3, 1, 1)) == 1


@pytest.mark.parametrize("code", [ExcCodes.DEVICE_FAILURE, ExcCodes.DEVICE_BUSY, ExcCodes.ILLEGAL_FUNCTION])
def test_other_exceptions_are_the_status_of_their_values(code, tmp_path):
    """The device answers, so it is there; its values are bad, with its own code, in every poll."""

    async def refuse(*_):
        return code

    with serving(SimDevice(1, simdata=[registers(0, 1)], action=refuse)) as stock:
        source = px.modbus(f"tcp://127.0.0.1:{stock.port}", id="P-1", every=FAST, registers={Pump.temp: px.Register(0)})
        with hearing(source, tmp_path) as heard:
            until(lambda: len(heard.polls()) > 2)
            assert {poll["temp"].status for poll in heard.polls()} == {int(code)}


def test_a_unit_that_its_gateway_cannot_reach_is_silent(tmp_path):
    """Exception 11 is told once; another unit behind the same gateway is heard meanwhile, on the same connection."""

    async def gone(*_):
        return ExcCodes.GATEWAY_NO_RESPONSE

    there = SimDevice(2, simdata=[registers(0, 5)])
    away = SimDevice(3, simdata=[registers(0, 6)], action=gone)
    with serving(there, away) as stock:
        url = f"tcp://127.0.0.1:{stock.port}"
        one = px.modbus(url, unit=3, id="P-3", every=FAST, registers={Pump.temp: px.Register(0)})
        other = px.modbus(url, unit=2, id="P-2", every=FAST, registers={Pump.temp: px.Register(0)})
        with hearing(one, tmp_path) as silent, hearing(other, tmp_path) as heard:
            until(lambda: len(heard.polls()) > 5 and silent.driver.counters["polls"] > 1)
            assert [poll["temp"].status for poll in silent.polls()] == [11]
            assert "exception 11" in silent.driver.trouble
            assert (silent.driver.connected, heard.driver.connected) == (False, True)
            connects = [one.driver.counters["connects"] for one in (silent, heard)]
    assert sum(connects) == 1


def test_a_server_that_comes_back_is_heard_again(tmp_path):
    """Its end is told once, by values that cannot be reached."""
    with serving(SimDevice(1, simdata=[registers(0, 1)])) as stock:
        source = px.modbus(f"tcp://127.0.0.1:{stock.port}", id="P-1", every=FAST, registers={Pump.temp: px.Register(0)})
        with hearing(source, tmp_path) as heard:
            until(lambda: heard.driver.connected)
            stock.stop()
            until(lambda: not heard.driver.connected)
            bad = [poll for poll in heard.polls() if poll["temp"].status]
            assert [poll["temp"].status for poll in bad] == [MODBUS_TIMEOUT]
            assert heard.driver.trouble
            stock.start()
            until(lambda: heard.driver.connected)
            assert heard.polls()[-1]["temp"].value == 1


def test_a_device_that_is_not_there_at_first_does_not_stop_the_site(tmp_path):
    """`start` returns, and says why nothing is heard."""
    source = px.modbus(f"tcp://127.0.0.1:{free_port()}", id="P-1", registers={Pump.temp: px.Register(0)})
    with hearing(source, tmp_path) as heard:
        until(lambda: "no connection" in heard.driver.trouble)
        assert heard.driver.counters["failed_connects"] >= 1


def test_a_slow_device_delays_no_other(tmp_path):
    """One that answers after its time-out is silent; another one is polled at its pace meanwhile."""

    async def slow(*_):
        await asyncio.sleep(0.3)

    with (
        serving(SimDevice(1, simdata=[registers(0, 1)], action=slow)) as stuck,
        serving(SimDevice(1, simdata=[registers(0, 2)])) as quick,
    ):
        mapped = {Pump.temp: px.Register(0)}
        late = px.modbus(f"tcp://127.0.0.1:{stuck.port}", id="P-1", every=FAST, timeout="100 ms", registers=mapped)
        soon = px.modbus(f"tcp://127.0.0.1:{quick.port}", id="P-2", every=FAST, registers=mapped)
        with hearing(late, tmp_path) as silent, hearing(soon, tmp_path) as heard:
            until(lambda: silent.driver.counters["timeouts"] >= 2)
            assert heard.driver.counters["polls"] > silent.driver.counters["polls"]
            assert heard.driver.counters["timeouts"] == 0
            # The answer that comes too late is never taken for that of the next question.
            until(lambda: silent.driver.counters["stray_answers"] >= 1)
            assert all(poll["temp"].value is None for poll in silent.polls())


def test_a_rate_is_kept(tmp_path):
    """Three tables are three requests: at 20 a second they take a tenth of a second."""
    device = SimDevice(1, simdata=[registers(0, 1), registers(60, 2), registers(120, 3)])
    with serving(device) as stock:
        mapped = {Pump.temp: px.Register(0), Pump.flow: px.Register(60), Pump.total: px.Register(120)}
        source = px.modbus(f"tcp://127.0.0.1:{stock.port}", id="P-1", registers=mapped, rate=20)
        with hearing(source, tmp_path) as heard:
            when = times(heard.first())
    assert max(when) - min(when) > 0.08 * SECOND


@pytest.mark.parametrize("scheme", ["rtu", "rtu+tcp"])
def test_rtu_over_a_terminal_and_over_tcp(scheme, tmp_path):
    """A pair of terminals, which know no parity, stands for the serial line; two units share it."""
    devices = [SimDevice(1, simdata=[registers(0, 300)]), SimDevice(2, simdata=[registers(0, 301)])]
    if scheme == "rtu":
        with crossed() as (ours, theirs), serving(*devices, tty=theirs):
            _two_units(f"rtu://{ours}?baud=19200&parity=N", tmp_path)
    else:
        with serving(*devices, framer=FramerType.RTU) as stock:
            _two_units(f"rtu+tcp://127.0.0.1:{stock.port}", tmp_path)


def _two_units(url, folder):
    mapped = {Pump.temp: px.Register(0, "int16", scale=0.1)}
    one, two = (px.modbus(url, unit=unit, id=f"P-{unit}", every=FAST, registers=mapped) for unit in (1, 2))
    with hearing(one, folder) as first, hearing(two, folder) as second:
        until(lambda: len(first.polls()) > 2 and len(second.polls()) > 2)
        assert first.first()["temp"].value == pytest.approx(30.0)
        assert second.first()["temp"].value == pytest.approx(30.1)


class crossed:
    """Two terminals, each the other's line, as a cable between two serial ports."""

    def __enter__(self):
        self.handles = [*pty.openpty(), *pty.openpty()]
        masters = self.handles[0], self.handles[2]
        names = os.ttyname(self.handles[1]), os.ttyname(self.handles[3])
        for source, target in (masters, masters[::-1]):
            threading.Thread(target=self._copy, args=(source, target), daemon=True).start()
        return names

    def __exit__(self, *_):
        for handle in self.handles:
            os.close(handle)

    @staticmethod
    def _copy(source, target):
        try:
            while True:
                os.write(target, os.read(source, 512))
        except OSError:
            pass
