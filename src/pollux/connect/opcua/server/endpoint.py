"""The OPC UA server of a site: its thread with a loop of its own, and its turns."""

import asyncio
import logging
import threading
from importlib import import_module
from pathlib import Path
from typing import Any, Final, final

from pollux.clock import Clock, stopwatch
from pollux.connect.opcua.server.guarded import end_the_lost, guarded_door, guarded_server, names_of
from pollux.connect.opcua.server.limits import ServerCounters, ServerLimits
from pollux.connect.opcua.server.session import House, ServiceError
from pollux.connect.opcua.server.shown import AbstractShow
from pollux.connect.opcua.server.space import Space
from pollux.connect.opcua.stack import ua
from pollux.connect.opcua.trust import Own, Untrusted, application_uri, fingerprint, known, own, split_chain, usable
from pollux.errors import SetupError

_LOG = logging.getLogger("pollux.connect.opcua")
TURN: Final = 0.2
LOOK: Final = 1.0
"""Seconds after which twins and identities are looked at anew: whoever is revoked is out by then."""
OPENING: Final = 60.0
Server: Final[Any] = import_module("asyncua").Server


@final
class OpcuaServer:
    """Twins as nodes, for whoever the gate knows, over signed and encrypted channels alone.

    `folder` keeps the certificate that it shows, made once, and where there is a folder `trusted` in it those of the
    applications that may come, whoever uses them. `start` returns when clients can connect.
    """

    def __init__(
        self, address: tuple[str, int], *, show: AbstractShow, clock: Clock, folder: Path,
        limits: ServerLimits | None = None,
    ) -> None:  # fmt: skip
        self._address, self._show, self._clock = address, show, clock
        self.limits = limits or ServerLimits()
        self._counts = ServerCounters()
        home = folder / "opcua"
        self._trusted = home / "trusted"
        self._own: Own = own(home, application_uri(home), address[0], clock.now(), certificate=None, key=None)
        self.port = 0
        self.failure = ""
        self._house = House(show, self.limits, self._counts)
        self._opened = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="pollux-opcua-server", daemon=True)

    @property
    def counters(self) -> dict[str, int]:
        """What has been counted since the start, by name."""
        return self._counts.asdict()

    @property
    def pin(self) -> str:
        """The fingerprint of its certificate, for clients to pin."""
        return fingerprint(split_chain(self._own.certificate)[0])

    @property
    def present(self) -> list[str]:
        """Who has a session."""
        return names_of(list(self._house.sessions))

    def start(self) -> None:
        """Open the door; raises SetupError when that is not possible."""
        self._thread.start()
        self._opened.wait(OPENING)
        if self.failure or not self.port:
            raise SetupError(
                self.failure or "the OPC UA server did not open in time", at=f"opc.tcp://{self._address[0]}"
            )

    def stop(self) -> None:
        """Close the door and end the thread."""
        self._stopping = True
        if self._thread.is_alive():
            self._thread.join()

    # -- in the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001  a door that has failed is reported, the site goes on
            _LOG.exception("the OPC UA server has failed")
            self.failure = f"the OPC UA server has failed: {error}"
        finally:
            self._opened.set()

    async def _serve(self) -> None:
        inner = guarded_server(self._house)
        inner.certificate_validator = self._believe
        server = Server(iserver=inner)
        await self._configure(server)
        space = Space(server, self._show, self.limits, self._counts)
        await space.begin()
        self._house.space = space
        await server._setup_server_nodes()
        await inner.start()
        listening = server.bserver = guarded_door(inner, self._house, self._address, server.limits)
        listening.set_policies(server._policies)
        await listening.start()
        self.port = int(listening.port)
        self._opened.set()
        try:
            await self._turns(space)
        finally:
            await server.stop()

    async def _configure(self, server: Any) -> None:
        host, port = self._address
        server.set_endpoint(f"opc.tcp://{host}:{port}")
        server.name, server.manufacturer_name, server.product_uri = "Pollux", "Pollux", "urn:pollux"
        server.limits.max_message_size = self.limits.message
        server.limits.max_chunk_count = self.limits.message // server.limits.max_recv_buffer + 1
        await server.init()
        await server.set_application_uri(self._own.uri)
        await server.load_certificate(self._own.certificate, "der")
        await server.load_private_key(self._own.key, format="pem")
        server.set_security_policy(
            [
                ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
                ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
                ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
            ]
        )

    async def _turns(self, space: Space) -> None:
        looked, more = 0.0, True
        while not self._stopping:
            due = stopwatch() - looked >= LOOK
            if due:
                looked = stopwatch()
                await end_the_lost(self._house)
            if due or more:
                more = await space.turn()
            sessions = list(self._house.sessions)
            await space.refresh(dict.fromkeys(node for session in sessions for node in session.watched))
            await asyncio.sleep(TURN)

    async def _believe(self, certificate: Any, description: Any) -> None:
        """The certificate of an application: of its time, long enough, and among the trusted where there are such.

        Who comes in is asked at the gate, afterwards.
        """
        try:
            usable(certificate, self._clock.now())
            trusted = known(self._trusted)
            if trusted is not None and fingerprint(certificate) not in trusted:
                raise Untrusted(f"it is not among the trusted ones: {fingerprint(certificate)}")
        except (Untrusted, SetupError) as error:
            self._counts.refused_channels += 1
            _LOG.warning("a client of the OPC UA server is refused: %s", error)
            raise ServiceError(ua.StatusCodes.BadCertificateInvalid) from None
