"""Stock clients that visit our server, each with what it shows of itself."""

import asyncio
import contextlib
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from pollux.connect.opcua.server.shown import NAMESPACE
from pollux.connect.opcua.stack import CertProperties, Client, security_policies, ua
from tests.connect.opcua.authority import DER, pem_key, self_signed

APPLICATION = "urn:test:client"
CERTIFICATE, KEY = self_signed("Client", APPLICATION)


async def prepared(url, *, application=(CERTIFICATE, KEY), policy="Basic256Sha256") -> Any:
    """A client that will speak signed and encrypted, not connected yet."""
    client = Client(url, timeout=10)
    client.application_uri = APPLICATION
    certificate, key = application
    await client.set_security(
        getattr(security_policies, f"SecurityPolicy{policy}"),
        CertProperties(certificate.public_bytes(DER), "der"),
        CertProperties(pem_key(key), "pem"),
    )
    return client


@asynccontextmanager
async def visiting(url, name=None, secret="", *, user=None, **more):
    """A client that has signed in by name and token, or by a certificate of its own."""
    client = await prepared(url, **more)
    if name is not None:
        client.set_user(name)
        client.set_password(secret)
    if user is not None:
        client.user_certificate, client.user_private_key = user
    await client.connect()
    try:
        yield client
    finally:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(client.disconnect(), 5)


def node(client, index, text) -> Any:
    """A node of the twins' namespace."""
    return client.get_node(ua.NodeId(text, index))


async def index_of(client) -> int:
    """Where the twins' namespace is on this server."""
    return int(await client.get_namespace_index(NAMESPACE))


def refusal(name) -> Any:
    """The error that a status of this name is raised as."""
    return getattr(import_module("asyncua.ua.uaerrors"), name)
