"""The way to a server: its certificate looked at before anything is said, then a session under the policy declared."""

import os
import socket
from pathlib import Path
from typing import Any, Final

from pollux.clock import Clock
from pollux.connect.opcua.declared import OpcuaSource
from pollux.connect.opcua.stack import CertProperties, Client, security_policies, ua
from pollux.connect.opcua.trust import Own, Trust, application_uri, own, split_chain
from pollux.errors import SetupError

PATIENCE: Final = 10.0
"""Seconds that a service may take."""
PROBE: Final = 5.0
"""Seconds between looks whether the server still answers, and for how long it may take to."""
SESSION_MS: Final = 60_000
"""A session that is not heard of ends at the server after this."""
MESSAGE: Final = 32 << 20
CHUNK: Final = 65_535
"""Bytes of an answer that is taken, and of a piece of it."""
PRODUCT: Final = "urn:pollux"


def own_of(source: OpcuaSource, folder: Path, clock: Clock) -> Own:
    """The certificate that Pollux shows: the one declared, else one for all servers of a data folder."""
    home = folder / "opcua"
    host = socket.gethostname()
    return own(home, application_uri(home), host, clock.now(), certificate=source.certificate, key=source.key)


async def dial(source: OpcuaSource, trust: Trust | None, own: Own | None, clock: Clock) -> Any:
    """A client that is set up and not yet connected; raises Untrusted for a server that is not believed.

    The certificate is asked for over an open channel and then used to encrypt the first message of the secure one: a
    server without its key cannot answer.
    """
    url = f"opc.tcp://{source.host}:{source.port}{_path(source.url)}"
    client = Client(url, timeout=PATIENCE, watchdog_intervall=PROBE)
    client.name = client.description = "Pollux"
    client.product_uri = PRODUCT
    client.session_timeout = SESSION_MS
    client.max_messagesize, client.max_chunkcount = MESSAGE, MESSAGE // CHUNK + 1
    client.application_uri = PRODUCT if own is None else own.uri
    if source.username:
        client.set_user(source.username)
        client.set_password(_secret(source))
    if trust is not None and own is not None:
        shown = await _shown(client, source.security)
        trust.check(split_chain(shown), source.host, clock.now())
        await client.set_security(
            _policy(source.security),
            CertProperties(own.certificate, "der"),
            CertProperties(own.key, "pem"),
            server_certificate=CertProperties(split_der(shown), "der"),
            mode=ua.MessageSecurityMode.SignAndEncrypt,
        )
    return client


def split_der(shown: bytes) -> bytes:
    """The first certificate of what a server shows: its own."""
    return shown[: 4 + int.from_bytes(shown[2:4], "big")]


async def _shown(client: Any, security: str) -> bytes:
    policy = _policy(security)
    endpoints = await client.connect_and_get_server_endpoints()
    for endpoint in endpoints:
        if endpoint.SecurityPolicyUri == policy.URI and endpoint.SecurityMode == ua.MessageSecurityMode.SignAndEncrypt:
            return bytes(endpoint.ServerCertificate or b"")
    offered = sorted({str(one.SecurityPolicyUri).rpartition("#")[2] for one in endpoints})
    raise SetupError(f"expected a server that speaks {security}, got one that speaks {', '.join(offered)}")


def _policy(security: str) -> Any:
    return getattr(security_policies, f"SecurityPolicy{security}")


def _path(url: str) -> str:
    rest = url.partition("://")[2]
    return "/" + rest.partition("/")[2] if "/" in rest else ""


def _secret(source: OpcuaSource) -> str:
    """The password, read anew each time so that a changed one is used."""
    if source.password_env is not None:
        told = os.environ.get(source.password_env)
        if told is None:
            raise SetupError("expected the password in the environment, got nothing", at=source.password_env)
        return told
    assert source.password_file is not None
    try:
        return source.password_file.read_text().removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise SetupError(f"expected a file with the password: {error.strerror}", at=str(source.password_file)) from None
