"""A serial line that speaks in lines of text."""

import os
import select
import termios
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, final

from pollux.clock import SECOND, duration
from pollux.edge.samples import Samples
from pollux.edge.sources.lines import Even, Lines
from pollux.edge.sources.source import AbstractSource, Need
from pollux.errors import SetupError

PIECE: Final = 4096
PATIENCE: Final = 0.1


@final
@dataclass(frozen=True, slots=True)
class SerialLine(AbstractSource):
    """The lines of a serial port; made by `serial_line`."""

    port: str
    baud: int
    columns: tuple[str, ...]
    spacing: int
    most: float

    @property
    def rate(self) -> float:
        return SECOND / self.spacing if self.spacing else self.most

    @property
    def step(self) -> int:
        return self.spacing

    def samples(self, need: Need) -> Iterator[Samples]:
        lines, even = Lines(need.signals, self.columns), Even(self.spacing)
        with _opened(self.port, self.baud) as handle:
            while not need.pause(0.0):
                data = _read(handle)
                now = need.clock.now()
                found = lines.feed(data, now=now)
                times = even.times(len(found), now=now) if self.spacing and len(found) else found.times
                yield Samples(times, found.values, found.missed, found.unread)


def serial_line(
    port: str, *, baud: int = 115_200, columns: Sequence[str] = (), step: str = "", rate: float = 1000.0
) -> SerialLine:
    """A serial port (8N1) whose device sends a line for each sample: CSV or a JSON object, at most `rate` a second.

    With `step` the device samples so far apart, and the times are counted from that. It is read through a POSIX
    terminal. Raises SetupError for a speed that a terminal does not have.

    >>> serial_line("/dev/ttyUSB0", columns=["vibration"], step="1 ms").rate
    1000.0
    """
    if not hasattr(termios, f"B{baud}") or not rate > 0:
        raise SetupError(f"expected a speed of a terminal and a rate above 0, got {baud} and {rate:g}", at=port)
    return SerialLine(port, baud, tuple(columns), duration(step) if step else 0, rate)


@contextmanager
def _opened(port: str, baud: int) -> Generator[int]:
    handle = os.open(port, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        speed: int = getattr(termios, f"B{baud}")
        letters = termios.tcgetattr(handle)[6]
        # No translation, no echo, no flow control: what the device sends is what is read.
        told = [termios.IGNBRK, 0, termios.CS8 | termios.CREAD | termios.CLOCAL, 0, speed, speed, letters]
        termios.tcsetattr(handle, termios.TCSANOW, told)
        yield handle
    except termios.error as error:
        raise OSError(f"{port} is no serial port: {error.args[-1]}") from None
    finally:
        os.close(handle)


def _read(handle: int) -> bytes:
    """What has come within a tenth of a second; OSError where the port has gone."""
    ready, _, _ = select.select([handle], [], [], PATIENCE)
    if not ready:
        return b""
    data = os.read(handle, PIECE)
    if not data:
        raise OSError("the port has gone")
    return data
