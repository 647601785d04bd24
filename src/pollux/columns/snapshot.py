"""Snapshots of a block: the same state gives the same bytes, and bytes come back as the same state."""

from typing import Final

import numpy as np

from pollux.columns.block import VACANT, Block
from pollux.columns.links import Links
from pollux.columns.memory import ARRAYS
from pollux.columns.parcel import Parcel, pack, unpack
from pollux.errors import StorageError
from pollux.model.schema import Schema

KIND: Final = "block"
VERSION: Final = 1


def freeze(block: Block) -> bytes:
    """A block as bytes: ids, numbers, qualities, texts and links; not the counter of changes."""
    arrays = dict(block.memory.arrays(block.rows))
    for name, links in sorted(block.links.items()):
        arrays[f"{name}.source"], arrays[f"{name}.target"] = links.source, links.target
    head = {
        "type": block.schema.name,
        "digest": block.schema.digest,
        "slots": block.layout.names,
        "signals": [signal.name for signal in block.schema.signals],
        "ids": block.ids,
        "texts": {block.schema.signals[i].name: texts for i, texts in block.texts.items()},
    }
    return pack(KIND, VERSION, head, arrays)


def restore(block: Block, data: bytes) -> None:
    """Make a block what it was when it was frozen; whoever holds the block sees the restored twins.

    Raises `StorageError`, and changes nothing, when the bytes are of another model, a newer version, or damaged.
    """
    parcel, schema = unpack(KIND, VERSION, data), block.schema
    _expect(parcel, "digest", schema.digest, schema)
    _expect(parcel, "slots", list(block.layout.names), schema)
    ids = parcel.head["ids"]
    block.memory.reserve(len(ids))
    block.ids = list(ids)
    block.row_of = {id: row for row, id in enumerate(ids) if id != VACANT}
    block.vacant = [row for row, id in enumerate(ids) if id == VACANT]
    block.memory.refresh(slice(0, len(ids)))
    for name in parcel.arrays.keys() & ARRAYS:
        array = getattr(block.memory, name)
        if len(array) == len(parcel.arrays[name]):  # else other chances are foreseen now: the next outlook says them
            array[:, : len(ids)] = parcel.arrays[name]
    for i in block.texts:
        block.texts[i] = list(parcel.head["texts"][schema.signals[i].name])
    for name in block.links:
        source, target = parcel.arrays[f"{name}.source"], parcel.arrays[f"{name}.target"]
        block.links[name] = Links(source.astype(np.int32), target.astype(np.int32))
    block.version += 1
    block.epoch += 1


def _expect(parcel: Parcel, key: str, want: object, schema: Schema) -> None:
    if parcel.head.get(key) != want:
        raise StorageError(
            f"expected a snapshot of the model {schema.name} as it is declared now, got one of another {key}",
            at=schema.name,
            hint="the log can be replayed with the new model: that is a reinterpretation, and says so",
        )
