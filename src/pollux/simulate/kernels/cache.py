"""A private folder for generated kernels and what numba makes of them.

numba caches only functions that come from a file, and it loads machine code from there: so the folder belongs to the
user alone (mode 0700), and one that others can write to is refused.
"""

import hashlib
import os
import platform
import stat
import sys
import tempfile
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pollux.errors import SetupError


def cache_folder() -> Path:
    """The user's folder for kernels, made where it does not exist; `POLLUX_CACHE` names another.

    Raises `SetupError` where it cannot be made or others could change what is in it.
    """
    named = os.environ.get("POLLUX_CACHE")
    folder = Path(named) if named else _platform_folder() / "pollux"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"expected a folder for kernels, got {error.strerror}", at=str(folder), hint="set POLLUX_CACHE"
        ) from None
    _check_private(folder)
    return folder


def key_of(source: str) -> str:
    """The name of a kernel: a hash of its source, of this package's machine words, of numba and of the processor."""
    parts = (source, _machine_words(), numba_version() or "", *_processor(), platform.python_version())
    return "kernel_" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def keep(folder: Path, key: str, source: str) -> Path:
    """Write the source of a kernel, whole or not at all, and give its path."""
    path = folder / f"{key}.py"
    if not path.exists():
        # A name of its own, because several threads and processes may be at it; whoever is last replaces the same text.
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, prefix=".draft", delete=False) as draft:
            draft.write(source)
        Path(draft.name).replace(path)
    return path


def is_warm(folder: Path, key: str) -> bool:
    """Whether the compiled kernel lies in the folder."""
    return (folder / f"{key}.ready").exists()


def mark_warm(folder: Path, key: str) -> None:
    """Note that the compiled kernel lies in the folder."""
    (folder / f"{key}.ready").touch()


@cache
def numba_version() -> str | None:
    """The version of numba, None where it is not installed; numba itself is not loaded for this."""
    try:
        return version("numba")
    except PackageNotFoundError:
        return None


def _platform_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _check_private(folder: Path) -> None:
    if sys.platform == "win32":
        return
    about = folder.stat()
    if about.st_uid != os.getuid() or stat.S_IMODE(about.st_mode) & (stat.S_IWGRP | stat.S_IWOTH):
        raise SetupError(
            "expected a folder that only you can write to, got one that others can change",
            at=str(folder),
            hint="code is loaded from it: chmod 700, or set POLLUX_CACHE to a folder of yours",
        )


@cache
def _machine_words() -> str:
    # Read, not imported: importing it loads numba.
    return (Path(__file__).parent.parent / "generate" / "machine.py").read_text(encoding="utf-8")


@cache
def _processor() -> tuple[str, ...]:
    """What tells processors apart; numba checks once more when it loads, so this only keeps caches from colliding."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return platform.machine(), platform.processor()
    return platform.machine(), *(line for line in lines[:40] if line.startswith(("model name", "flags", "Features")))
