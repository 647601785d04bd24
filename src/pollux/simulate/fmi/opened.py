"""An FMU that may be run: installed or pinned, unpacked, and described."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import final

from pollux.simulate.fmi.description import Description
from pollux.simulate.fmi.installed import find
from pollux.simulate.fmi.reading import read_description


@final
@dataclass(frozen=True, slots=True)
class OpenedFmu:
    """Its name, its SHA-256, the folder in which it lies unpacked, and what it says of itself."""

    name: str
    sha256: str
    folder: Path
    description: Description


def open_fmu(what: str | Path, *, sha256: str | None = None) -> OpenedFmu:
    """The FMU of this path, or of this name among the installed ones; none of its code is run.

    `sha256` pins a file that is not installed. Raises `SetupError` for bytes that nobody vouches for and where the
    extra `fmi` is missing, `NotFound` for an unknown name, `DataRefused` for damage.
    """
    found, folder = find(what, sha256)
    return OpenedFmu(found.name, found.sha256, folder, _described(folder, found.name))


@lru_cache(maxsize=64)
def _described(folder: Path, name: str) -> Description:
    return read_description(folder, name)
