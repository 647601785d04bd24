"""Scans as files: STL, PLY and GLB, and what is refused."""

import contextlib
import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pollux as px
from pollux.worlds.heart import files, glb
from pollux.worlds.heart.mesh import Mesh, volume
from pollux.worlds.heart.solids import globe

BALL = globe("ball", (5, -3, 2), (20, 25, 30), turns=24)
DATA = Path(os.environ.get("POLLUX_DATA", "../shared/data"))


def stl(mesh: Mesh) -> bytes:
    rows = np.zeros(len(mesh.faces), np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("extra", "<u2")]))
    rows["corners"] = mesh.corners
    return b"solid but binary".ljust(80, b" ") + struct.pack("<I", len(rows)) + rows.tobytes()


def stl_text(mesh: Mesh) -> bytes:
    facets = [
        "outer loop " + " ".join("vertex {} {} {}".format(*map(float, v)) for v in c) + " endloop" for c in mesh.corners
    ]
    return ("solid ball\n" + "\n".join(f"facet normal 0 0 0 {f} endfacet" for f in facets) + "\nendsolid").encode()


def ply(mesh: Mesh, form: str) -> bytes:
    head = f"ply\nformat {form} 1.0\ncomment made by a test\nelement vertex {len(mesh.vertices)}\n"
    head += "property float x\nproperty float y\nproperty float z\nproperty uchar red\n"
    head += f"element face {len(mesh.faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    if form == "ascii":
        rows = [f"{x} {y} {z} 7" for x, y, z in mesh.vertices.tolist()] + [
            "3 {} {} {}".format(*f) for f in mesh.faces.tolist()
        ]
        return head.encode() + "\n".join(rows).encode()
    order = "<" if "little" in form else ">"
    body = b"".join(struct.pack(f"{order}3fB", *v, 7) for v in mesh.vertices.tolist())
    return head.encode() + body + b"".join(struct.pack(f"{order}B3i", 3, *f) for f in mesh.faces.tolist())


FORMS = {
    "stl": stl(BALL),
    "stl text": stl_text(BALL),
    "ply text": ply(BALL, "ascii"),
    "ply little": ply(BALL, "binary_little_endian"),
    "ply big": ply(BALL, "binary_big_endian"),
    "glb": glb.written([BALL]),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_format_keeps_the_volume(form):
    """A closed part comes back from each format closed and with its volume."""
    (mesh,) = files.parse(FORMS[form], name="ball")
    assert mesh.name == "ball"
    assert volume(mesh) == pytest.approx(volume(BALL), rel=1e-5)


def test_a_file_in_metres_is_read_with_its_unit(tmp_path):
    """A file whose numbers are metres gives the same millilitres when its unit is said."""
    path = tmp_path / "ball.stl"
    path.write_bytes(stl(Mesh("ball", BALL.vertices / 1000, BALL.faces)))
    (mesh,) = files.load(path, unit="metres")
    assert volume(mesh) == pytest.approx(volume(BALL), rel=1e-4)


def test_glb_keeps_names_normals_colours_and_places():
    """A scene's glTF names its parts, carries normals, colours and empty nodes, and says its own bounds."""
    rich = Mesh("wall", BALL.vertices, BALL.faces, normals=BALL.vertices, colours=np.ones_like(BALL.vertices))
    file = glb.written([rich], places={"at_apex": np.array([0.1, 0.2, 0.3])})
    length = struct.unpack_from("<I", file, 12)[0]
    document = json.loads(file[20 : 20 + length])
    (primitive,) = document["meshes"][0]["primitives"]
    assert [node["name"] for node in document["nodes"]] == ["wall", "at_apex"]
    assert document["nodes"][1]["translation"] == [0.1, 0.2, 0.3]
    assert set(primitive["attributes"]) == {"POSITION", "NORMAL", "COLOR_0"}
    bounds = document["accessors"][primitive["attributes"]["POSITION"]]
    assert bounds["max"] == pytest.approx((BALL.vertices.max(axis=0) / 1000).tolist(), rel=1e-6)
    assert [mesh.name for mesh in glb.read(file)] == ["wall"]


def test_nodes_are_placed_by_their_parents():
    """Translation, scale and rotation of a node and of its parent are applied."""
    file = glb.written([BALL])
    length = struct.unpack_from("<I", file, 12)[0]
    document = json.loads(file[20 : 20 + length])
    document["nodes"] = [
        {"children": [1], "scale": [2, 2, 2]},
        {"mesh": 0, "name": "ball", "translation": [1, 0, 0], "rotation": [0, 0, 1, 0]},
    ]
    document["scenes"] = [{"nodes": [0]}]
    text = json.dumps(document).encode()
    (mesh,) = glb.read(glb._file(text, file[20 + length + 8 :]))
    assert mesh.vertices.mean(axis=0) == pytest.approx([2000 - 2 * 5, 6, 4], abs=0.5)
    assert volume(mesh) == pytest.approx(8 * volume(BALL), rel=1e-5)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(FORMS)), st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_damaged_files_are_refused_or_read_never_worse(form, at, junk):
    """Bytes overwritten in the first 400 either leave a readable file or end in DataRefused, never in another error."""
    data = FORMS[form]
    damaged = data[:at] + junk + data[at + len(junk) :]
    with contextlib.suppress(px.DataRefused):
        files.parse(damaged)


@pytest.mark.parametrize(
    "data", [b"", b"glTF", b"solid", b"ply\nformat ascii 1.0\nelement vertex 3\nend_header\n0 0 0\n", b"%PDF-1.7"]
)
def test_other_files_are_refused(data):
    """What is no scan is refused with a hint."""
    with pytest.raises(px.DataRefused, match="export"):
        files.parse(data)


def test_a_loop_of_nodes_is_refused():
    """A node that is its own child does not hang the reader."""
    text = b'{"nodes":[{"children":[0]}],"scenes":[{"nodes":[0]}],"buffers":[]}'
    with pytest.raises(px.DataRefused, match="relative"):
        glb.read(glb._file(text, b""))


def test_a_real_heart_is_read():
    """The public male heart of the HuBMAP reference library is read with its parts in millimetres."""
    path = DATA / "heart_mesh/VH_Male/v1.2/VH_M_Heart.glb"
    if not path.exists():
        pytest.skip("the dataset heart_mesh is not here")
    parts = files.load(path)
    assert len(parts) == 14
    size = np.ptp(np.vstack([part.vertices for part in parts]), axis=0)
    assert ((size > 80) & (size < 200)).all()
