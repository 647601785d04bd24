"""Where a device or gateway is reached: `tcp://`, `rtu+tcp://`, `rtu:///dev/...`."""

from dataclasses import dataclass
from typing import Final, Literal, final
from urllib.parse import parse_qsl, urlsplit

from pollux.errors import SetupError

PORT: Final = 502
_EXAMPLE: Final = 'for example "tcp://10.0.0.5:502" or "rtu:///dev/ttyUSB0?baud=19200&parity=E"'
BAUDS: Final = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
_OPTIONS: Final = frozenset({"baud", "parity", "stop"})

Parity = Literal["E", "O", "N"]
PARITIES: Final[tuple[Parity, ...]] = ("E", "O", "N")


@final
@dataclass(frozen=True, slots=True)
class Place:
    """The address of a line: a host and port, or a serial device with its settings; `framed` says how frames look."""

    framed: Literal["mbap", "rtu"]
    host: str = ""
    port: int = 0
    device: str = ""
    baud: int = 19200
    parity: Parity = "E"
    stop: Literal[1, 2] = 1

    @property
    def name(self) -> str:
        """How it is called in reports: without a slash, since names stand in addresses.

        >>> place_of("rtu:///dev/ttyUSB0?baud=9600").name
        'ttyUSB0'
        """
        return self.device.rpartition("/")[2] or f"{self.host}:{self.port}"

    @property
    def silence(self) -> float:
        """Seconds of silence between two frames of RTU: 3.5 characters of 11 bits, at least 1.75 ms."""
        return max(1.75e-3, 3.5 * 11 / self.baud) if self.device else 0.0


def place_of(url: str) -> Place:
    """The line that an address names; raises SetupError.

    >>> place_of("tcp://10.0.0.5").port, place_of("rtu:///dev/ttyUSB0").parity
    (502, 'E')
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise SetupError(f"expected the address of a Modbus device, got {url!r}", hint=_EXAMPLE) from None
    if parts.scheme in ("tcp", "rtu+tcp") and host and parts.path in ("", "/") and not (parts.query or parts.username):
        return Place("mbap" if parts.scheme == "tcp" else "rtu", host=host, port=port or PORT)
    if parts.scheme == "rtu" and not parts.netloc and parts.path.startswith("/"):
        return _serial(parts.path, parts.query, url)
    raise SetupError(f"expected tcp://HOST, rtu+tcp://HOST:PORT or rtu:///dev/NAME, got {url!r}", hint=_EXAMPLE)


def _serial(device: str, query: str, url: str) -> Place:
    options = dict(parse_qsl(query, keep_blank_values=True))
    baud, parity, stop = options.get("baud", "19200"), options.get("parity", "E"), options.get("stop", "1")
    if not options.keys() <= _OPTIONS or not baud.isdigit() or int(baud) not in BAUDS or stop not in ("1", "2"):
        known = ", ".join(map(str, BAUDS))
        raise SetupError(f"expected baud= of {known}, parity= of E, O or N and stop= of 1 or 2", at=url)
    for known in PARITIES:
        if parity == known:
            return Place("rtu", device=device, baud=int(baud), parity=known, stop=2 if stop == "2" else 1)
    raise SetupError(f"expected parity=E, O or N, got {parity!r}", at=url)
