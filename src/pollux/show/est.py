"""Enrolment over HTTPS: EST (RFC 7030), simple enrol with a one-time code, and again with a certificate that holds.

A device makes its key, reads the authorities (`cacerts`) and compares the root with the fingerprint in its code; only
then it sends its request, with the code as the password of HTTP Basic. The code is used up by a request that is good;
one that cannot be signed leaves it as it was.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable
from typing import Final, Protocol, cast, final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from starlette.types import Receive, Scope, Send

from pollux.clock import Clock
from pollux.errors import Overloaded
from pollux.guard import Identity
from pollux.guard.certificates import PublicKey
from pollux.guard.passwords import Rate
from pollux.guard.requested import LARGEST, requested_key
from pollux.show.answers import body_of, header, send_bytes
from pollux.show.desk import only
from pollux.show.dispatch import IDENTITY, ROUTE, client_of
from pollux.show.problems import Refused

EST: Final = "/.well-known/est"
PER_ADDRESS, PER_SITE = 10, 120
"""Attempts a minute."""

MEDIA: Final = "application/pkcs7-mime; smime-type=certs-only"
_BASE64: Final = ((b"content-transfer-encoding", b"base64"),)
_ASK: Final = ((b"www-authenticate", b'Basic realm="enrolment"'),)


class Enrolling(Protocol):
    """What enrols: it belongs to a site that has an authority."""

    def authorities(self) -> list[x509.Certificate]:
        """The root, and who issues in its name."""
        ...

    def first(self, name: str, code: bytes, key: PublicKey) -> x509.Certificate | None:
        """A certificate for whom the code was given to, None for a code that does not hold, or is another's."""
        ...

    def again(self, identity: Identity, key: PublicKey) -> x509.Certificate:
        """A further certificate for whoever has one."""
        ...


@final
class EstDoor:
    """The three requests of EST that are answered; `told` hears why one failed that may have been a guess."""

    def __init__(self, enrolling: Enrolling, clock: Clock, *, told: Callable[[str], None]) -> None:
        self._enrolling, self._told = enrolling, told
        self._addresses, self._all = Rate(PER_ADDRESS, clock=clock), Rate(PER_SITE, clock=clock)

    async def authorities(self, scope: Scope, receive: Receive, send: Send) -> None:
        """GET cacerts: open to everybody, for it is public."""
        self._met(scope, "GET", "cacerts")
        await _certificates(send, self._enrolling.authorities())

    async def first(self, scope: Scope, receive: Receive, send: Send) -> None:
        """POST simpleenroll, with a code."""
        self._met(scope, "POST", "simpleenroll")
        self._within_rate(scope)
        name, code = _basic(scope)
        key = await _asked(scope, receive)
        made = await asyncio.to_thread(self._enrolling.first, name, code, key)
        if made is None:
            self._told("an enrolment code that does not hold")
            raise Refused(401, "this code does not hold", hint="pollux identity code gives another", headers=_ASK)
        await _certificates(send, [made])

    async def again(self, scope: Scope, receive: Receive, send: Send) -> None:
        """POST simplereenroll, with the certificate that is to be followed by another."""
        self._met(scope, "POST", "simplereenroll")
        self._within_rate(scope)
        identity = cast("Identity | None", scope[IDENTITY])
        if identity is None or not identity.grant.startswith("certificate:"):
            raise Refused(401, "expected a certificate that holds", hint="the first is enrolled with a code")
        key = await _asked(scope, receive)
        await _certificates(send, [await asyncio.to_thread(self._enrolling.again, identity, key)])

    @staticmethod
    def _met(scope: Scope, method: str, name: str) -> None:
        only(scope, method)
        scope[ROUTE] = f"{EST}/{name}"

    def _within_rate(self, scope: Scope) -> None:
        wait = self._addresses.take(client_of(scope)) or self._all.take("")
        if wait:
            raise Overloaded("too many attempts to enrol", retry_after=wait)


def _basic(scope: Scope) -> tuple[str, bytes]:
    """The name and the code of HTTP Basic; what the code says of the authority was for the device."""
    scheme, _, text = (header(scope, b"authorization") or "").partition(" ")
    try:
        name, separator, code = base64.b64decode(text, validate=True).partition(b":")
        if scheme.lower() == "basic" and separator:
            return name.decode(), code.partition(b".")[0]
    except (binascii.Error, UnicodeDecodeError):
        pass
    raise Refused(401, "expected a code, as the password of HTTP Basic", headers=_ASK)


async def _asked(scope: Scope, receive: Receive) -> PublicKey:
    body = await body_of(scope, receive, 2 * LARGEST)
    if body[:1] != b"0" and not body.lstrip().startswith(b"-----"):
        try:
            body = base64.b64decode(body)
        except binascii.Error:
            raise Refused(400, "expected a signing request (PKCS#10) in base64") from None
    return requested_key(body)


async def _certificates(send: Send, certificates: list[x509.Certificate]) -> None:
    text = base64.encodebytes(pkcs7.serialize_certificates(certificates, Encoding.DER))
    await send_bytes(send, 200, text, MEDIA, _BASE64)
