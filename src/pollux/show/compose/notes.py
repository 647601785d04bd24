"""What frames lack: the words beside values, and values that are no numbers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import final

from pollux.show.compose.state import value
from pollux.show.documents.twins import Flag, Value
from pollux.show.facts import Remark, Table
from pollux.show.live.messages import TextValue, ValueNotes


@final
@dataclass(frozen=True, slots=True)
class Detail:
    """Notes and texts of one twin, by field, after a position of the log."""

    seq: int
    notes: Mapping[str, ValueNotes]
    texts: Mapping[str, TextValue]


def detail(table: Table, remarks: Mapping[str, Remark], flags: Mapping[str, Flag]) -> Detail:
    """The notes and texts of the first twin of a table."""
    notes: dict[str, ValueNotes] = {}
    texts: dict[str, TextValue] = {}
    for place, field in enumerate(table.type.fields):
        full = value(table, place, 0, remarks, flags)
        notes[field.name] = _notes(full)
        if not field.plain:
            texts[field.name] = TextValue(value=full.value, t=full.t, quality=full.quality)
    return Detail(table.seq, notes, texts)


def news_of(
    current: Detail, sent: Mapping[str, object], names: Collection[str]
) -> tuple[dict[str, ValueNotes], dict[str, TextValue]]:
    """The notes and texts of these fields that differ from what was sent: `sent` has them by name and by `=name`."""
    notes = {name: said for name, said in current.notes.items() if name in names and sent.get(name) != said}
    texts = {name: said for name, said in current.texts.items() if name in names and sent.get(f"={name}") != said}
    return notes, texts


def _notes(full: Value) -> ValueNotes:
    return ValueNotes(
        reason=full.reason,
        word=full.word,
        remark=full.remark,
        aside=full.aside,
        flag=full.flag,
        due=full.due,
        stale_after=full.stale_after,
        unit=full.unit,
        role=full.role,
        step=full.step,
    )
