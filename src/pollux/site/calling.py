"""Asking a site that runs, over HTTP, as the command line does: with the token of the environment, checked by TLS."""

import http.client
import os
import ssl
from pathlib import Path
from typing import Final, TypeVar, final
from urllib.parse import urlsplit

import msgspec

from pollux.errors import AccessRefused, NotFound, SetupError
from pollux.show.routes import API

Document = TypeVar("Document", bound=msgspec.Struct)

DEFAULT: Final = "http://127.0.0.1:8080"
TOKEN: Final = "POLLUX_TOKEN"  # noqa: S105  the name of a variable
WITHIN: Final = 30.0
"""Seconds that a site may take to answer."""

LARGEST: Final = 16 << 20


@final
class Caller:
    """Asks one site; `authority` is the file with the authority that vouches for it, where that is its own.

    Raises SetupError for an address that is none, for a missing token and where nobody answers, AccessRefused and
    NotFound as the site says.
    """

    def __init__(self, url: str = DEFAULT, *, authority: Path | None = None) -> None:
        where = urlsplit(url)
        if where.scheme not in ("http", "https") or not where.hostname:
            raise SetupError(f"expected http://HOST:PORT or https://HOST:PORT, got {url!r}")
        if where.scheme == "http" and where.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise SetupError("a token would travel in plain text", at=url, hint="https://, with --authority FILE")
        self._where, self._host, self._port = url, where.hostname, where.port
        self._context = _context(authority) if where.scheme == "https" else None

    def get(self, path: str, kind: type[Document]) -> Document:
        """The document at a path below /api/v1."""
        token = os.environ.get(TOKEN)
        if not token:
            raise SetupError(f"expected a token in {TOKEN}", hint="pollux token issue DIR NAME prints one")
        status, body = self._asked("GET", API + path, {"Authorization": f"Bearer {token}"})
        if status == 401:
            raise AccessRefused("the site does not know the token", at=self._where, hint=f"is {TOKEN} this site's?")
        if status == 404:
            raise NotFound("there is no such thing, or the token may not see it", at=path)
        if status != 200:
            raise SetupError(f"the site answered {status}: {body[:300].decode(errors='replace')}", at=path)
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError as error:
            hint = "is it a site of this version of Pollux?"
            raise SetupError(f"expected a {kind.__name__.lower()}, got: {error}", at=self._where, hint=hint) from None

    def _asked(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        line = (
            http.client.HTTPConnection(self._host, self._port, timeout=WITHIN)
            if self._context is None
            else http.client.HTTPSConnection(self._host, self._port, timeout=WITHIN, context=self._context)
        )
        try:
            line.request(method, path, headers=headers)
            answer = line.getresponse()
            return answer.status, answer.read(LARGEST)
        except (OSError, http.client.HTTPException) as error:
            hint = "is it running, and is this its address? pollux serve prints it"
            raise SetupError(f"the site could not be reached: {error}", at=self._where, hint=hint) from None
        finally:
            line.close()


def _context(authority: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if authority is None else str(authority))
    except (OSError, ssl.SSLError) as error:
        raise SetupError(f"expected the authority's certificate (PEM): {error}", at=str(authority)) from None
