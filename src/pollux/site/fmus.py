"""`pollux fmu`: which FMUs may be run on this machine, by hash; and what one says of itself."""

import argparse
import json
from pathlib import Path

import msgspec

from pollux.errors import NotFound, SetupError
from pollux.simulate.fmi.archive import digest_of
from pollux.simulate.fmi.installed import find, install, listed, remove
from pollux.simulate.fmi.opened import OpenedFmu, open_fmu
from pollux.simulate.fmi.ports import inputs_of, parameters_of, reads_of


def run(options: argparse.Namespace) -> int:
    """Install, list, remove or show."""
    if options.action == "list":
        for one in listed():
            print(json.dumps(msgspec.to_builtins(one)) if options.json else f"{one.name:24} {one.sha256}")
        return 0
    if not options.what:
        raise SetupError(f"expected a file or a name to {options.action}", hint="pollux fmu install drive.fmu")
    if options.action == "install":
        _install(Path(options.what), options.name, options.replace)
    elif options.action == "remove":
        _remove(options.what)
    else:
        _show(options.what)
    return 0


def _install(file: Path, name: str | None, replace: bool) -> None:
    one = install(file, name=name, replace=replace)
    print(f"installed {one.name}: its code now runs with the rights of whoever uses it\nsha256 {one.sha256}")


def _remove(name: str) -> None:
    gone = [one for one in listed() if name in (one.name, one.sha256)]
    if not gone:
        raise NotFound(f"expected an installed FMU, got {name!r}", hint="pollux fmu list")
    for one in gone:
        remove(one)
        print(f"removed {one.name} {one.sha256}")


def _show(what: str) -> None:
    """What an FMU says of itself; looking at it runs nothing of it, so it need not be installed."""
    path = Path(what)
    digest = digest_of(path) if path.is_file() else find(what)[0].sha256
    print("\n".join(_told(open_fmu(what, sha256=digest))))


def _told(fmu: OpenedFmu) -> list[str]:
    about = fmu.description
    lines = [f"{about.name}: FMI {about.version}, {', '.join(way.way for way in about.ways)}", f"sha256 {fmu.sha256}"]
    groups = {
        "input": [one for one in inputs_of(about) if one.causality == "input"],
        "tunable parameter": [one for one in inputs_of(about) if one.causality != "input"],
        "parameter": list(parameters_of(about)),
        "output or state": list(reads_of(about, ())[0]),
    }
    for group, variables in groups.items():
        lines += [f"{group:18} {one.name} [{one.unit or '1'}] {one.about}".rstrip() for one in variables]
    return lines + [f"warning: {line}" for line in about.warnings.lines]
