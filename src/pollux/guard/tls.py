"""TLS contexts of the listeners: built from the authority's files, and built anew when these have changed.

TLS 1.3 without session tickets, chains checked against the revocation lists of every authority in them. A client may
come without a certificate, and must then show a token; one that shows a certificate must show a good one. What the
context lets in is looked up once more by its fingerprint, on every connection: a session of TLS 1.2 can be resumed
without a new check of the chain, and lists are only as new as their files.
"""

import hashlib
import logging
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, Literal, TypeVar, final

from pollux.clock import SECOND, Clock
from pollux.errors import SetupError
from pollux.guard import files
from pollux.guard.authority import SERVER, TRUST

Oldest = Literal["1.3", "1.2"]
Context = TypeVar("Context")

_LOG = logging.getLogger(__name__)
_CIPHERS_1_2: Final = "@SECLEVEL=2:ECDHE+AESGCM:ECDHE+CHACHA20"


def server_context(folder: Path, *, passphrase: bytes | None = None, oldest: Oldest = "1.3") -> ssl.SSLContext:
    """A context for the listeners; raises SetupError where a file is missing or cannot be read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2 if oldest == "1.2" else ssl.TLSVersion.TLSv1_3
    context.set_ciphers(_CIPHERS_1_2)
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN | ssl.VERIFY_X509_STRICT
    try:
        context.load_cert_chain(folder / SERVER, password=lambda: passphrase or b"")
        context.load_verify_locations(folder / TRUST)
    except OSError as error:
        hint = "pollux identity init DIR, then pollux identity server DIR --host plant.example"
        raise SetupError(f"expected the authority's files: {error}", at=str(folder), hint=hint) from None
    return context


def client_fingerprint(connection: "ssl.SSLObject | ssl.SSLSocket") -> bytes | None:
    """The fingerprint of the certificate that a client has shown, None for none; also of a resumed session."""
    shown = connection.getpeercert(binary_form=True)
    return None if shown is None else hashlib.sha256(shown).digest()


def tls_contexts(
    folder: Path, *, clock: Clock, passphrase: bytes | None = None, oldest: Oldest = "1.3"
) -> "Contexts[ssl.SSLContext]":
    """The context for the next connection; raises SetupError where a file is missing or cannot be read."""
    return Contexts(folder, lambda: server_context(folder, passphrase=passphrase, oldest=oldest), clock=clock)


@final
class Contexts(Generic[Context]):
    """A context of a listener, built by `build`. Thread-safe; changed files are seen within a second, without a
    restart."""

    def __init__(self, folder: Path, build: Callable[[], Context], *, clock: Clock) -> None:
        self._folder, self._build, self._clock = folder, build, clock
        self._lock = threading.Lock()
        self._seen = self._state()
        self._context = build()
        self._looked = clock.now()

    @property
    def current(self) -> Context:
        """The newest context; where the files are broken the last one goes on, until its lists run out."""
        with self._lock:
            now = self._clock.now()
            if abs(now - self._looked) >= SECOND:
                self._looked = now
                self._look()
            return self._context

    def _look(self) -> None:
        state = self._state()
        if state == self._seen:
            return
        try:
            self._context = self._build()
        except SetupError as error:
            _LOG.error("certificates were not taken over: %s", error)
        self._seen = state

    def _state(self) -> list[files.Stamp | None]:
        return [files.stamp(self._folder / name) for name in (SERVER, TRUST)]
