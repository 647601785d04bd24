"""Accepting TLS connections in an asyncio loop: handshakes that are bounded in number and time."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Final, final

from pollux.connect.sealed import Seal, shaken

SHAKING: Final = 256
"""Handshakes at a time; beyond them the oldest gives way, so that half-open connections cannot lock the door."""

WITHIN: Final = 10.0
"""Seconds that a handshake may take."""

FAREWELL: Final = 3.0
"""Seconds in which a client may answer that the connection ends."""

_PAUSE: Final = 0.05
_LOG = logging.getLogger(__name__)


def _nobody(address: str, why: str) -> None:
    """Tell nobody."""


@final
class Acceptor:
    """Lets connections in with the context of the moment: one that is changed holds from the next connection on.

    `told` hears the address and the reason of each handshake that failed, in the loop's thread.
    """

    def __init__(
        self,
        context: Callable[[], ssl.SSLContext],
        *,
        shaking: int = SHAKING,
        within: float = WITHIN,
        told: Callable[[str, str], None] = _nobody,
    ) -> None:
        self._context, self._shaking, self._within, self._told = context, shaking, within, told
        self._tasks: dict[asyncio.Task[None], None] = {}
        self.refused = 0
        """Connections that ended without a finished handshake."""

    async def accept(self, listener: socket.socket, made: Callable[[], asyncio.Protocol]) -> None:
        """Accept until cancelled; `made` gives the protocol of a connection whose handshake is done."""
        await self._each(listener, lambda sock, _: self._transported(sock, made))

    async def hand_over(self, listener: socket.socket, take: Callable[[socket.socket, str, Seal], None]) -> None:
        """Accept until cancelled; `take` is given each socket whose handshake is done, its peer's address, its TLS."""
        await self._each(listener, lambda sock, address: self._handed(sock, address, take))

    async def _each(self, listener: socket.socket, shake: Callable[[socket.socket, str], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    sock, peer = await loop.sock_accept(listener)
                except OSError as error:
                    # Most likely no handle is left: wait for one instead of spinning.
                    _LOG.warning("a connection could not be accepted: %s", error)
                    await asyncio.sleep(_PAUSE)
                    continue
                if len(self._tasks) >= self._shaking:
                    next(iter(self._tasks)).cancel()
                task = loop.create_task(self._shake(sock, str(peer[0]), shake))
                self._tasks[task] = None
                task.add_done_callback(self._tasks.pop)
        finally:
            for task in self._tasks:
                task.cancel()

    async def _shake(
        self, sock: socket.socket, address: str, shake: Callable[[socket.socket, str], Awaitable[None]]
    ) -> None:
        try:
            await shake(sock, address)
        except asyncio.CancelledError:
            self.refused += 1
            raise
        except OSError as error:
            # Also of TLS, and of time.
            self.refused += 1
            _LOG.debug("a handshake failed: %s", error)
            self._told(address, _reason(error))

    async def _transported(self, sock: socket.socket, made: Callable[[], asyncio.Protocol]) -> None:
        # The socket is the transport's from here on, which closes it.
        await asyncio.get_running_loop().connect_accepted_socket(
            made,
            sock,
            ssl=self._context(),
            ssl_handshake_timeout=self._within,
            ssl_shutdown_timeout=FAREWELL,
        )

    async def _handed(
        self, sock: socket.socket, address: str, take: Callable[[socket.socket, str, Seal], None]
    ) -> None:
        sock.setblocking(False)
        try:
            async with asyncio.timeout(self._within):
                seal = await shaken(sock, self._context())
        except BaseException:
            sock.close()
            raise
        take(sock, address, seal)


def _reason(error: OSError) -> str:
    """What a failed handshake says to whoever runs the site."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate was refused in the handshake: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"the handshake failed: {(error.reason or str(error)).lower().replace('_', ' ')}"
    if isinstance(error, TimeoutError):
        return "the handshake did not end in time"
    return "the connection ended before the handshake did"
