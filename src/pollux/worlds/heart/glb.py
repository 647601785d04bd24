"""Parts of a scan or a scene as binary glTF 2.0, out and in: one node a part, its name the part's.

Coordinates are metres in the file, as glTF asks, and millimetres here. Written from the Khronos specification glTF
2.0; only what a scan needs is read (triangles, positions, indices, node transforms).
"""

import json
import struct
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import pollux as px
from pollux.worlds.heart.mesh import Mesh

MAGIC: Final = 0x46546C67
JSON_CHUNK: Final = 0x4E4F534A
BINARY_CHUNK: Final = 0x004E4942
FLOAT, USHORT, UINT, UBYTE = 5126, 5123, 5125, 5121
TYPES: Final[Mapping[int, np.dtype[Any]]] = {
    FLOAT: np.dtype("<f4"),
    USHORT: np.dtype("<u2"),
    UINT: np.dtype("<u4"),
    UBYTE: np.dtype("u1"),
    5120: np.dtype("i1"),
    5122: np.dtype("<i2"),
}
WIDTHS: Final = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
ARRAY, INDICES = 34962, 34963
LARGEST: Final = 512 * 1024 * 1024
"""No scan file is longer; a header that claims more is refused before anything is allocated."""


class _Buffer:
    """Bytes of the binary chunk with their views and accessors."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self.views: list[dict[str, int]] = []
        self.accessors: list[dict[str, Any]] = []

    def put(
        self, array: NDArray[Any], kind: str, target: int, *, normalised: bool = False, bounds: bool = False
    ) -> int:
        component = next(code for code, dtype in TYPES.items() if dtype == array.dtype)
        self.bytes.extend(b"\0" * (-len(self.bytes) % 4))
        self.views.append({"buffer": 0, "byteOffset": len(self.bytes), "byteLength": array.nbytes, "target": target})
        self.bytes.extend(array.tobytes())
        accessor: dict[str, Any] = {
            "bufferView": len(self.views) - 1,
            "componentType": component,
            "count": len(array),
            "type": kind,
        }
        if normalised:
            accessor["normalized"] = True
        if bounds:
            accessor |= {"min": array.min(axis=0).tolist(), "max": array.max(axis=0).tolist()}
        self.accessors.append(accessor)
        return len(self.accessors) - 1


def written(
    meshes: Iterable[Mesh], *, places: Mapping[str, NDArray[np.float64]] | None = None, scale: float = 1e-3
) -> bytes:
    """The parts as one .glb file, `scale` file units per unit here; `places` become empty nodes, in file units.

    >>> from pollux.worlds.heart.solids import globe
    >>> [mesh.name for mesh in read(written([globe("probe", (0, 0, 0), 10.0)]))]
    ['probe']
    """
    buffer, drawn = _Buffer(), []
    for mesh in meshes:
        drawn.append({"name": mesh.name, "primitives": [_primitive(buffer, mesh, scale)]})
    nodes: list[dict[str, Any]] = [{"name": mesh["name"], "mesh": index} for index, mesh in enumerate(drawn)]
    nodes += [{"name": name, "translation": where.tolist()} for name, where in (places or {}).items()]
    document = {
        "asset": {"version": "2.0", "generator": "pollux heart"},
        "scene": 0,
        "scenes": [{"nodes": list(range(len(nodes)))}],
        "nodes": nodes,
        "meshes": drawn,
        "accessors": buffer.accessors,
        "bufferViews": buffer.views,
        "buffers": [{"byteLength": len(buffer.bytes) + -len(buffer.bytes) % 4}],
    }
    return _file(json.dumps(document, separators=(",", ":")).encode(), bytes(buffer.bytes))


def _primitive(buffer: _Buffer, mesh: Mesh, scale: float) -> dict[str, Any]:
    attributes = {"POSITION": buffer.put((mesh.vertices * scale).astype("<f4"), "VEC3", ARRAY, bounds=True)}
    if mesh.normals is not None:
        attributes["NORMAL"] = buffer.put(mesh.normals.astype("<f4"), "VEC3", ARRAY)
    if mesh.colours is not None:
        opaque = np.hstack([np.clip(mesh.colours, 0.0, 1.0), np.ones((len(mesh.colours), 1))])
        attributes["COLOR_0"] = buffer.put(np.round(255 * opaque).astype("u1"), "VEC4", ARRAY, normalised=True)
    small = len(mesh.vertices) < 65_535
    indices = buffer.put(mesh.faces.astype("<u2" if small else "<u4").reshape(-1), "SCALAR", INDICES)
    return {"attributes": attributes, "indices": indices, "mode": 4}


def _file(text: bytes, binary: bytes) -> bytes:
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    chunks = struct.pack("<II", len(text), JSON_CHUNK) + text + struct.pack("<II", len(binary), BINARY_CHUNK) + binary
    return struct.pack("<III", MAGIC, 2, 12 + len(chunks)) + chunks


def read(file: bytes) -> tuple[Mesh, ...]:
    """The parts of a .glb file, in millimetres.

    Raises `DataRefused` for what is not binary glTF 2.0 with its data inside, and for indices beyond the data.
    """
    document, binary = _chunks(file)
    try:
        parts = [part for node, matrix in _nodes(document) for part in _parts(document, binary, node, matrix)]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as wrong:
        raise px.DataRefused(
            f"expected glTF that follows its specification, got {wrong!r}", at="glb", hint="export the scan again"
        ) from wrong
    return tuple(parts)


def _chunks(file: bytes) -> tuple[dict[str, Any], bytes]:
    if len(file) < 20 or len(file) > LARGEST or struct.unpack_from("<II", file) != (MAGIC, 2):
        raise px.DataRefused("expected binary glTF 2.0, got other bytes", at="glb", hint="export as .glb, not .gltf")
    found: dict[int, bytes] = {}
    at = 12
    while at + 8 <= len(file):
        length, kind = struct.unpack_from("<II", file, at)
        found.setdefault(kind, file[at + 8 : at + 8 + length])
        at += 8 + length
    try:
        document = json.loads(found.get(JSON_CHUNK, b""))
    except ValueError as wrong:
        raise px.DataRefused(
            "expected JSON in the first chunk, got other bytes", at="glb", hint="the file is damaged"
        ) from wrong
    if not isinstance(document, dict) or any("uri" in buffer for buffer in document.get("buffers", [])):
        raise px.DataRefused(
            "expected all data inside the file, got a link", at="glb buffers", hint="embed the buffers when exporting"
        )
    return document, found.get(BINARY_CHUNK, b"")


def _nodes(document: dict[str, Any]) -> list[tuple[dict[str, Any], NDArray[np.float64]]]:
    """Every node with the transform from it to the scene; a node met twice is refused (a loop)."""
    nodes = document.get("nodes", [])
    scene = document.get("scenes", [{"nodes": range(len(nodes))}])[document.get("scene", 0)]
    waiting = [(int(index), np.eye(4)) for index in scene["nodes"]]
    seen: set[int] = set()
    placed = []
    while waiting:
        index, above = waiting.pop(0)
        if index in seen:
            raise ValueError(f"node {index} is its own relative")
        seen.add(index)
        matrix = above @ _transform(nodes[index])
        placed.append((nodes[index], matrix))
        waiting += [(int(child), matrix) for child in nodes[index].get("children", [])]
    return placed


def _transform(node: dict[str, Any]) -> NDArray[np.float64]:
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0.0, 0.0, 0.0, 1.0))
    turn = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    matrix = np.eye(4)
    matrix[:3, :3] = turn * np.array(node.get("scale", (1.0, 1.0, 1.0)))
    matrix[:3, 3] = node.get("translation", (0.0, 0.0, 0.0))
    return matrix


def _parts(document: dict[str, Any], binary: bytes, node: dict[str, Any], matrix: NDArray[np.float64]) -> list[Mesh]:
    if "mesh" not in node:
        return []
    mesh = document["meshes"][node["mesh"]]
    name = str(node.get("name") or mesh.get("name") or f"part {node['mesh']}")
    return [
        _part(document, binary, name, primitive, matrix)
        for primitive in mesh["primitives"]
        if primitive.get("mode", 4) == 4
    ]


def _part(
    document: dict[str, Any], binary: bytes, name: str, primitive: dict[str, Any], matrix: NDArray[np.float64]
) -> Mesh:
    places = _accessor(document, binary, primitive["attributes"]["POSITION"]).astype(np.float64)
    places = 1000.0 * (places @ matrix[:3, :3].T + matrix[:3, 3])
    if "indices" in primitive:
        faces = _accessor(document, binary, primitive["indices"]).reshape(-1, 3)
    else:
        faces = np.arange(len(places)).reshape(-1, 3)
    if len(faces) and faces.max() >= len(places):
        raise ValueError(f"{name}: a triangle beyond the vertices")
    return Mesh(name, places, faces.astype(np.int32))


def _accessor(document: dict[str, Any], binary: bytes, index: int) -> NDArray[Any]:
    accessor = document["accessors"][index]
    view = document["bufferViews"][accessor["bufferView"]]
    dtype, width, count = TYPES[accessor["componentType"]], WIDTHS[accessor["type"]], int(accessor["count"])
    start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
    row = dtype.itemsize * width
    stride = view.get("byteStride", row)
    if count < 0 or start < 0 or stride < row or start + (count - 1) * stride + row > len(binary):
        raise ValueError(f"accessor {index} reaches beyond the data")
    flat = np.frombuffer(binary, np.uint8)
    rows = np.lib.stride_tricks.as_strided(flat[start:], (count, row), (stride, 1))
    values = np.frombuffer(np.ascontiguousarray(rows).tobytes(), dtype)
    return values.reshape(count, width) if width > 1 else values
