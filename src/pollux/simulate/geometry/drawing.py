"""The skin of a body for drawing: triangles over the nodes of its surface, looking outward."""

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.simulate.geometry.libraries import Sparse, library
from pollux.simulate.geometry.solid import area_vectors
from pollux.simulate.geometry.space import Space

_FANS: Final = {
    # corners, then the middles of the edges around, then the middle of the face
    3: ((0, 3, 5), (3, 1, 4), (5, 4, 2), (3, 4, 5)),
    4: ((0, 4, 8), (4, 1, 8), (1, 5, 8), (5, 2, 8), (2, 6, 8), (6, 3, 8), (3, 7, 8), (7, 0, 8)),
}


@final
@dataclass(frozen=True, slots=True, eq=False)
class Skin:
    """Points (points, 3) in metres and triangles (triangles, 3) between them.

    `nodes` are the nodes of the space that the points are, `corners` (points, corners of the solid) the means of
    corners that they are, for what is known at corners only.
    """

    points: F64
    triangles: I64
    nodes: I64
    corners: Sparse


def skin(space: Space) -> Skin:
    """The surface of a space's solid, each face cut at the middles of its edges."""
    faces = _outward(space)
    around = np.stack([faces, np.roll(faces, -1, axis=1)], axis=2)
    local = [faces, _edge_nodes(space, around)]
    if faces.shape[1] == 4:
        local.append(_face_nodes(space, faces)[:, None])
    nodes = np.concatenate(local, axis=1)
    used, triangles = np.unique(nodes[:, np.array(_FANS[faces.shape[1]])].reshape(-1, 3), return_inverse=True)
    return Skin(space.nodes[used], triangles.reshape(-1, 3), used, _corner_means(space, faces, nodes, used))


def _outward(space: Space) -> I64:
    """The faces of the boundary, around so that they look outward."""
    solid = space.solid
    faces = solid.boundary
    flipped = (area_vectors(solid.points, faces) * solid.normals).sum(axis=1) < 0.0
    found: I64 = np.where(flipped[:, None], faces[:, ::-1], faces)
    return found


def _edge_nodes(space: Space, pairs: I64) -> I64:
    """The node in the middle of each edge, which is given by its two corners."""
    known = np.sort(space.mesh.edges, axis=0).astype(np.int64)
    many = len(space.solid.points)
    keys = known[0] * many + known[1]
    order = np.argsort(keys)
    ends = np.sort(pairs, axis=-1)
    place = np.searchsorted(keys[order], ends[..., 0] * many + ends[..., 1])
    found: I64 = many + order[place]
    return found


def _face_nodes(space: Space, faces: I64) -> I64:
    """The node in the middle of each face of a hexahedron."""
    before = len(space.solid.points) + space.mesh.edges.shape[1]
    found: I64 = before + space.facets_of(faces)
    return found


def _corner_means(space: Space, faces: I64, nodes: I64, used: I64) -> Sparse:
    n = faces.shape[1]
    means = np.zeros((nodes.shape[1], n))
    means[:n] = np.eye(n)
    means[n : 2 * n] = 0.5 * (np.eye(n) + np.roll(np.eye(n), 1, axis=1))
    means[2 * n :] = 1.0 / n
    _, first = np.unique(nodes.ravel(), return_index=True)
    face, local = np.divmod(first, nodes.shape[1])
    rows = np.repeat(np.arange(len(used)), n)
    entries = (means[local].ravel(), (rows, faces[face].ravel()))
    return library("scipy.sparse").coo_matrix(entries, shape=(len(used), len(space.solid.points))).tocsr()
