"""The recommendation that comes of a run: what to change, what is foreseen of it, what else was weighed."""

from pollux.clock import DAY, SECOND
from pollux.show.documents.common import Line, Note
from pollux.show.documents.whatif import Card, Fork
from pollux.site.presenting import Lab
from pollux.site.rooms.runs import KEYS, RunRecord


def card_id(fork: str) -> str:
    """The name of the card that comes of a fork.

    >>> card_id("F-12")
    'R-12'
    """
    return f"R-{fork.removeprefix('F-')}"


def running_card(record: RunRecord) -> Card:
    """The card of a run that has not ended yet."""
    return Card(
        id=card_id(record.id),
        state="running",
        option=None,
        fork=record.id,
        rank="Being weighed",
        title=f"{len(record.choices)} options",
        text="",
        made=record.made / SECOND,
        expires=None,
    )


def card_of(record: RunRecord, document: Fork, lab: Lab) -> tuple[Card | None, int | None]:
    """The card of a run that has ended, and the number of the choice that it recommends; none of a run that failed."""
    if record.state != "done" or record.futures is None:
        return None, None
    first = record.ranking[0] if record.ranking else None
    card = Card(
        id=card_id(record.id),
        state="open",
        option=KEYS[first] if first is not None and record.choices[first].values else None,
        fork=record.id,
        rank="Ranked first under these assumptions" if first is not None else "Nothing is recommended",
        title="Nothing may be recommended" if first is None else record.choices[first].label,
        text="" if first is None else record.choices[first].detail,
        made=record.made / SECOND,
        expires=(record.made + DAY) / SECOND,
        lines=_lines(document, first),
        notes=_notes(record, lab.assumptions, lab.not_modelled, lab.sources),
    )
    return card, first


def _lines(document: Fork, first: int | None) -> tuple[Line, ...]:
    """The compared figures of the recommended option, risks beside those of going on as it is."""
    if first is None or document.table is None:
        return ()
    lines: list[Line] = []
    for group in document.table.groups:
        for row in group.rows if group.title != "Gate" else ():
            cell, keep = row.cells[KEYS[first]], row.cells["0"]
            before = keep.value if group.title == "Risk" and first else None
            lines.append(
                Line(
                    label=row.label,
                    value=cell.value,
                    from_=before,
                    unit=row.unit,
                    lo=cell.lo,
                    hi=cell.hi,
                    signed=row.signed,
                    step=row.step,
                    text=cell.text,
                    detail=cell.detail,
                )
            )
    return tuple(lines)


def _notes(record: RunRecord, assumptions: str, not_modelled: str, sources: str) -> tuple[Note, ...]:
    closed = [
        f"{choice.label}: {gate.reason or unranked}"
        for choice, gate, unranked in zip(record.choices, record.gates, record.unranked, strict=True)
        if not gate.open or unranked
    ]
    weighed = f"{len(record.choices) - 1} options" + (f"; not recommended: {'; '.join(closed)}" if closed else "")
    told = (
        ("Assumptions", assumptions),
        ("Also weighed", weighed),
        ("Not modelled", not_modelled),
        ("Sources", sources),
    )
    return tuple(Note(title=title, text=text) for title, text in told if text)
