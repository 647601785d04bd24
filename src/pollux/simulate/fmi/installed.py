"""The FMUs that an administrator has installed, by hash: nothing else of native code is ever loaded.

An FMU is native code with the rights of the process that runs it. So a name or a path is never enough: its bytes must
have been installed (`pollux fmu install FILE`), or pinned by their SHA-256 in code. The folder is trusted because only
its owner can write to it: let that be an administrator, and the service that runs the FMUs somebody else.
"""

import os
import re
import shutil
import stat
import sys
from pathlib import Path
from typing import Final

import msgspec

from pollux.errors import Conflict, DataRefused, NotFound, SetupError
from pollux.model.suggest import did_you_mean
from pollux.simulate.fmi.archive import digest_of, extract
from pollux.simulate.kernels.cache import cache_folder

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_NAME: Final = re.compile(r"[\w][\w.+ -]{0,99}")


class Installed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the list: a name, and the hash of the archive that it stands for."""

    name: str
    sha256: str


def fmu_folder() -> Path:
    """Where installed FMUs lie: `POLLUX_FMUS`, else a folder of the user's."""
    named = os.environ.get("POLLUX_FMUS")
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "pollux" / "fmus"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "pollux" / "fmus"


def install(file: Path, *, name: str | None = None, replace: bool = False) -> Installed:
    """Unpack an archive and put its hash on the list; whoever does so vouches for its code.

    Raises `DataRefused` for an archive that is none, `Conflict` where the name stands for other bytes already.
    """
    known = checked_name(name or file.name)
    one = Installed(known, digest_of(file))
    folder = fmu_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_ours(folder)
    others = [old for old in listed() if old.name == one.name and old.sha256 != one.sha256]
    if others and not replace:
        raise Conflict(f"expected another name than {one.name}, got one that is installed", hint="--replace, or --name")
    if not (folder / one.sha256).is_dir():
        extract(file, folder / one.sha256)
    _write(folder / f"{one.sha256}.json", one)
    for old in others:
        remove(old)
    return one


def remove(one: Installed) -> None:
    """Take an FMU off the list, and its files away."""
    folder = fmu_folder()
    (folder / f"{one.sha256}.json").unlink(missing_ok=True)
    shutil.rmtree(folder / one.sha256, ignore_errors=True)


def listed() -> list[Installed]:
    """All that are installed, by name; raises `SetupError` where others could have changed the list."""
    folder = fmu_folder()
    if not folder.is_dir():
        return []
    _check_ours(folder)
    return sorted((_read(path) for path in folder.glob("*.json")), key=lambda one: (one.name, one.sha256))


def find(what: str | Path, sha256: str | None = None) -> tuple[Installed, Path]:
    """The FMU of this path or installed name, and the folder into which it is unpacked.

    Raises `SetupError` for bytes that are neither installed nor pinned by `sha256`, `DataRefused` for a file whose
    hash is another than the pinned one, `NotFound` for a name that is not installed.
    """
    pinned = None if sha256 is None else _checked_hash(sha256)
    path = Path(what)
    if not path.is_file():
        return _by_name(path.name if path.parent == Path() else str(what), pinned)
    digest = digest_of(path)
    if pinned is not None and digest != pinned:
        raise DataRefused(f"expected the SHA-256 {pinned}, got {digest}", at=path.name)
    if digest in {one.sha256 for one in listed()}:
        return Installed(path.name, digest), fmu_folder() / digest
    if pinned is None:
        raise SetupError(
            "expected an FMU that is installed, got bytes that nobody vouches for",
            at=path.name,
            hint=f"it is native code: pollux fmu install {path.name}, or pin sha256={digest!r}",
        )
    folder = cache_folder() / "fmus" / digest
    if not folder.is_dir():
        extract(path, folder)
    return Installed(path.name, digest), folder


def _by_name(name: str, pinned: str | None) -> tuple[Installed, Path]:
    known = listed()
    for one in known:
        if one.name in (name, f"{name}.fmu") and pinned in (None, one.sha256):
            return one, fmu_folder() / one.sha256
    raise NotFound(
        f"expected a file or an installed FMU, got {name!r}",
        hint=did_you_mean(name, [one.name for one in known]) or "pollux fmu install FILE",
    )


def checked_name(name: str) -> str:
    """The name, if it is one that a list can hold; raises `DataRefused`."""
    if not _NAME.fullmatch(name):
        raise DataRefused(f"expected a name of letters, digits, dots and dashes, got {name!r:.60}")
    return name


def _checked_hash(told: str) -> str:
    if not _HASH.fullmatch(told.lower()):
        raise SetupError(f"expected a SHA-256 of 64 hexadecimal digits, got {told!r:.80}")
    return told.lower()


def _read(path: Path) -> Installed:
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Installed)
    except msgspec.DecodeError as error:
        raise SetupError(f"expected a line of the list of FMUs, got damage: {error}", at=str(path)) from None
    if found.sha256 != path.stem:
        raise SetupError(f"expected the hash {path.stem}, got {found.sha256:.64}", at=str(path))
    return found


def _write(path: Path, one: Installed) -> None:
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.encode(one))
    draft.replace(path)


def _check_ours(folder: Path) -> None:
    """That nobody but its owner, who is this user or the superuser, can put FMUs there."""
    if sys.platform == "win32":
        return
    about = folder.stat()
    if about.st_uid not in (0, os.getuid()) or stat.S_IMODE(about.st_mode) & (stat.S_IWGRP | stat.S_IWOTH):
        raise SetupError(
            "expected a folder that only you or the superuser can write to, got one that others can change",
            at=str(folder),
            hint="native code is loaded from it: chmod 755, or set POLLUX_FMUS to a folder of yours",
        )
