"""An OPC UA server as a fleet declares it: where it is, who Pollux is to it, which node is which signal."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Literal, final
from urllib.parse import urlsplit

from pollux.clock import SECOND, duration
from pollux.connect.field.source import AbstractFieldDriver, AbstractFieldSource, FieldPlace
from pollux.connect.opcua.nodes import NodeName
from pollux.errors import SetupError
from pollux.model.schema import Schema
from pollux.model.symbols import Symbol
from pollux.model.units import unit

Security = Literal["Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss", "None"]
SECURITIES: Final = ("Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss", "None")
OBJECTS: Final = "i=85"
PORT: Final = 4840
MOST_QUEUED: Final = 1_000
_TOLD: Final = ("sensor", "actuator", "fact")


@final
@dataclass(frozen=True, slots=True)
class OpcuaSource(AbstractFieldSource):
    """One OPC UA server that a fleet is read from; made by `px.opcua`, which says what each field means."""

    url: str = field(repr=False)
    nodes: Mapping[str, NodeName]
    _: KW_ONLY
    id: str | None = None
    actuators: Mapping[str, NodeName] = field(default_factory=dict[str, NodeName])
    units: Mapping[str, str] = field(default_factory=dict[str, str])
    folder: NodeName = field(default_factory=lambda: NodeName.read(OBJECTS))
    security: Security = "Basic256Sha256"
    pin: str | None = None
    authority: Path | None = None
    revoked: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    username: str = ""
    password_file: Path | None = None
    password_env: str | None = None
    anonymous: bool = False
    publishing: str = "500 ms"
    sampling: str = "100 ms"
    queue: int = 10
    history: str = "7 days"
    title: str = ""
    host: str = field(init=False, default="")
    port: int = field(init=False, default=PORT)

    def __post_init__(self) -> None:
        host, port = _place(self.url)
        object.__setattr__(self, "host", host)
        object.__setattr__(self, "port", port)
        self._check_security()
        self._check_bounds()

    @property
    def name(self) -> str:
        return self.title or f"opcua:{self.host}:{self.port}"

    @property
    def secured(self) -> bool:
        """Whether what is said is signed and encrypted."""
        return self.security != "None"

    @property
    def weak(self) -> str:
        """What is weak about the connection as it was declared; empty for nothing."""
        found: list[str] = []
        if not self.secured:
            found.append("what is said is neither signed nor encrypted (security None)")
        if self.anonymous:
            found.append("Pollux comes in as anybody (anonymous)")
        return "; ".join(found)

    @property
    def publishing_ms(self) -> float:
        """How often the server tells what has changed."""
        return duration(self.publishing) / SECOND * 1000

    @property
    def sampling_ms(self) -> float:
        """How often the server looks whether something has changed."""
        return duration(self.sampling) / SECOND * 1000

    @property
    def names(self) -> Mapping[str, NodeName]:
        """Each signal that is heard: those of actuators too, whose setting is read back."""
        return {**self.actuators, **self.nodes}

    @property
    def is_pattern(self) -> bool:
        """Whether the twins are found by browsing."""
        return self.id is None

    def check(self, schema: Schema) -> None:
        for signal in self.names:
            role = schema.signal(signal).role
            if role not in _TOLD:
                raise SetupError(f"expected a sensor, an actuator or a fact, got the {role} {signal}", at=self.name)
        for signal in self.actuators:
            if schema.signal(signal).role != "actuator":
                raise SetupError(
                    f"expected an actuator of {schema.name}, got the {schema.signal(signal).role} {signal}",
                    at=self.name, hint="actuators={...} names what may be written",
                )  # fmt: skip
        for signal, text in self.units.items():
            if unit(text).dimension != schema.signal(signal).unit.dimension:
                raise SetupError(
                    f"expected a unit like {schema.signal(signal).edge}, got {text}", at=f"{self.name}: {signal}"
                )

    def ready(self) -> None:
        from pollux.connect.opcua.trust import trust_of

        need_asyncua()
        if self.secured:
            trust_of(self.pin, self.authority, self.revoked)

    def driver(self, schema: Schema, place: FieldPlace) -> AbstractFieldDriver:
        self.ready()
        from pollux.connect.opcua.driver import OpcuaDriver

        return OpcuaDriver(self, schema, place)

    def meaning(self) -> list[str]:
        return [f"{signal} = {name}" for signal, name in sorted(self.names.items())]

    def _check_security(self) -> None:
        if self.security not in SECURITIES:
            raise SetupError(f"expected a security of {', '.join(SECURITIES)}, got {self.security!r}", at=self.name)
        if self.secured and (self.pin is None) == (self.authority is None):
            raise SetupError(
                "expected either the server's certificate or who has issued it", at=self.name,
                hint='pin="sha256 fingerprint" or pin="server.der", or authority="ca.pem"; '
                "`pollux survey opc.tcp://...` shows the fingerprint to compare",
            )  # fmt: skip
        if self.revoked is not None and self.authority is None:
            raise SetupError("expected authority= beside revoked=, got none", at=self.name)
        if (self.certificate is None) != (self.key is None):
            raise SetupError("expected certificate and key together, got one of them", at=self.name)
        if self.anonymous == bool(self.username):
            raise SetupError(
                "expected who Pollux is to the server", at=self.name,
                hint='username="..." with password_file= or password_env=, or anonymous=True',
            )  # fmt: skip
        if (self.password_file is None) == (self.password_env is None) and self.username:
            raise SetupError("expected one place of the password", at=self.name, hint="password_file= or password_env=")
        if self.username and not self.secured:
            raise SetupError("expected a secured connection for a password, got security None", at=self.name)

    def _check_bounds(self) -> None:
        if not self.nodes and not self.actuators:
            raise SetupError("expected nodes, got none", at=self.name, hint='nodes={Pump.temp: "nsu=...;s=P7.Temp"}')
        patterns = [name.is_pattern for name in self.names.values()]
        if self.is_pattern and not all(patterns):
            raise SetupError(
                "expected id= for one twin, or {id} in every node for many", at=self.name,
                hint='id="P-7", or "nsu=...;s={id}.Temp"',
            )  # fmt: skip
        if not 1 <= self.queue <= MOST_QUEUED:
            raise SetupError(f"expected a queue of 1 to {MOST_QUEUED}, got {self.queue}", at=self.name)
        for text in (self.publishing, self.sampling, self.history):
            duration(text)


def opcua(
    url: str,
    *,
    nodes: Mapping[Any, str] | None = None,
    id: str | None = None,
    actuators: Mapping[Any, str] | None = None,
    units: Mapping[Any, str] | None = None,
    folder: str = OBJECTS,
    security: Security = "Basic256Sha256",
    pin: str | Path | None = None,
    authority: str | Path | None = None,
    revoked: str | Path | None = None,
    certificate: str | Path | None = None,
    key: str | Path | None = None,
    username: str = "",
    password_file: str | Path | None = None,
    password_env: str | None = None,
    anonymous: bool = False,
    publishing: str = "500 ms",
    sampling: str = "100 ms",
    queue: int = 10,
    history: str = "7 days",
    name: str = "",
) -> OpcuaSource:
    """An OPC UA server that a fleet is read from: `site.fleet(Pump, px.opcua("opc.tcp://...", nodes={...}, id="P-7"))`.

    `nodes` are signals and the nodes that say them, by namespace URI; without `id` each has `{id}` in it, and the twins
    are found by browsing from `folder` on. `actuators` are the nodes that orders write, where the site acts; nothing
    else is ever written. `units` are those of the server where it does not say them itself, or says them wrongly.

    What is said is signed and encrypted by the policy `security`. The server is believed by its own certificate (`pin`:
    a file or its SHA-256 fingerprint) or by who issued it (`authority`, a file, and `revoked`, a list of what it took
    back). Pollux shows `certificate` with `key`, without them one that it makes once and keeps below the data folder;
    the server has to trust it. It signs in with `username` and a password from a file or the environment, or
    `anonymous`. Both `security="None"` and `anonymous` are shown as what they are: weak.

    The server looks at each node every `sampling`, keeps at most `queue` values, and tells them every `publishing`.
    After an outage the gap is read from the server's history, at most `history` back.

    Raises SetupError for whatever cannot be meant.

    >>> import pollux as px
    >>> class Pump(px.Twin):
    ...     temp = px.sensor("degC")
    >>> source = px.opcua("opc.tcp://plant.example", nodes={Pump.temp: "nsu=urn:acme;s={id}.Temp"}, pin="ab" * 32,
    ...                   username="pollux", password_env="PLANT_PASSWORD")
    >>> source.name, source.is_pattern, source.weak
    ('opcua:plant.example:4840', True, '')
    """
    return OpcuaSource(
        url,
        _named(nodes),
        id=id,
        actuators=_named(actuators),
        units={_signal(signal): text for signal, text in (units or {}).items()},
        folder=NodeName.read(folder),
        security=security,
        pin=None if pin is None else str(pin),
        authority=_path(authority),
        revoked=_path(revoked),
        certificate=_path(certificate),
        key=_path(key),
        username=username,
        password_file=_path(password_file),
        password_env=password_env,
        anonymous=anonymous,
        publishing=publishing,
        sampling=sampling,
        queue=queue,
        history=history,
        title=name,
    )


def need_asyncua() -> None:
    """Raise SetupError where the optional library of OPC UA is missing."""
    try:
        import_module("asyncua")
    except ImportError:
        raise SetupError(
            "expected asyncua for OPC UA, of the extra `industrial`", hint="make install EXTRAS=industrial"
        ) from None


def _named(nodes: Mapping[Any, str] | None) -> dict[str, NodeName]:
    return {_signal(signal): NodeName.read(text) for signal, text in (nodes or {}).items()}


def _signal(signal: object) -> str:
    return signal.name if isinstance(signal, Symbol) else str(signal)


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


def _place(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme != "opc.tcp" or not host:
        raise SetupError("expected the address of an OPC UA server", hint='for example "opc.tcp://plant.example:4840"')
    if parts.password is not None or parts.username is not None:
        # The text itself is not repeated: errors are logged.
        raise SetupError(
            "expected no user in the address of a server, got one", at=f"opc.tcp://{host}",
            hint='username="...", password_file="..." or password_env="NAME"',
        )  # fmt: skip
    return host, port or PORT
