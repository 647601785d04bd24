"""STL files: triangles without a unit. Read here, to say what is wrong with them before a mesher meets it."""

import re
from typing import Final

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.errors import DataRefused

_HEADER: Final = 84
_RECORD: Final = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_VERTEX: Final = re.compile(rb"vertex\s+(\S+)\s+(\S+)\s+(\S+)")
_WITHIN: Final = 1e-7
"""Corners nearer to each other than this part of the body are one."""


def triangles(content: bytes) -> F64:
    """The corners (triangles, 3, 3) of an STL file, binary or text; raises DataRefused for anything else."""
    count = int.from_bytes(content[80:_HEADER], "little")
    if len(content) >= _HEADER and len(content) == _HEADER + count * _RECORD.itemsize:
        found: F64 = np.frombuffer(content, _RECORD, offset=_HEADER)["corners"].astype(np.float64)
    else:
        found = _text(content)
    if not len(found) or not np.isfinite(found).all():
        raise DataRefused("expected triangles with finite corners, got none", at="stl")
    return found


def _text(content: bytes) -> F64:
    if not content.lstrip().startswith(b"solid"):
        raise DataRefused("expected an STL file, got other bytes or one that is cut short", at="stl")
    try:
        numbers = [float(one) for vertex in _VERTEX.findall(content) for one in vertex]
        return np.array(numbers, np.float64).reshape(-1, 3, 3)
    except ValueError:
        raise DataRefused("expected three numbers for each of three vertices, got others", at="stl") from None


def closed(corners: F64) -> F64:
    """The triangles of a closed body, looking outward, without those that have no area.

    Raises DataRefused where an edge does not join exactly two triangles that look the same way.
    """
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    steps: F64 = ((corners.reshape(-1, 3) - low) / (_WITHIN * max(float((high - low).max()), 1e-300))).round()
    _, numbers = np.unique(steps, axis=0, return_inverse=True)
    faces: I64 = numbers.reshape(-1, 3)
    sound = (faces != np.roll(faces, 1, axis=1)).all(axis=1)
    _check_edges(faces[sound])
    kept: F64 = corners[sound]
    volume = float((kept[:, 0] * np.cross(kept[:, 1], kept[:, 2])).sum() / 6.0)
    return kept if volume > 0.0 else kept[:, ::-1]


def _check_edges(faces: I64) -> None:
    ways = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    _, count = np.unique(np.sort(ways, axis=1), axis=0, return_counts=True)
    if (count != 2).any():
        raise DataRefused(
            f"expected a closed surface, got {int((count == 1).sum())} edges of one triangle and "
            f"{int((count > 2).sum())} of more than two",
            at="stl",
            hint="close the holes and keep one body; a CAD system exports a solid as a closed surface",
        )
    if len(np.unique(ways, axis=0)) != len(ways):
        raise DataRefused(
            "expected triangles that all look outward, got neighbours that look opposite ways",
            at="stl",
            hint="make the normals consistent and export again",
        )


def written(corners: F64) -> bytes:
    """Triangles as a binary STL file."""
    records = np.zeros(len(corners), _RECORD)
    records["corners"] = corners
    return b"\0" * 80 + len(corners).to_bytes(4, "little") + records.tobytes()
