"""Where a broker or a site is, from the text of an address, and who the agent is to it."""

import ssl
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Final, final
from urllib.parse import SplitResult, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from pollux.errors import SetupError
from pollux.guard.requests import is_loopback

PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
_EXAMPLE: Final = 'for example "mqtts://plant.example:8883"'


@final
@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect, and with what. Files are read at each attempt, so that what was renewed is used.

    Raises SetupError for an address that is none, and for plain text beyond this machine unless `plain` asks for it.

    >>> Address("mqtts://plant.example").port
    8883
    """

    url: str
    _: KW_ONLY
    account: str = ""
    token_file: str | Path | None = None
    certificate: str | Path | None = None
    key: str | Path | None = None
    authority: str | Path | None = None
    plain: bool = False

    def __post_init__(self) -> None:
        parts = self._parts
        if parts.scheme not in PORTS or not parts.hostname or parts.username or parts.path.strip("/"):
            raise SetupError("expected mqtt:// or mqtts:// with a host and nothing else", at=self.url, hint=_EXAMPLE)
        if not (self.secured or self.plain or is_loopback(self.host)):
            raise SetupError("expected mqtts:// beyond this machine, got mqtt://", at=self.url, hint=_EXAMPLE)
        if (self.certificate is None) != (self.key is None):
            raise SetupError("expected certificate and key together, got one of them", at=self.url)
        if self.authority and not self.secured:
            raise SetupError("expected mqtts:// beside an authority, got mqtt://", at=self.url, hint=_EXAMPLE)

    @property
    def host(self) -> str:
        """The host's name or address."""
        return self._parts.hostname or ""

    @property
    def port(self) -> int:
        """The port, that of the scheme where none is said."""
        return self._parts.port or PORTS[self._parts.scheme]

    @property
    def secured(self) -> bool:
        """Whether TLS is spoken."""
        return self._parts.scheme == "mqtts"

    def client(self, client_id: str) -> paho.Client:
        """A client that is not connected yet; raises SetupError where a file cannot be read."""
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5)
        try:
            token = Path(self.token_file).read_text("utf-8").strip() if self.token_file else None
            if self.secured:
                client.tls_set_context(self._context())  # pyright: ignore[reportUnknownMemberType]
        except (OSError, ssl.SSLError) as error:
            raise SetupError(f"expected readable files, got: {error}", at=self.url) from error
        if self.account:
            client.username_pw_set(self.account, token)
        return client

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.authority) if self.authority else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context

    @property
    def _parts(self) -> SplitResult:
        try:
            parts = urlsplit(self.url)
            _ = parts.port
        except ValueError:
            raise SetupError("expected an address, got another text", at=self.url[:80], hint=_EXAMPLE) from None
        return parts
