"""A pump, its site, its agent, and what must hold between what was sampled and what the site has."""

import math
import socket
from itertools import count
from pathlib import Path

import numpy as np

import pollux as px
from pollux.clock import SECOND
from pollux.edge.ring import HEAD, Ring

WINDOW = SECOND // 5


class Pump(px.Twin):
    """A pump that vibrates."""

    vibration = px.sensor("m/s^2", low=-200, high=1e9)
    vibration_rms = px.sensor("m/s^2", low=0)
    vibration_low = px.sensor("m/s^2")
    vibration_high = px.sensor("m/s^2")
    vibration_p99 = px.sensor("m/s^2")
    tone = px.sensor("Hz", low=0)
    tone_rms = px.sensor("m/s^2", low=0)
    samples = px.sensor("1", low=0)
    doubted = px.sensor("1", low=0)
    spikes = px.sensor("1", low=0)
    missed = px.sensor("1", low=0)
    dropped = px.sensor("1", low=0)
    temp = px.sensor("degC", low=-50, high=200)
    raw = px.sensor("m/s^2", low=-200, high=1e9)

    @px.command(measures=True)
    def capture(self):
        """Send the raw samples around now."""


def site():
    """The site, and its pumps."""
    plant = px.Site("plant")
    return plant, plant.fleet(Pump)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def counting(base: float = 0.0):
    """A reader whose every call gives the next number."""
    numbers = count()
    return lambda: base + next(numbers)


def counted(port: int, *, base: float = 0.0, period: str = "2 ms", disk: str = "256 MB", **options) -> px.Edge:
    """An agent that reads a counter and tells of each fifth of a second how many numbers, from which to which."""
    edge = px.Edge("P-7", to=f"mqtt://127.0.0.1:{port}", account="P-7", disk=disk)
    summary = px.Summary(
        Pump.vibration,
        count=Pump.samples,
        minimum=Pump.vibration_low,
        maximum=Pump.vibration_high,
        doubted=Pump.doubted,
    )
    edge.read(Pump, "P-7", px.every(period, counting(base)), summary, every="200 ms", missed=Pump.missed, **options)
    return edge


def ring_of(folder: Path, signals: tuple[str, ...] = ("vibration",)):
    """All that an agent keeps raw: times and numbers."""
    (path,) = folder.glob("*.ring")
    capacity = (path.stat().st_size - HEAD) // (8 + 4 * len(signals))
    ring = Ring(path, signals, capacity)
    held = ring.read(0, 2**62)
    ring.close()
    return held.times, held.values[:, 0]


def agrees(pump, folder: Path) -> int:
    """Every window that the site has was told once, in order, and says what the ring holds of it, and none is missing
    up to the last one; how many there are.
    """
    times, values = ring_of(folder)
    ends, told = told_of(pump, Pump.samples)
    assert (np.diff(ends) > 0).all(), "each window once, in order"
    expected = [end for end in np.unique((times // WINDOW + 1) * WINDOW).tolist() if end <= ends[-1]]
    assert ends.tolist() == expected
    lows, highs, means = (told_of(pump, one)[1] for one in (Pump.vibration_low, Pump.vibration_high, Pump.vibration))
    for end, number, low, high, mean in zip(ends, told, lows, highs, means, strict=True):
        inside = values[(times >= end - WINDOW) & (times < end)]
        assert number == len(inside)
        assert (low, high) == (inside.min(), inside.max())
        assert math.isclose(mean, inside.mean(), rel_tol=1e-6)
    return len(ends)


def told_of(pump, signal):
    found = pump.history(signal, "1 h")
    return found.time, found.value
