"""Solids from files and words, through gmsh in a child process. The only file of geometry that starts a process."""

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np

from pollux.errors import DataRefused, ModelError, SetupError
from pollux.model.amounts import Amount, amount
from pollux.model.units import unit
from pollux.simulate.geometry.blocks import LARGEST
from pollux.simulate.geometry.libraries import release
from pollux.simulate.geometry.mesh_child import MISSING
from pollux.simulate.geometry.solid import Solid
from pollux.simulate.geometry.stl import closed, triangles, written
from pollux.simulate.geometry.store import code, folder, read_arrays, write_arrays

LIBRARIES: Final = "Debian: apt-get install libglu1-mesa libxrender1 libxcursor1 libxft2 libxinerama1"
"""What gmsh is linked to, though it opens no window here."""

PATIENCE: Final = 600.0
"""Seconds after which a mesh that is not there will not come."""


def step(path: str | Path, *, size: Amount) -> Solid:
    """The solid of a STEP file as tetrahedra of about `size`; a bare number is in metres.

    The file says its unit itself. Its faces are named `"face 1"`, `"face 2"`, ... in the order of the file; further
    names come with `Solid.named`. A mesh is kept on disk and found again by the bytes of the file and the size.

    Raises DataRefused for a file without exactly one closed solid, for one that gmsh cannot mesh within ten minutes,
    and where the size asks for more than 100,000 cells; ModelError for a size that is not above zero; SetupError
    without the extra `geometry`.
    """
    return _solid({"source": "step"}, size, Path(path).read_bytes(), f"{Path(path).name}")


def stl(path: str | Path, *, size: Amount, length_unit: str) -> Solid:
    """The solid within the triangles of an STL file, which says no unit: `length_unit` does, `"mm"` for most.

    A face is what lies between edges of 40 degrees or more; faces are named `"face 1"`, `"face 2"`, ...

    Raises DataRefused for triangles that do not close or look opposite ways, and what `step` raises.
    """
    metre = amount(f"1 {length_unit}", unit("m"))
    content = written(metre * closed(triangles(Path(path).read_bytes())))
    return _solid({"source": "stl"}, size, content, f"{Path(path).name}")


def cylinder(*, radius: Amount, length: Amount, size: Amount) -> Solid:
    """A round bar along z from the origin, in tetrahedra of about `size`; its ends are `"-z"` and `"+z"`.

    Raises ModelError for lengths that are not above zero, DataRefused where the size asks for more than 100,000 cells,
    SetupError without the extra `geometry`.
    """
    lengths = {"radius": amount(radius, unit("m")), "length": amount(length, unit("m"))}
    if min(lengths.values()) <= 0.0:
        raise ModelError(f"expected lengths above zero, got {lengths}", at="cylinder")
    return (
        _solid({"source": "cylinder", **lengths}, size, b"", "cylinder")
        .named("-z", facing="-z")
        .named("+z", facing="+z")
    )


def _solid(asked: Mapping[str, Any], size: Amount, content: bytes, at: str) -> Solid:
    """The mesh, from the cache where it was made before."""
    metres = amount(size, unit("m"))
    if not 0.0 < metres < np.inf:
        raise ModelError(f"expected a mesh size above zero, got {metres} m", at=at)
    asked = {**asked, "size": metres, "largest": LARGEST}
    told = "\0".join([code(), release("gmsh"), json.dumps(asked, sort_keys=True), ""]).encode()
    kept = folder() / f"mesh_{hashlib.sha256(told + content).hexdigest()[:32]}.npz"
    try:
        return _of(read_arrays(kept)[0])
    except (OSError, DataRefused):
        pass
    arrays = _meshed(asked, content, at)
    with suppress(OSError):  # the next one who asks waits again
        write_arrays(kept, arrays, b"")
    return _of(arrays)


def _of(arrays: Mapping[str, Any]) -> Solid:
    surfaces = {name: faces for name, faces in arrays.items() if name not in ("points", "cells")}
    return Solid(arrays["points"], arrays["cells"], surfaces)


def _meshed(asked: Mapping[str, Any], content: bytes, at: str) -> dict[str, Any]:
    """Ask a child process; raises DataRefused with the reason where it has no mesh, crashes, or takes too long."""
    with tempfile.TemporaryDirectory(prefix="pollux-mesh-") as name:
        place = Path(name)
        file = place / f"body.{asked['source']}"
        file.write_bytes(content)
        (place / "asked.json").write_text(json.dumps({**asked, "path": str(file)}), encoding="utf-8")
        command = [sys.executable, "-m", "pollux.simulate.geometry.mesh_child", name]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            raise DataRefused(f"expected a mesh within {PATIENCE:g} s, got none", at=at, hint="a larger size") from None
        if done.returncode:
            raise _refusal(place, done.returncode, at)
        with np.load(place / "mesh.npz", allow_pickle=False) as found:
            return {one: found[one] for one in found.files}


def _refusal(place: Path, status: int, at: str) -> DataRefused | SetupError:
    told = place / "refused.txt"
    if not told.exists():
        return DataRefused(f"expected a mesh, got the end of the mesher ({status})", at=at, hint="repair the geometry")
    reason = told.read_text(encoding="utf-8").strip()
    if status == MISSING:
        return SetupError(f"expected gmsh to load on this machine, got: {reason}", at=at, hint=LIBRARIES)
    if reason.startswith("expected"):
        return DataRefused(reason, at=at, hint="is the unit right? STEP files say theirs, STL files do not")
    return DataRefused(
        f"expected geometry that can be meshed, got: {reason}",
        at=at,
        hint="repair it in CAD: no gaps, no faces through each other",
    )
