"""Small secret files, written so that a crash leaves the old one or the new one, and nobody else can read them."""

import contextlib
import os
import secrets
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600

Stamp = tuple[int, int, int]
"""Inode, time of the last change and size: what tells that a file was replaced."""


def stamp(path: Path) -> Stamp | None:
    """By what a change of a file is seen; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def private_folder(path: Path) -> None:
    """Make a folder that only its owner may enter, and tighten one that exists."""
    path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    os.chmod(path, FOLDER_MODE)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _written(path: Path, content: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    write_new(draft, content)
    return draft


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet; raises FileExistsError. A crash may leave a part of it."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def replace(path: Path, content: bytes) -> None:
    """Write a file durably: whoever reads finds the old content or the new one, whatever happens meanwhile."""
    draft = _written(path, content)
    try:
        os.replace(draft, path)
        sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def create(path: Path, content: bytes) -> bool:
    """Write a new file durably; False, and nothing changed, if the name is taken. Of two writers one wins."""
    draft = _written(path, content)
    try:
        os.link(draft, path)
        sync_folder(path.parent)
        return True
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)


def erase(path: Path) -> None:
    """Overwrite and remove a file durably; a copy-on-write or flash disk may keep the old bytes all the same."""
    with contextlib.suppress(FileNotFoundError):
        handle = os.open(path, os.O_WRONLY)
        try:
            size = os.fstat(handle).st_size
            os.pwrite(handle, bytes(size), 0)
            os.fsync(handle)
        finally:
            os.close(handle)
        path.unlink()
        sync_folder(path.parent)


def sweep_drafts(folder: Path) -> None:
    """Remove what a crash left half written."""
    for draft in folder.glob(".*.????????"):
        draft.unlink(missing_ok=True)
