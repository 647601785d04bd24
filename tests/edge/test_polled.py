"""Registers beside the agent, from a stock server."""

import threading
from typing import Any

import numpy as np
import pytest
from pymodbus.simulator import SimDevice

import pollux as px
from pollux.clock import SECOND, WallClock
from pollux.connect.modbus.registers import Register
from pollux.edge.sources.polled import polled
from pollux.edge.sources.source import Need
from tests.connect.modbus.stock import free_port, registers, serving


def need(*signals):
    """What a feeder asks for; it never waits for long."""
    clock = WallClock()
    return Need(signals, 0, clock, lambda seconds: threading.Event().wait(max(0.0, seconds)))


def drawn(source, count, *signals):
    """Some samples, as they come."""
    samples: Any = source.samples(need(*signals))
    found: list[Any] = []
    while sum(len(one) for one in found) < count:
        found.append(next(samples))
    samples.close()
    return np.concatenate([one.times for one in found]), np.concatenate([one.values for one in found])


def test_registers_are_samples_a_column_each():
    """At their pace, with no number where nothing is connected or no register is."""
    with serving(SimDevice(1, simdata=[registers(0, 215, 0x8000)])) as stock:
        some = [Register(0, "int16", scale=0.1), Register(1, "int16", missing=0x8000), Register(7)]
        source = polled(f"tcp://127.0.0.1:{stock.port}", some, every="10 ms")
        before = WallClock().now()
        times, values = drawn(source, 20, "temp", "flow", "level")
    assert values[:, 0] == pytest.approx(np.full(len(values), 21.5))
    assert np.isnan(values[:, 1:]).all()
    assert (np.diff(times) > 0).all()
    assert times[0] >= before - SECOND


def test_a_device_that_is_away_ends_the_attempt():
    """The feeder asks the source again after a while."""
    source = polled(f"tcp://127.0.0.1:{free_port()}", [Register(0)], every="10 ms")
    with pytest.raises(OSError, match="no connection"):
        drawn(source, 1, "temp")


def test_a_slow_pace_still_yields_often():
    """The agent looks at its windows while it waits for the next poll."""
    with serving(SimDevice(1, simdata=[registers(0, 1)])) as stock:
        samples: Any = polled(f"tcp://127.0.0.1:{stock.port}", [Register(0)], every="1 h").samples(need("temp"))
        assert [len(next(samples)) for _ in range(3)] == [1, 0, 0]
        samples.close()


def test_what_cannot_be_meant_is_refused():
    """Units are the signal's, texts are no samples, and there is a register for each summary."""
    for some in ([], [Register(0, unit="degC")], [Register(0, "string", length=2)]):
        with pytest.raises(px.SetupError, match="expected registers of numbers"):
            polled("tcp://127.0.0.1", some)
    with pytest.raises(px.SetupError, match="expected 2 registers, one a summary, got 1"):
        next(polled("tcp://127.0.0.1", [Register(0)]).samples(need("a", "b")))
