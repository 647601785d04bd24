"""A serial port as a transport of asyncio: raw, with the settings of the line (POSIX terminals)."""

import asyncio
import contextlib
import os
import sys
from typing import Final, Protocol, final

from pollux.connect.modbus.address import Place
from pollux.errors import SetupError

_MOST: Final = 4096


class Wired(Protocol):
    """What hears a port: the part of `asyncio.Protocol` that is needed."""

    def data_received(self, data: bytes) -> None:
        """Bytes that came."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The port has gone."""


@final
class SerialPort:
    """An open port; `wired` hears what comes, in the loop's thread. Raises OSError when it cannot be opened or set."""

    def __init__(self, place: Place, wired: Wired) -> None:
        self._wired = wired
        self._loop = asyncio.get_running_loop()
        self._handle = os.open(place.device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            _set(self._handle, place)
        except BaseException:
            os.close(self._handle)
            raise
        self._loop.add_reader(self._handle, self._read)

    def write(self, data: bytes) -> None:
        """Send a request; it is far shorter than what a port buffers, so that a part that does not fit is a fault."""
        try:
            whole = os.write(self._handle, data) == len(data)
        except OSError as error:
            self._lost(error)
            return
        if not whole:
            self._lost(OSError("the port takes nothing more"))

    def close(self) -> None:
        """Hear nothing more."""
        if self._handle >= 0:
            self._loop.remove_reader(self._handle)
            os.close(self._handle)
            self._handle = -1

    def _read(self) -> None:
        try:
            data = os.read(self._handle, _MOST)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error)
            return
        if data:
            self._wired.data_received(data)
        else:
            self._lost(OSError("the port has gone"))

    def _lost(self, error: OSError) -> None:
        with contextlib.suppress(OSError):
            self.close()
        self._wired.connection_lost(error)


def _set(handle: int, place: Place) -> None:
    """Eight bits, no translation, no flow control, with the speed and parity of the line."""
    if sys.platform == "win32":
        raise SetupError(
            "expected a POSIX terminal for RTU", at=place.device, hint="rtu+tcp:// through a serial server"
        )
    import termios

    speed: int = getattr(termios, f"B{place.baud}")
    control = termios.CS8 | termios.CREAD | termios.CLOCAL
    control |= {"N": 0, "E": termios.PARENB, "O": termios.PARENB | termios.PARODD}[place.parity]
    control |= termios.CSTOPB if place.stop == 2 else 0
    letters = termios.tcgetattr(handle)[6]
    letters[termios.VMIN], letters[termios.VTIME] = 0, 0
    try:
        termios.tcsetattr(handle, termios.TCSANOW, [0, 0, control, 0, speed, speed, letters])
        termios.tcflush(handle, termios.TCIOFLUSH)
    except termios.error as error:
        raise OSError(*error.args) from None
