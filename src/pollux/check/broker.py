"""A broker that is already there: where it is, who Pollux is to it, and what is asked of it. It opens nothing."""

from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Final, Literal, final
from urllib.parse import SplitResult, unquote, urlsplit

from pollux.clock import SECOND, duration
from pollux.errors import SetupError
from pollux.guard.requests import is_loopback

Version = Literal["5", "3.1.1"]
PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
FOR_EXAMPLE: Final = 'for example "mqtts://plant.example:8883"'
LONGEST_KEEPALIVE: Final = 65_535
LONGEST_SESSION: Final = 0xFFFFFFFF


@final
@dataclass(frozen=True, slots=True)
class Broker:
    """An MQTT broker that others run, which Pollux subscribes to as a client.

    `url` is `mqtt://` or `mqtts://`, with a port where it is not 1883 or 8883, and a user where there is one. A
    password stands in no code: `password_file` or `password_env` says where it is. `ca` is a file of authorities to
    believe instead of the system's; `certificate` and `key` are what Pollux shows of itself. Without `client_id` the
    data folder gives one that stays, so that the broker finds the session again. `share` names a group that shares the
    subscriptions. The broker keeps what is not acknowledged for `session_expiry`; at most `receive_maximum` messages
    are unacknowledged at a time. `retained` takes what the broker says was published before: without a time of its own
    it looks as if it were measured now. `plain` allows `mqtt://` to another machine, where anybody on the way can read
    and change everything. `docs/how-to/broker.md` says which broker needs what.

    Raises SetupError for whatever cannot be meant.

    >>> Broker("mqtts://pollux@plant.example").port
    8883
    >>> Broker("mqtts://pollux:hush@plant.example")
    Traceback (most recent call last):
        ...
    pollux.errors.SetupError: expected no password in the address of a broker, got one - at mqtts://plant.example
    hint: px.Broker(url, password_file="...") or password_env="NAME"
    """

    url: str = field(repr=False)
    _: KW_ONLY
    client_id: str = ""
    username: str = ""
    password_file: str | Path | None = None
    password_env: str | None = None
    ca: str | Path | None = None
    certificate: str | Path | None = None
    key: str | Path | None = None
    version: Version = "5"
    share: str = ""
    session_expiry: str = "7 days"
    keepalive: str = "60 s"
    receive_maximum: int = 500
    packet_bytes: int = 1 << 20
    qos: Literal[0, 1, 2] = 1
    retained: bool = False
    plain: bool = False
    host: str = field(init=False, default="")
    port: int = field(init=False, default=0)
    secured: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        parts = _parts(self.url)
        for name, value in (
            ("host", parts.hostname),
            ("port", parts.port or PORTS[parts.scheme]),
            ("secured", parts.scheme == "mqtts"),
            ("username", self.username or unquote(parts.username or "")),
        ):
            object.__setattr__(self, name, value)
        self._check_secrets()
        self._check_bounds()

    @property
    def name(self) -> str:
        """How it is called in records, metrics and reports.

        >>> Broker("mqtts://pollux@plant.example").name
        'broker:pollux@plant.example:8883'
        """
        user = f"{self.username}@" if self.username else ""
        return f"broker:{user}{self.host}:{self.port}"

    @property
    def session_seconds(self) -> int:
        """For how long the broker keeps what is not acknowledged."""
        return duration(self.session_expiry) // SECOND

    @property
    def keepalive_seconds(self) -> int:
        """How long the connection may be silent."""
        return duration(self.keepalive) // SECOND

    def _check_secrets(self) -> None:
        if not (self.secured or self.plain or is_loopback(self.host)):
            raise SetupError(
                f"expected mqtts:// beyond this machine, got mqtt:// to {self.host}",
                at=self.name,
                hint="px.Broker(url, plain=True) where everybody on the network may read and change what is said",
            )
        if self.password_file is not None and self.password_env is not None:
            raise SetupError("expected one place of the password, got two", at=self.name)
        if (self.password_file or self.password_env) and not self.username:
            raise SetupError("expected a user beside the password, got none", at=self.name, hint="mqtts://USER@host")
        if (self.certificate is None) != (self.key is None):
            raise SetupError("expected certificate and key together, got one of them", at=self.name)
        if not self.secured and (self.ca or self.certificate):
            raise SetupError("expected mqtts:// beside certificates, got mqtt://", at=self.name, hint=FOR_EXAMPLE)

    def _check_bounds(self) -> None:
        if self.version not in ("5", "3.1.1"):
            raise SetupError(f'expected version "5" or "3.1.1", got {self.version!r}', at=self.name)
        if self.qos not in (0, 1, 2):
            raise SetupError(f"expected qos 0, 1 or 2, got {self.qos}", at=self.name)
        if any(mark in self.share for mark in "/+#\0"):
            raise SetupError(f"expected the name of a group without / + #, got {self.share!r}", at=self.name)
        for name, value, most in (
            ("keepalive in seconds", self.keepalive_seconds, LONGEST_KEEPALIVE),
            ("session_expiry in seconds", self.session_seconds, LONGEST_SESSION),
            ("receive_maximum", self.receive_maximum, 65_535),
            ("packet_bytes", self.packet_bytes, 64 << 20),
        ):
            if not 0 < value <= most:
                raise SetupError(f"expected {name} from 1 to {most}, got {value}", at=self.name)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise SetupError("expected the address of a broker, got another text", hint=FOR_EXAMPLE) from None
    if parts.scheme not in PORTS or not host:
        raise SetupError(f"expected mqtt:// or mqtts:// with a host, got {parts.scheme}://", hint=FOR_EXAMPLE)
    if parts.password is not None:
        # The text itself is not repeated: errors are logged.
        raise SetupError(
            "expected no password in the address of a broker, got one",
            at=f"{parts.scheme}://{host}",
            hint='px.Broker(url, password_file="...") or password_env="NAME"',
        )
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise SetupError("expected nothing behind host and port", at=f"{parts.scheme}://{host}", hint=FOR_EXAMPLE)
    return parts
