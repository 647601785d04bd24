"""What the mappings of one type say together, by the signals of its schema."""

from collections.abc import Sequence

from pollux.check.doubts import AbstractDoubt
from pollux.check.mapping import TopicMapping
from pollux.columns.block import Block
from pollux.model.units import Unit, unit


def doubts_of(mappings: Sequence[TopicMapping], block: Block) -> dict[int, list[AbstractDoubt]]:
    """The rules by which values of each signal are not believed, from all mappings of a type."""
    doubts: dict[int, list[AbstractDoubt]] = {}
    for mapping in mappings:
        for name, some in mapping.doubts.items():
            doubts.setdefault(block.schema.index[name], []).extend(some)
    return doubts


def wire_units(mappings: Sequence[TopicMapping], block: Block) -> dict[int, Unit]:
    """The units in which signals are told, where a mapping says another than the declared one."""
    told: dict[int, Unit] = {}
    for mapping in mappings:
        told |= {block.schema.index[name]: unit(text) for name, text in mapping.units.items()}
    return told
