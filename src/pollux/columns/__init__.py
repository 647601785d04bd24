"""The numbers: blocks, layout, frames, batches, snapshots, forks, views. The only data structures that all share."""

from pollux.columns.batch import NO_SEQUENCE, WHOLE, Batch, Decoded, Life, Messages, Place, Refusal, Texts
from pollux.columns.block import VACANT, Block
from pollux.columns.column import Column
from pollux.columns.frames import Encoding, Frames, Message, Origin
from pollux.columns.judge import DEPTH, AbstractJudge, Recent
from pollux.columns.layout import EventSlots, Layout, SettledSlots, WindowSlots, layout_of
from pollux.columns.links import Links
from pollux.columns.memory import NEVER
from pollux.columns.pool import BufferPool
from pollux.columns.quality import Quality, Reason
from pollux.columns.slices import RowSlice
from pollux.columns.snapshot import freeze, restore
from pollux.columns.view import LiveReader, fact, live_view
from pollux.columns.words import Words

__all__ = [
    "DEPTH",
    "NEVER",
    "NO_SEQUENCE",
    "VACANT",
    "WHOLE",
    "AbstractJudge",
    "Batch",
    "Block",
    "BufferPool",
    "Column",
    "Decoded",
    "Encoding",
    "EventSlots",
    "Frames",
    "Layout",
    "Life",
    "Links",
    "LiveReader",
    "Message",
    "Messages",
    "Origin",
    "Place",
    "Quality",
    "Reason",
    "Recent",
    "Refusal",
    "RowSlice",
    "SettledSlots",
    "Texts",
    "WindowSlots",
    "Words",
    "fact",
    "freeze",
    "layout_of",
    "live_view",
    "restore",
]
