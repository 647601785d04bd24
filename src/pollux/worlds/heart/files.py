"""Segmented scans as files: STL and PLY (binary and text) and GLB, read into named parts in millimetres."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

import pollux as px
from pollux.worlds.heart import glb
from pollux.worlds.heart.mesh import Mesh, welded

MILLIMETRES: Final = {"millimetres": 1.0, "centimetres": 10.0, "metres": 1000.0, "inches": 25.4}
PLY_TYPES: Final = {
    **dict.fromkeys(("char", "int8"), "i1"),
    **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "i2"),
    **dict.fromkeys(("ushort", "uint16"), "u2"),
    **dict.fromkeys(("int", "int32"), "i4"),
    **dict.fromkeys(("uint", "uint32"), "u4"),
    **dict.fromkeys(("float", "float32"), "f4"),
    **dict.fromkeys(("double", "float64"), "f8"),
}


def load(path: Path, *, unit: str = "") -> tuple[Mesh, ...]:
    """The parts of a file, named by the file (STL, PLY) or in it (GLB).

    `unit` is what the file's numbers are: millimetres for STL and PLY and metres for GLB unless said. Raises
    `DataRefused` for other formats and for bytes that do not follow them.
    """
    return parse(path.read_bytes(), name=path.stem, unit=unit)


def parse(data: bytes, *, name: str = "scan", unit: str = "") -> tuple[Mesh, ...]:
    """The same from bytes; the format is told from the content.

    >>> loop = b"outer loop vertex 0 0 0 vertex 1 0 0 vertex 0 1 0 endloop"
    >>> len(parse(b"solid s facet normal 0 0 1 " + loop + b" endfacet endsolid")[0].faces)
    1
    """
    if data[:4] == b"glTF":
        return tuple(_scaled(mesh, MILLIMETRES[unit or "metres"] / 1000.0) for mesh in glb.read(data))
    try:
        mesh = _ply(data, name) if data[:4] == b"ply\n" or data[:5] == b"ply\r\n" else _stl(data, name)
    except (ValueError, IndexError, KeyError, UnicodeDecodeError) as wrong:
        raise px.DataRefused(
            f"expected STL, PLY or GLB, got {wrong}", at=name, hint="export the segmentation as one of these"
        ) from wrong
    return (welded(_scaled(mesh, MILLIMETRES[unit or "millimetres"])),)


def _scaled(mesh: Mesh, factor: float) -> Mesh:
    return mesh if factor == 1.0 else Mesh(mesh.name, mesh.vertices * factor, mesh.faces)


def _stl(data: bytes, name: str) -> Mesh:
    """Binary where the length is what the count says (a binary file may begin with "solid" too), else text."""
    count = int.from_bytes(data[80:84], "little") if len(data) >= 84 else -1
    if len(data) == 84 + 50 * count:
        record = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("extra", "<u2")])
        corners = np.frombuffer(data, record, offset=84)["corners"].reshape(-1, 3).astype(np.float64)
    else:
        words = data.decode("ascii").split()
        at = [i for i, word in enumerate(words) if word == "vertex"]
        if not words or words[0] != "solid" or not at or len(at) % 3:
            raise ValueError("neither the length of a binary STL nor the words of a text one")
        corners = np.array([[float(w) for w in words[i + 1 : i + 4]] for i in at])
    return Mesh(name, corners, np.arange(len(corners), dtype=np.int32).reshape(-1, 3))


def _ply(data: bytes, name: str) -> Mesh:
    head, _, body = data.partition(b"end_header\n" if b"end_header\n" in data else b"end_header\r\n")
    lines = [line.split() for line in head.decode("ascii").splitlines()]
    form = next((line[1] for line in lines if line[:1] == ["format"]), "none")
    elements: list[tuple[str, int, list[list[str]]]] = []
    for line in lines:
        if line[0] == "element":
            elements.append((line[1], int(line[2]), []))
        elif line[0] == "property":
            elements[-1][2].append(line[1:])
    if form == "ascii":
        return _ply_text(name, elements, body)
    if form not in ("binary_little_endian", "binary_big_endian"):
        raise ValueError(f"PLY of the format {form}")
    return _ply_binary(name, elements, body, "<" if form == "binary_little_endian" else ">")


def _ply_text(name: str, elements: list[tuple[str, int, list[list[str]]]], body: bytes) -> Mesh:
    lines = iter(body.decode("ascii").splitlines())
    vertices, faces = np.zeros((0, 3)), np.zeros((0, 3), np.int32)
    for element, count, properties in elements:
        rows = [next(lines, "").split() for _ in range(count)]
        if element == "vertex":
            axes = [[p[-1] for p in properties].index(axis) for axis in "xyz"]
            vertices = np.array([[float(row[i]) for i in axes] for row in rows])
        elif element == "face":
            faces = _fans([[int(v) for v in row[1 : 1 + int(row[0])]] for row in rows])
    return _ply_mesh(name, vertices, faces)


def _ply_binary(name: str, elements: list[tuple[str, int, list[list[str]]]], body: bytes, order: str) -> Mesh:
    vertices, faces, at = np.zeros((0, 3)), np.zeros((0, 3), np.int32), 0
    for element, count, properties in elements:
        if any(p[0] == "list" for p in properties):
            rows, at = _lists(body, at, count, properties, order)
            faces = _fans(rows) if element == "face" else faces
        else:
            record = np.dtype([(p[1], order + PLY_TYPES[p[0]]) for p in properties])
            table = np.frombuffer(body, record, count, at)
            at += record.itemsize * count
            if element == "vertex":
                vertices = np.stack([table[axis].astype(np.float64) for axis in "xyz"], axis=1)
    return _ply_mesh(name, vertices, faces)


def _lists(body: bytes, at: int, count: int, properties: list[list[str]], order: str) -> tuple[list[list[int]], int]:
    """Rows of an element with lists; the first list is kept (the corners of a face)."""
    rows = []
    for _ in range(count):
        kept: list[int] | None = None
        for p in properties:
            if p[0] != "list":
                at += np.dtype(PLY_TYPES[p[0]]).itemsize
                continue
            size, item = (np.dtype(order + PLY_TYPES[kind]) for kind in p[1:3])
            length = int(np.frombuffer(body, size, 1, at)[0])
            values = np.frombuffer(body, item, length, at + size.itemsize)
            at += size.itemsize + item.itemsize * length
            kept = values.astype(int).tolist() if kept is None else kept
        rows.append(kept or [])
    return rows, at


def _fans(polygons: list[list[int]]) -> NDArray[np.int32]:
    triangles = [(p[0], p[i], p[i + 1]) for p in polygons for i in range(1, len(p) - 1)]
    return np.array(triangles, np.int32).reshape(-1, 3)


def _ply_mesh(name: str, vertices: NDArray[np.float64], faces: NDArray[np.int32]) -> Mesh:
    if len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
        raise ValueError("a triangle beyond the vertices")
    return Mesh(name, vertices, faces)
