"""Opening an .fmu without trusting it: it is a ZIP file from somebody else, and nothing in it is run here.

Source: Functional Mock-up Interface 3.0.2, section 2.5 (structure of the archive).
"""

import hashlib
import lzma
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, final

from pollux.errors import DataRefused

_CHUNK: Final = 1 << 20
_DAMAGE: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, ValueError, OverflowError,
    OSError,
)  # fmt: skip
"""What the standard library raises for archives that are none, or no longer: a wrong offset is an OSError to it."""


@final
@dataclass(frozen=True, slots=True)
class Bounds:
    """How large an archive may be, packed and unpacked, in bytes, files and times its packed size."""

    packed: int = 512 << 20
    unpacked: int = 2 << 30
    files: int = 20_000
    ratio: float = 200.0
    small: int = 1 << 20
    """Up to so many unpacked bytes the ratio of a file does not matter: a page of blanks packs well."""


BOUNDS: Final = Bounds()


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal; raises `DataRefused` where it cannot be read or is too large.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "a.fmu").write_bytes(b"")
    ...     digest_of(Path(folder) / "a.fmu")[:8]
    'e3b0c442'
    """
    found = hashlib.sha256()
    try:
        if path.stat().st_size > BOUNDS.packed:
            raise DataRefused(f"expected at most {BOUNDS.packed} bytes, got {path.stat().st_size}", at=path.name)
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                found.update(chunk)
    except OSError as error:
        raise DataRefused(f"expected a file that can be read, got {error.strerror}", at=path.name) from None
    return found.hexdigest()


def extract(path: Path, folder: Path, *, bounds: Bounds = BOUNDS) -> None:
    """Unpack an archive into a folder that does not exist yet, whole or not at all.

    Raises `DataRefused` for what is no ZIP file, for names that lead out of the folder or stand there twice, for
    links, for encrypted files, and for an archive beyond its bounds.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft", dir=folder.parent))
    try:
        _unpack(path, draft, bounds)
        _put(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _put(draft: Path, folder: Path) -> None:
    """Give the folder its name; whoever was faster has put the same there."""
    try:
        draft.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _unpack(path: Path, folder: Path, bounds: Bounds) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            _unpack_all(archive, folder, bounds, path.name)
    except _DAMAGE as error:
        raise DataRefused(f"expected an FMU, a ZIP file, got damage: {error}", at=path.name) from None


def _unpack_all(archive: zipfile.ZipFile, folder: Path, bounds: Bounds, at: str) -> None:
    entries = list(_checked(archive, bounds, at))
    left = bounds.unpacked
    for entry, name in entries:
        place = folder / name
        if entry.is_dir():
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            continue
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        left -= _write(archive, entry, place, left, at)


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, place: Path, left: int, at: str) -> int:
    """Write one file; its size is counted, since what the archive says of it may be a lie."""
    written = 0
    with archive.open(entry) as packed, place.open("xb") as file:
        while chunk := packed.read(_CHUNK):
            written += len(chunk)
            if written > min(left, entry.file_size):
                raise DataRefused(f"expected {entry.file_size} bytes, got more", at=f"{at}: {entry.filename}")
            file.write(chunk)
    runs = place.suffix in (".so", ".dylib", ".dll") or (entry.external_attr >> 16) & stat.S_IXUSR
    place.chmod(0o700 if runs else 0o600)
    return written


def _checked(archive: zipfile.ZipFile, bounds: Bounds, at: str) -> Iterator[tuple[zipfile.ZipInfo, PurePosixPath]]:
    entries = archive.infolist()
    if len(entries) > bounds.files:
        raise DataRefused(f"expected at most {bounds.files} files, got {len(entries)}", at=at)
    total = sum(entry.file_size for entry in entries)
    if total > bounds.unpacked:
        raise DataRefused(f"expected at most {bounds.unpacked} bytes unpacked, got {total}", at=at)
    seen: set[str] = set()
    for entry in entries:
        where = f"{at}: {entry.filename:.80}"
        name = _inside(entry, where)
        _check_entry(entry, bounds, where)
        # Folders may be named as often as one likes.
        if str(name).casefold() in seen and not entry.is_dir():
            raise DataRefused("expected each name once, got it twice", at=where)
        seen.add(str(name).casefold())
        yield entry, name


def _check_entry(entry: zipfile.ZipInfo, bounds: Bounds, where: str) -> None:
    mode = entry.external_attr >> 16
    if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_IFMT(mode) == 0):
        raise DataRefused("expected files and folders, got a link or a device", at=where)
    if entry.flag_bits & 1:
        raise DataRefused("expected a file that can be read, got an encrypted one", at=where)
    if entry.file_size > max(bounds.small, bounds.ratio * max(entry.compress_size, 1)):
        raise DataRefused(
            f"expected a file to grow at most {bounds.ratio:g} times, got {entry.compress_size} bytes that become "
            f"{entry.file_size}",
            at=where,
        )


def _inside(entry: zipfile.ZipInfo, where: str) -> PurePosixPath:
    """The name as a path below the folder."""
    # Some tools of Windows part folders by backslashes.
    raw = entry.orig_filename.replace("\\", "/")
    name = PurePosixPath(raw)
    outside = name.is_absolute() or ".." in name.parts or not name.parts
    if outside or "\0" in raw or ":" in name.parts[0]:
        raise DataRefused("expected a name below the folder of the FMU, got one that leads elsewhere", at=where)
    return name
