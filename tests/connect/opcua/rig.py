"""A plant: a stock asyncua server in a thread of its own, whose network can be cut and whose names can be shuffled."""

import asyncio
import datetime
import threading
from importlib import import_module
from typing import Any

from asyncua.crypto.permission_rules import User, UserRole

from pollux.connect.opcua.stack import ua
from tests.connect.opcua.authority import PEM, Authority, pem_key

URI = "urn:acme:plant"
OTHER = "urn:acme:other"
APPLICATION = "urn:acme:server"
USER, PASSWORD = "pollux", "hush"
Server: Any = import_module("asyncua").Server
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class Users:
    """One user with a password, and anybody."""

    def get_user(self, iserver, username=None, password=None, certificate=None):
        if username is None:
            return User(role=UserRole.User)
        return User(role=UserRole.User) if (username, password) == (USER, PASSWORD) else None


class Plant:
    """A server with pumps, made once and used by many tests; it speaks with and without security."""

    def __init__(self):
        self.authority = Authority()
        self.certificate, self._key = self.authority.issue("Plant", APPLICATION)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="plant", daemon=True)
        self._thread.start()
        self.index = 0
        self.run(self._open())

    def run(self, coroutine) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _open(self):
        server = self._server = Server(user_manager=Users())
        await server.init()
        server.set_endpoint("opc.tcp://127.0.0.1:0")
        await server.set_application_uri(APPLICATION)
        await server.load_certificate(self.certificate.public_bytes(PEM), "pem")
        await server.load_private_key(pem_key(self._key), format="pem")
        types = ua.SecurityPolicyType
        server.set_security_policy(
            [
                types.NoSecurity,
                types.Basic256Sha256_SignAndEncrypt,
                types.Aes256Sha256RsaPss_SignAndEncrypt,
            ]
        )
        await server.register_namespace(OTHER)
        self.index = await server.register_namespace(URI)
        await server.start()
        self.port = server.bserver.port

    @property
    def url(self):
        return f"opc.tcp://127.0.0.1:{self.port}"

    @property
    def connections(self):
        return len(self._server.bserver.clients)

    def close(self):
        self.run(self._server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # -- the network --------------------------------------------------------------------------------------------------

    def cut(self):
        """The server is away; the plant goes on."""
        self.run(self._server.bserver.stop())

    def back(self):
        """It can be reached again, at the same place."""
        self.run(self._again())

    async def _again(self):
        policies = self._server.bserver._policies
        home: Any = import_module("asyncua.server.binary_server_asyncio")
        self._server.bserver = home.BinaryServer(self._server.iserver, "127.0.0.1", self.port, self._server.limits)
        self._server.bserver.set_policies(policies)
        await self._server.bserver.start()

    # -- the nodes ----------------------------------------------------------------------------------------------------

    def add(self, name, value=0.0, **more):
        """A variable under Objects, named by its text; see `_add`."""
        self.run(self._add(name, value, **more))

    async def _add(self, name, value, *, kind=None, unit=None, words=None, historic=False, writable=False):
        node = await self._server.nodes.objects.add_variable(
            ua.NodeId(name, self.index), ua.QualifiedName(name, self.index), ua.Variant(value, kind)
        )
        # What it is made with lies an hour back, so that it comes before all that the tests say.
        before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
        await node.write_value(ua.DataValue(ua.Variant(value, kind), SourceTimestamp=before))
        if unit is not None:
            told: Any = ua.EUInformation(NamespaceUri=unit[0], UnitId=unit[1], DisplayName=ua.LocalizedText(unit[2]))
            await node.add_property(ua.NodeId(f"{name}.EU", self.index), ua.QualifiedName("EngineeringUnits", 0), told)
        if words is not None:
            told = [ua.LocalizedText(word) for word in words]
            await node.add_property(ua.NodeId(f"{name}.W", self.index), ua.QualifiedName("EnumStrings", 0), told)
        if writable:
            await node.set_writable()
        if historic:
            await self._server.historize_node_data_change(node, datetime.timedelta(days=7))

    def say(self, name, value, when=None, *, status=0, kind=None):
        """A value with its source time in nanoseconds UTC."""
        self.run(self._say(name, value, when, status, kind))

    async def _say(self, name, value, when, status, kind):
        told = None if when is None else _EPOCH + datetime.timedelta(microseconds=when // 1000)
        kind = kind or (ua.VariantType.Double if isinstance(value, float) else None)
        variant = ua.Variant(value, kind) if value is not None else ua.Variant()
        await self._node(name).write_value(
            ua.DataValue(variant, StatusCode=ua.StatusCode(status), SourceTimestamp=told)
        )

    def value(self, name):
        return self.run(self._node(name).read_value())

    def _node(self, name):
        return self._server.get_node(ua.NodeId(name, self.index))

    def shuffle(self):
        """The namespaces change their places, as after a restart; nodes that are made now lie under the new index."""
        self.run(self._shuffle())

    async def _shuffle(self):
        array = self._server.nodes.namespace_array
        uris = await array.read_value()
        a, b = uris.index(URI), uris.index(OTHER)
        uris[a], uris[b] = uris[b], uris[a]
        await array.write_value(uris)
        self.index = uris.index(URI)
