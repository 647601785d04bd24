"""The one place where the thinking half starts a program: the C compiler of the machine, if it has one."""

import os
import platform
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, final

from pollux.errors import SetupError

_TAKES: Final = 300.0
"""Seconds after which a compiler is given up."""

_FLAGS: Final = ("-std=c99", "-O2", "-ffp-contract=off", "-fPIC", "-shared", "-fvisibility=hidden")
_SYSTEMS: Final = {"linux": ("linux", ".so"), "darwin": ("darwin", ".dylib"), "win32": ("windows", ".dll")}
_MACHINES: Final = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


@final
@dataclass(frozen=True, slots=True)
class Platform:
    """A platform as the two versions of FMI call it: `linux64` and `x86_64-linux`, with the ending of its libraries."""

    old: str
    tuple: str
    ending: str

    def name(self, version: int) -> str:
        """Its name as a folder of `binaries`."""
        return self.old if version == 2 else self.tuple


def here() -> Platform:
    """The platform of this machine."""
    system, ending = _SYSTEMS.get(sys.platform, (sys.platform, ".so"))
    machine = _MACHINES.get(platform.machine().lower(), platform.machine().lower())
    short = "win" if system == "windows" else system
    return Platform(f"{short}64", f"{machine}-{system}", ending)


def compiler() -> tuple[str, ...] | None:
    """The command of the C compiler: that in `CC`, else gcc, clang or cc; None where there is none."""
    named = shlex.split(os.environ.get("CC", ""))
    for program, *options in [named] if named else [["gcc"], ["clang"], ["cc"]]:
        path = shutil.which(program)
        if path is not None:
            return path, *options
    return None


def compiled(files: dict[str, bytes], main: str, program: tuple[str, ...]) -> bytes:
    """The shared library made of `main` among these files; `SetupError` where the compiler fails."""
    with TemporaryDirectory(prefix="pollux-fmu-") as folder:
        for name, text in files.items():
            (Path(folder) / name).write_bytes(text)
        made = Path(folder) / "model.bin"
        _run([*program, *_FLAGS, main, "-o", made.name, "-lm"], folder)
        return made.read_bytes()


def _run(command: list[str], folder: str) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_TAKES, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupError(f"expected a C compiler that runs, got {error}", at=command[0]) from None
    if done.returncode:
        raise SetupError(
            f"expected sources that compile, got {done.stderr[:500]}", at=command[0], hint="CC names another compiler"
        )
