"""The `.fmu` file: a zip archive whose bytes depend on nothing but what is in it."""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

from pollux.errors import SetupError

_EPOCH = (1980, 1, 1, 0, 0, 0)


def check_path(path: Path) -> None:
    """Raise `SetupError` for a name that importers do not take, and for a folder that is not there."""
    if path.suffix != ".fmu":
        raise SetupError(
            f"expected a file name that ends in .fmu, got {path.name!r}", hint="importers go by the ending"
        )
    if not path.absolute().parent.is_dir():
        raise SetupError("expected a folder to write to, got none", at=str(path.parent), hint="make it first")


def write_archive(path: Path, files: Mapping[str, bytes]) -> None:
    """Write the files under their names inside the archive, whole or not at all."""
    draft = path.with_name(path.name + ".part")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(files):
                archive.writestr(_entry(name), files[name])
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
