"""A commented starter site, written into a folder of the user's."""

from importlib import resources
from pathlib import Path

from pollux.errors import SetupError

FILES = ("site.py", "device.py", "README.md")


def write(folder: Path) -> tuple[str, ...]:
    """Write the starter's files into a new or empty folder; raises SetupError rather than overwrite anything."""
    taken = [name for name in FILES if (folder / name).exists()]
    if taken:
        raise SetupError(f"{', '.join(taken)} is there already", at=str(folder), hint="name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    source = resources.files("pollux.site") / "starter_files"
    for name in FILES:
        (folder / name).write_text((source / name).read_text("utf-8"), "utf-8")
    return FILES
