"""Enrolment from both sides: what a site answers, and what a device asks."""

import base64
import http.client
import ssl
from pathlib import Path
from typing import Final, final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import pkcs7

from pollux.clock import Clock
from pollux.errors import AccessRefused, SetupError
from pollux.guard import Accounts, Identity, files
from pollux.guard.authority import Authority
from pollux.guard.certificates import PublicKey, fingerprint, new_key
from pollux.guard.enrolment import enrol
from pollux.guard.keys import PEM, key_text
from pollux.show.est import EST

WITHIN: Final = 30.0
"""Seconds that a site may take to answer."""


@final
class Desk:
    """Enrols for an open site: a code is used up by the certificate that it gives."""

    def __init__(self, accounts: Accounts, authority: Authority, clock: Clock) -> None:
        self._accounts, self._authority, self._clock = accounts, authority, clock

    def authorities(self) -> list[x509.Certificate]:
        return [self._authority.root, *self._authority.issuers.certificates()]

    def first(self, name: str, code: bytes, key: PublicKey) -> x509.Certificate | None:
        self._accounts.refresh()
        identity = self._accounts.redeem_code(code)
        if identity is None or name not in ("", identity.name):
            return None
        return self._made(identity, key, "enrolled by code")

    def again(self, identity: Identity, key: PublicKey) -> x509.Certificate:
        return self._made(identity, key, "enrolled by certificate")

    def _made(self, identity: Identity, key: PublicKey, how: str) -> x509.Certificate:
        now, name, tenant = self._clock.now(), identity.name, identity.tenant
        return enrol(self._accounts, self._authority, name, key, now, tenant=tenant, how=how, who=name)


def fetched(address: str, code: str, out: Path) -> x509.Certificate:
    """The device's side: make a key, see that it is the right authority, send the request, keep what comes.

    Raises SetupError for a site that cannot be reached or another authority than the code names; AccessRefused for a
    code that does not hold.
    """
    secret, _, mark = code.partition(".")
    host, port = _place(address)
    if not mark:
        raise SetupError("expected a code as `pollux identity code` prints it, with the authority's fingerprint")
    # Nothing secret is said before the authority is the one that the code names.
    authorities = _certificates(_answer(host, port, _unproved(), "GET", "cacerts"))
    root = next((one for one in authorities if fingerprint(one).hex() == mark.lower()), None)
    if root is None:
        raise SetupError("expected the authority that the code names, met another", at=address)
    key = new_key()
    out.mkdir(mode=files.FOLDER_MODE, parents=True, exist_ok=True)
    files.replace(out / "device.key", key_text(key))
    asked = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    context = ssl.create_default_context(cadata=root.public_bytes(PEM).decode())
    made = _certificates(_answer(host, port, context, "POST", "simpleenroll", asked.public_bytes(PEM), secret))[0]
    if made.public_key() != key.public_key():
        raise SetupError("expected a certificate of the key that was sent", at=address)
    chain = [made, *(one for one in authorities if one != root and _signed_by(one, made))]
    files.replace(out / "device.pem", b"".join(one.public_bytes(PEM) for one in chain))
    files.replace(out / "authority.pem", root.public_bytes(PEM))
    return made


def _signed_by(issuer: x509.Certificate, made: x509.Certificate) -> bool:
    try:
        made.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _place(address: str) -> tuple[str, int]:
    try:
        where = urlsplit(address)
        port = where.port or 443
    except ValueError:
        where, port = urlsplit(""), 0
    if where.scheme != "https" or not where.hostname:
        raise SetupError(f"expected https://HOST:PORT, got {address!r}", hint="for example https://plant.example:8443")
    return where.hostname, port


def _unproved() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _answer(
    host: str, port: int, context: ssl.SSLContext, method: str, name: str, body: bytes | None = None, code: str = ""
) -> bytes:
    line = http.client.HTTPSConnection(host, port, context=context, timeout=WITHIN)
    headers = {"Content-Type": "application/pkcs10"} if body else {}
    if code:
        headers["Authorization"] = "Basic " + base64.b64encode(f":{code}".encode()).decode()
    try:
        line.request(method, f"{EST}/{name}", body, headers)
        answer = line.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise SetupError(f"the site could not be reached: {error}", at=f"{host}:{port}") from None
    finally:
        line.close()
    if answer.status != 200:
        hint = "codes hold once, for a quarter of an hour: pollux identity code gives another"
        raise AccessRefused(f"the site answered {answer.status}: {text[:300].decode(errors='replace')}", hint=hint)
    return text


def _certificates(text: bytes) -> list[x509.Certificate]:
    try:
        return pkcs7.load_der_pkcs7_certificates(base64.b64decode(text))
    except ValueError:
        raise SetupError("expected certificates (PKCS#7), got something else") from None
