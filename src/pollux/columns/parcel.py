"""A parcel: a head and arrays as bytes, the form of every snapshot.

    b"POLLUX" | kind, 10 bytes | version u32 | length of the head u32 | head (MessagePack) | arrays, each 8-aligned

All numbers are little-endian; the head lists name, type and shape of the arrays. Equal content gives equal bytes.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, final

import msgspec
import numpy as np
from numpy.typing import NDArray

from pollux.errors import StorageError

_START: Final = struct.Struct("<6s10sII")
_MAGIC: Final = b"POLLUX"


@final
@dataclass(frozen=True, slots=True)
class Parcel:
    """What was packed: the version it was written in, its head and its arrays."""

    version: int
    head: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]


def pack(kind: str, version: int, head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """A head (what MessagePack can hold) and arrays as bytes.

    >>> sorted(unpack("demo", 1, pack("demo", 1, {"a": 1}, {"x": np.arange(3)})).arrays["x"].tolist())
    [0, 1, 2]
    """
    listed = [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()]
    described = msgspec.msgpack.encode({"arrays": listed, "head": head}, order="sorted")
    pieces = [_START.pack(_MAGIC, kind.encode(), version, len(described)), described]
    size = _START.size + len(described)
    for array in arrays.values():
        pieces.append(bytes(-size % 8))
        pieces.append(np.ascontiguousarray(array).tobytes())
        size += len(pieces[-2]) + len(pieces[-1])
    return b"".join(pieces)


def unpack(kind: str, newest: int, data: bytes) -> Parcel:
    """The parcel in these bytes; `StorageError` for another kind, a newer version, or bytes that are cut or strange."""
    try:
        magic, name, version, length = _START.unpack_from(data)
    except struct.error:
        raise StorageError(f"expected a snapshot of {kind}, got {len(data)} bytes") from None
    if magic != _MAGIC or name.rstrip(b"\0") != kind.encode():
        raise StorageError(f"expected a snapshot of {kind}, got {bytes(data[:16])!r}")
    if version > newest:
        raise StorageError(
            f"expected a snapshot of {kind} of version {newest} or older, got {version}",
            hint="it was written by a newer Pollux: use that one, or replay the log",
        )
    try:
        told = msgspec.msgpack.decode(data[_START.size : _START.size + length])
        return Parcel(version, told["head"], _arrays(told["arrays"], data, _START.size + length))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as wrong:
        raise StorageError(f"expected a whole snapshot of {kind}, got damaged bytes: {wrong}") from None


def _arrays(listed: list[tuple[str, str, list[int]]], data: bytes, start: int) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for name, kind, shape in listed:
        start += -start % 8
        count = int(np.prod(shape, dtype=np.int64))
        array = np.frombuffer(data, np.dtype(kind), count, start)
        arrays[name] = array.reshape(shape)
        start += array.nbytes
    return arrays
