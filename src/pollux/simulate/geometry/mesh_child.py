"""Mesh a solid with gmsh, in a process of its own: `python -m pollux.simulate.geometry.mesh_child FOLDER`.

gmsh is licensed under the GPL and keeps its state in one place for a whole process; on damaged geometry it may hang or
crash. So it is loaded here and nowhere else. `asked.json` in the folder says what to mesh; `mesh.npz` is the answer, or
`refused.txt` says why there is none.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from pollux.errors import SetupError
from pollux.simulate.geometry.libraries import library

ANGLE: Final = 40.0
"""Degrees between triangles of an STL file from which on an edge of the body is seen."""

REFUSED, MISSING = 3, 4
TRIANGLE, TETRAHEDRON = 2, 4


class _Refused(Exception):
    """Geometry that has no mesh."""


def main(folder: Path) -> int:
    """Do what the folder asks; the exit status is 0, or 3 or 4 (no gmsh here) with the reason in the folder."""
    asked = json.loads((folder / "asked.json").read_text(encoding="utf-8"))
    try:
        gmsh = library("gmsh")
    except (SetupError, OSError) as error:
        (folder / "refused.txt").write_text(str(error), encoding="utf-8")
        return MISSING
    gmsh.initialize(["-nopopup"], readConfigFiles=False, interruptible=False)
    try:
        arrays = _meshed(gmsh, asked)
        np.savez(folder / "mesh.npz", **arrays)
    except Exception as error:  # noqa: BLE001  (whatever gmsh says of a file is the answer)
        (folder / "refused.txt").write_text(str(error), encoding="utf-8")
        return REFUSED
    finally:
        gmsh.finalize()
    return 0


def _meshed(gmsh: Any, asked: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in (
        ("General.Terminal", 0),
        ("General.NumThreads", 1),
        ("Geometry.OCCFixDegenerated", 1),
        ("Mesh.MeshSizeMin", asked["size"] / 4.0),
        ("Mesh.MeshSizeMax", asked["size"]),
        ("Mesh.MeshSizeFromCurvature", 12),
    ):
        gmsh.option.setNumber(name, value)
    # Files say their unit; without this gmsh would take every file for millimetres.
    gmsh.option.setString("Geometry.OCCTargetUnit", "M")
    _SOURCES[asked["source"]](gmsh, asked)
    _check_body(gmsh, asked)
    gmsh.model.mesh.generate(3)
    return _arrays(gmsh)


def _step(gmsh: Any, asked: Mapping[str, Any]) -> None:
    gmsh.model.occ.importShapes(asked["path"])
    gmsh.model.occ.synchronize()


def _cylinder(gmsh: Any, asked: Mapping[str, Any]) -> None:
    gmsh.model.occ.addCylinder(0, 0, 0, 0, 0, asked["length"], asked["radius"])
    gmsh.model.occ.synchronize()


def _stl(gmsh: Any, asked: Mapping[str, Any]) -> None:
    # Sharp edges of triangles look like curves of no radius, and would be meshed finely for nothing.
    gmsh.option.setNumber("Mesh.MeshSizeFromCurvature", 0)
    gmsh.merge(asked["path"])
    gmsh.model.mesh.removeDuplicateNodes()
    gmsh.model.mesh.classifySurfaces(np.deg2rad(ANGLE), True, True, np.pi)
    gmsh.model.mesh.createGeometry()
    shell = gmsh.model.geo.addSurfaceLoop([tag for _, tag in gmsh.model.getEntities(2)])
    gmsh.model.geo.addVolume([shell])
    gmsh.model.geo.synchronize()


_SOURCES: Final = {"step": _step, "stl": _stl, "cylinder": _cylinder}


def _check_body(gmsh: Any, asked: Mapping[str, Any]) -> None:
    volumes, faces = gmsh.model.getEntities(3), gmsh.model.getEntities(2)
    if len(volumes) != 1:
        what = f"{len(volumes)} solids" if volumes else (f"{len(faces)} open surfaces" if faces else "nothing")
        raise _Refused(f"expected one closed solid, got {what}")
    box = np.array(gmsh.model.getBoundingBox(-1, -1)).reshape(2, 3)
    extent = box[1] - box[0]
    cells = 6.0 * float(extent.prod()) / asked["size"] ** 3
    if asked["size"] > extent.max():
        raise _Refused(f"expected a mesh size below the {extent.max():.3g} m of the solid, got {asked['size']:.3g} m")
    if cells > asked["largest"]:
        raise _Refused(
            f"expected up to {asked['largest']:,} cells, got a size of {asked['size']:.3g} m for a solid of "
            f"{extent[0]:.3g} x {extent[1]:.3g} x {extent[2]:.3g} m, about {cells:.1e} cells"
        )


def _arrays(gmsh: Any) -> dict[str, Any]:
    tags, places, _ = gmsh.model.mesh.getNodes()
    points = np.array(places).reshape(-1, 3)
    row = np.zeros(int(max(tags, default=0)) + 1, np.int64)
    row[np.array(tags, np.int64)] = np.arange(len(tags))
    cells = _elements(gmsh, 3, -1, TETRAHEDRON)
    if not len(cells):
        raise _Refused("expected tetrahedra, got none")
    quality = np.array(
        gmsh.model.mesh.getElementQualities(gmsh.model.mesh.getElementsByType(TETRAHEDRON)[0], "minSICN")
    )
    if not (quality > 0.0).all():
        raise _Refused(f"expected cells that are not inside out, got {int((quality <= 0.0).sum())} that are")
    used, cells = np.unique(row[cells], return_inverse=True)
    renumbered = np.full(len(points), -1, np.int64)
    renumbered[used] = np.arange(len(used))
    found = {"points": points[used], "cells": cells.reshape(-1, 4)}
    for _, tag in gmsh.model.getEntities(2):
        faces = renumbered[row[_elements(gmsh, 2, tag, TRIANGLE)]]
        if len(faces):
            found[f"face {tag}"] = faces
    return found


def _elements(gmsh: Any, dimension: int, tag: int, kind: int) -> Any:
    """The nodes of the elements of a kind on an entity, a row each."""
    kinds, _, nodes = gmsh.model.mesh.getElements(dimension, tag)
    for one, of in zip(kinds, nodes, strict=True):
        if one == kind:
            return np.array(of, np.int64).reshape(-1, 4 if kind == TETRAHEDRON else 3)
    return np.zeros((0, 4 if kind == TETRAHEDRON else 3), np.int64)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
