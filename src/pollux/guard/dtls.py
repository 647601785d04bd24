"""DTLS contexts of the listeners for datagrams, from the same files and with the same checks as those of TLS.

DTLS 1.2 with ephemeral keys alone, no session that could be resumed, chains checked against the revocation lists of
every authority in them. Needs pyOpenSSL, because the standard library speaks no DTLS.
"""

import hmac
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from pollux.clock import MINUTE, Clock
from pollux.errors import SetupError
from pollux.guard.authority import SERVER, TRUST
from pollux.guard.tls import Contexts

if TYPE_CHECKING:
    from OpenSSL import SSL

DTLS_1_2: Final = 0xFEFD
_CIPHERS: Final = b"@SECLEVEL=2:ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AESCCM"


def dtls_contexts(folder: Path, *, clock: Clock, passphrase: bytes | None = None) -> "Contexts[SSL.Context]":
    """The context for the next session, built anew when the authority's files have changed.

    Raises SetupError where pyOpenSSL is not installed, or a file is missing or cannot be read.
    """
    return Contexts(folder, lambda: dtls_context(folder, clock=clock, passphrase=passphrase), clock=clock)


def dtls_context(folder: Path, *, clock: Clock, passphrase: bytes | None = None) -> "SSL.Context":
    """A context for listeners. The app data of a connection are the address that its cookie is bound to."""
    try:
        from OpenSSL import SSL, crypto
    except ImportError:
        hint = "make install EXTRAS=industrial"
        raise SetupError("expected pyOpenSSL for CoAP over DTLS, of the extra `industrial`", hint=hint) from None
    context = SSL.Context(SSL.DTLS_SERVER_METHOD)
    context.set_min_proto_version(DTLS_1_2)
    context.set_max_proto_version(DTLS_1_2)
    context.set_cipher_list(_CIPHERS)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_QUERY_MTU)
    context.set_verify(SSL.VERIFY_PEER, None)
    flags, store = crypto.X509StoreFlags, context.get_cert_store()
    assert store is not None
    store.set_flags(flags.CRL_CHECK | flags.CRL_CHECK_ALL | flags.X509_STRICT)
    try:
        context.use_certificate_chain_file(str(folder / SERVER))
        context.use_privatekey(_key(folder / SERVER, passphrase))
        context.check_privatekey()
        context.load_verify_locations(str(folder / TRUST))
    except (SSL.Error, OSError, ValueError) as error:
        hint = "pollux identity init DIR, then pollux identity server DIR --host plant.example"
        raise SetupError(f"expected the authority's files: {error}", at=str(folder), hint=hint) from None
    cookies = Cookies(clock)
    context.set_cookie_generate_callback(lambda connection: cookies.made(bytes(connection.get_app_data())))
    context.set_cookie_verify_callback(lambda connection, shown: cookies.hold(bytes(connection.get_app_data()), shown))
    return context


def _key(path: Path, passphrase: bytes | None) -> EllipticCurvePrivateKey:
    text = path.read_bytes()
    secret = passphrase if b"ENCRYPTED" in text else None
    try:
        key = load_pem_private_key(text, secret)
    except TypeError:
        raise ValueError("the key is encrypted, and no passphrase was given") from None
    if not isinstance(key, EllipticCurvePrivateKey):
        raise ValueError("expected a key on an elliptic curve")
    return key


@final
class Cookies:
    """What an address must show to prove that it hears what is sent to it (RFC 6347, section 4.2.1).

    Bound to the address by a key that nobody else has, and to the minute: nothing is remembered of whom it was sent to.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock, self._key = clock, secrets.token_bytes(32)

    def made(self, address: bytes) -> bytes:
        """The cookie of an address."""
        return self._of(address, self._minute())

    def hold(self, address: bytes, shown: bytes) -> bool:
        """Whether a cookie is this address's, of this minute or of the one before."""
        now = self._minute()
        return any(hmac.compare_digest(shown, self._of(address, one)) for one in (now, now - 1))

    def _minute(self) -> int:
        return self._clock.now() // MINUTE

    def _of(self, address: bytes, minute: int) -> bytes:
        return hmac.digest(self._key, b"%d %b" % (minute, address), "sha256")
