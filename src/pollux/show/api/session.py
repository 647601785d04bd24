"""Signing in and out, and what the page must know first."""

import asyncio
from typing import Final, final

from pollux.guard import Accounts, Credential, Gate, Identity
from pollux.show.asks import NoQuery, SignIn
from pollux.show.documents.site import Session
from pollux.show.problems import Headers, Refused
from pollux.show.routes import Call, Reply, seconds

LIFETIME: Final = 12 * 3_600


@final
class Doorman:
    """Opens and ends sessions. A session is a cookie that scripts cannot read and other sites cannot send.

    Cookies know no ports, so the name of ours has the port in it: two sites on one machine do not sign each other out.
    """

    __slots__ = ("_accounts", "_gate")

    def __init__(self, accounts: Accounts, gate: Gate) -> None:
        self._accounts, self._gate = accounts, gate

    async def sign_in(self, said: SignIn, address: str) -> Identity:
        """Who says this; raises Refused, and Overloaded after too many attempts."""
        secret = said.token if said.token is not None else said.password
        if not secret:
            raise Refused(422, "expected a name with a password, or a token", at="$")
        name = said.name if said.token is None else None
        if said.token is None and not name:
            raise Refused(422, "expected a name with the password, got none", at="$.name")
        found = self._gate.authenticate(Credential(name, secret=secret.encode(), address=address))
        identity = await asyncio.wrap_future(found)
        if identity is None and said.token is not None:
            identity = await asyncio.to_thread(self._accounts.redeem, secret)
        if identity is None or identity.kind == "device":
            raise Refused(401, "the name, the password or the token is not known", headers=CHALLENGE)
        return identity

    async def open(self, identity: Identity) -> str:
        """A new session; its secret is for the cookie alone."""
        return (await asyncio.to_thread(self._accounts.open_session, identity)).secret

    async def redeem(self, secret: str) -> Identity | None:
        """Whose one-time address this is; it opens once."""
        identity = await asyncio.to_thread(self._accounts.redeem, secret)
        return None if identity is None or identity.kind == "device" else identity

    async def end(self, identity: Identity) -> None:
        """End the session that somebody came in with; a token stays what it is."""
        kind, _, mark = identity.grant.partition(":")
        if kind == "session":
            await asyncio.to_thread(self._accounts.revoke, mark)


CHALLENGE: Final[Headers] = ((b"www-authenticate", b"Bearer"),)


def cookie_name(port: int | None) -> str:
    """The name of the session's cookie on a port."""
    return f"pollux-{port or 0}"


def cookie(name: str, secret: str, *, secure: bool) -> Headers:
    """The header that gives a session to the browser; without a secret it takes it back."""
    age = LIFETIME if secret else 0
    words = f"{name}={secret}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict" + ("; Secure" if secure else "")
    return ((b"set-cookie", words.encode()),)


def read_session(call: Call[NoQuery, None]) -> Session:
    """Who is signed in, and what the page must know before it asks for anything."""
    house, tenancy, home = call.house, call.tenancy, call.house.home(call.identity)
    return Session(
        person=call.identity.name,
        rights_text=house.rights_text(call.identity),
        tenant=tenancy.title,
        mode=tenancy.mode,
        # A credential whose home is a wall sees that wall and nothing else.
        view="wall" if home.startswith("wall/") else "full",
        home=home,
        # What of the site itself may be seen: the page has no door to what it could not show.
        panels=("refusals",) if call.sight.may("admin", "*") else (),
        notice=tenancy.notice,
        now=seconds(call.now),
        speed=house.speed(),
        zone=tenancy.zone,
        version=house.version,
    )


def signed(headers: Headers) -> Reply:
    """Signed in or out."""
    return Reply(None, 204, headers)
