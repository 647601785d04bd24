"""The page and everything it loads, from the package itself: nothing comes from elsewhere."""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, final

from starlette.types import Scope, Send

from pollux.show.answers import header, send_bytes

PAGE: Final = Path(__file__).parent / "page"
INDEX: Final = "index.html"

MEDIA: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".glb": "model/gltf-binary",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_COMPRESSIBLE: Final = frozenset((".css", ".glb", ".html", ".js", ".json", ".md", ".svg", ".txt", ".wasm"))
_HASHED: Final = re.compile(r"(^|/)assets/[^/]+-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
_SMALL: Final = 1_024


@final
@dataclass(frozen=True)
class PageFile:
    """One file of the page. A name with a hash in it never changes its content, so it may be kept for ever."""

    name: str
    content: bytes

    @property
    def media(self) -> str:
        """What it is."""
        return MEDIA.get(Path(self.name).suffix, "application/octet-stream")

    @property
    def keep(self) -> bytes:
        """How long a browser may keep it without asking."""
        return b"public, max-age=31536000, immutable" if _HASHED.search(self.name) else b"no-cache"

    @cached_property
    def mark(self) -> bytes:
        """The entity tag."""
        return b'"' + hashlib.sha256(self.content).hexdigest()[:32].encode() + b'"'

    @cached_property
    def packed(self) -> bytes | None:
        """The content compressed, where that helps; the same bytes in every run."""
        if len(self.content) < _SMALL or Path(self.name).suffix not in _COMPRESSIBLE:
            return None
        return gzip.compress(self.content, 6, mtime=0)


@final
class Pages:
    """The files of the page, read once."""

    def __init__(self, folder: Path = PAGE) -> None:
        found = (path for path in sorted(folder.rglob("*")) if path.is_file()) if folder.is_dir() else ()
        files = [PageFile(path.relative_to(folder).as_posix(), path.read_bytes()) for path in found]
        self.files: Mapping[str, PageFile] = {file.name: file for file in files if not file.name.startswith(".")}

    def find(self, path: str) -> PageFile | None:
        """The file at a path; the index at the root."""
        return self.files.get(path.removeprefix("/") or INDEX)

    async def send(self, file: PageFile, scope: Scope, send: Send) -> int:
        """Send a file, or say that it has not changed; the status."""
        headers = ((b"cache-control", file.keep), (b"etag", file.mark), (b"vary", b"accept-encoding"))
        asked = header(scope, b"if-none-match")
        if asked is not None and file.mark.decode() in [mark.strip().removeprefix("W/") for mark in asked.split(",")]:
            await send_bytes(send, 304, b"", file.media, headers)
            return 304
        takes_gzip = "gzip" in (header(scope, b"accept-encoding") or "")
        if takes_gzip and file.packed is not None:
            await send_bytes(send, 200, file.packed, file.media, (*headers, (b"content-encoding", b"gzip")))
        else:
            await send_bytes(send, 200, file.content, file.media, headers)
        return 200
